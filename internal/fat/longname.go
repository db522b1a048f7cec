package fat

import (
	"slices"
	"unicode"
)

// longRun collects the long-name slots that precede an entry, in the order in
// which they stand: the end of the name first. Its methods look for a name at
// the end of the run, and return it with the number of slots that it takes.
type longRun []longSlot

type longSlot struct {
	slot
	at int64 // offset on the drive
}

// add appends one more slot, and forgets the first when there are more than any
// name has.
func (r *longRun) add(s longSlot) {
	if len(*r) == maxLongSlots {
		*r = append((*r)[:0], (*r)[1:]...)
	}
	*r = append(*r, s)
}

// live returns the long name of the entry in use whose short name is short.
// Without exactly the slots that belong to it there is none.
func (r longRun) live(short []byte) (name string, taken int) {
	sum := checksum(short)
	units := make([]uint16, 0, maxLongUnits)
	for n := 1; n <= len(r); n++ {
		s := &r[len(r)-n].slot
		if s[0]&^longLast != byte(n) || s[13] != sum {
			break
		}
		units, _ = s.appendUnits(units)
		if s[0]&longLast != 0 {
			return longText(units), n
		}
	}
	return "", 0
}

// joined returns the name in the slots at the end of the run that belong
// together: those with one checksum, back to the one in which the name ends.
// Deleting overwrites the numbers of slots, so that only this is left to go by.
func (r longRun) joined() (name string, taken int) {
	units := make([]uint16, 0, maxLongUnits)
	for taken < len(r) {
		s := &r[len(r)-1-taken].slot
		if s[13] != r[len(r)-1].slot[13] || s[0] != slotDeleted && s[0]&^longLast != byte(taken+1) {
			break
		}
		taken++
		var ended bool
		units, ended = s.appendUnits(units)
		if ended || s[0] != slotDeleted && s[0]&longLast != 0 {
			break
		}
	}
	return longText(units), taken
}

// deleted returns the long name of the deleted entry whose short name is short
// but for its lost first byte, and that byte. The checksum tells which byte it
// must have been; the slots are believed to belong to the entry only if that
// byte fits the long name.
func (r longRun) deleted(short []byte) (name string, first byte, taken int) {
	name, taken = r.joined()
	if taken == 0 {
		return "", 0, 0
	}
	first = firstByte(short, r[len(r)-1].slot[13])
	if !fits(first, name) {
		return "", 0, 0
	}
	return name, first, taken
}

// firstByte returns the one first byte with which short has the checksum sum: each
// step of it can be taken back.
func firstByte(short []byte, sum byte) byte {
	for _, c := range slices.Backward(short[1:11]) {
		sum -= c
		sum = sum<<1 | sum>>7
	}
	return sum
}

// fits reports whether a short name for name may begin with the byte first:
// with the first character of it, in upper case, or with what stands for one
// that short names cannot have. What writers make of a character that is not
// ASCII depends on their code page.
func fits(first byte, name string) bool {
	for _, r := range name {
		switch {
		case r == '.' || r == ' ':
			continue
		case r > unicode.MaxASCII:
			return first == slotKanji || first != ' ' && legalShort(first)
		case rune(first) == unicode.ToUpper(r) || rune(first) == r:
			return legalShort(first)
		}
		return first == '_' && !legalShort(byte(r))
	}
	return false
}

// name returns the name of the entry in s with the number of slots of the run
// that it takes, and completes in s the short name of a deleted one.
func (r longRun) name(s *slot) (name string, taken int) {
	if s[0] != slotDeleted {
		name, taken = r.live(s[:])
	} else {
		s[0] = '_'
		var first byte
		if name, first, taken = r.deleted(s[:]); taken > 0 {
			s[0] = first
		}
	}
	if taken == 0 {
		name = s.shortName()
	}
	return name, taken
}

// take cuts so many slots off the end of the run.
func (r *longRun) take(n int) longRun {
	rest := len(*r) - n
	slots := (*r)[rest:]
	*r = (*r)[:rest]
	return slots
}

// takeJoined cuts off the slots that belong together at the end of the run, one
// at least, and returns the name in them.
func (r *longRun) takeJoined() (name string, slots longRun) {
	name, taken := r.joined()
	return name, r.take(max(taken, 1))
}

// printable reports whether a name that stands alone, without an entry, can
// have been one.
func printable(name string) bool {
	for _, r := range name {
		if r < 0x20 || r == unicode.ReplacementChar || r == 0xFFFF {
			return false
		}
	}
	return name != ""
}
