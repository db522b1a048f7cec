package exfat

import (
	"slices"
	"unicode/utf16"

	"github.com/panoscrub/panoscrub/internal/block"
)

// set is the slots that make one entry: a head, the stream extension, the pieces
// of the name, and what vendors add. A deleted one may have lost its first slots
// to another entry, or its last. It grows to 256 slots at most.
type set struct {
	slots []placed
	wants int // secondary slots that are still to come
}

type placed struct {
	slot
	at int64 // offset on the drive
}

// start begins a set with slot s, which stands at offset at.
func (g *set) start(s slot, at int64) {
	g.slots = append(g.slots[:0], placed{s, at})
	switch {
	case s.kind() == kindFile || s.unknown():
		g.wants = s.secondaries()
	case s.kind() == kindStream:
		g.wants = (s.nameLength() + nameUnits - 1) / nameUnits
	case s.kind() == kindName:
		g.wants = maxName/nameUnits - 1
	default:
		g.wants = 0
	}
}

// takes reports whether s, the next slot, belongs to the set.
func (g *set) takes(s *slot) bool {
	if len(g.slots) == 0 || g.wants == 0 || !s.secondary() || s.used() != g.slots[0].used() {
		return false
	}
	headed := !g.slots[0].secondary()
	switch {
	case s.kind() == kindStream:
		return headed && len(g.slots) == 1
	case headed:
		return true
	}
	return s.kind() == kindName && !g.slots[len(g.slots)-1].endsName()
}

func (g *set) add(s slot, at int64) {
	g.slots = append(g.slots, placed{s, at})
	g.wants--
}

// first returns the set's first slot of a kind, or nil.
func (g *set) first(kind byte) *slot {
	for i := range g.slots {
		if g.slots[i].kind() == kind {
			return &g.slots[i].slot
		}
	}
	return nil
}

// name joins the pieces. whole is false when there is less than the stream
// extension says.
func (g *set) name() (name string, whole bool) {
	var units []uint16
	for i := range g.slots {
		if g.slots[i].kind() == kindName {
			units = g.slots[i].units(units)
		}
	}
	if stream := g.first(kindStream); stream != nil && stream.nameLength() > 0 {
		whole = stream.nameLength() <= len(units)
		units = units[:min(stream.nameLength(), len(units))]
	}
	if !whole {
		if end := slices.Index(units, 0); end >= 0 {
			units = units[:end]
		}
	}
	return string(utf16.Decode(units)), whole
}

// sound reports whether the set is complete and its checksum right.
func (g *set) sound() bool {
	if g.wants > 0 || g.slots[0].kind() != kindFile {
		return false
	}
	var sum uint16
	for n := range g.slots {
		for i, c := range g.slots[n].slot {
			if n == 0 && (i == 2 || i == 3) { // the checksum itself
				continue
			}
			sum = sum<<15 | sum>>1
			sum += uint16(c)
		}
	}
	return sum == g.slots[0].checksum()
}

// record is where the set stands, as far as it does so in one piece.
func (g *set) record() block.Extent {
	e := block.Extent{Offset: g.slots[0].at}
	for _, s := range g.slots {
		if s.at != e.End() {
			break
		}
		e.Length += slotBytes
	}
	return e
}
