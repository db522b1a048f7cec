package exfat

import (
	"math"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// locateDeleted fills in what can be told of where the content of a deleted
// entry lay, which s tells of. Deleting frees clusters in the bitmap, and leaves
// the chain in the table.
func (w *walker) locateDeleted(e *fsys.Entry, s *slot) {
	first, whole := s.cluster(), false
	if !e.Dir && e.Size == 0 {
		return
	}
	switch w.use(first) {
	case useTaken:
		was, _ := w.f.clusterExtent(first)
		e.Reused, e.Was = true, was.Offset
	case useUnknown:
	case useFree:
		switch {
		case e.Dir:
			e.Data, whole = w.deletedDirectory(first, s.length(), s.contiguous()), true
		case s.contiguous():
			e.Data, whole = w.freeRun(first, e.Size)
		default:
			e.Data, whole = w.freeChain(first, e.Size)
		}
	}
	e.Incomplete = !whole
}

// freeRun covers those of the size bytes from cluster first on that are free now.
func (w *walker) freeRun(first uint32, size int64) (extents []block.Extent, whole bool) {
	p := fsys.Pieces{Left: size}
	whole = true
	for c := first; p.Left > 0; c++ {
		switch {
		case !w.Step() || !w.f.valid(c):
			return p.Extents, false
		case w.use(c) != useFree:
			whole = false
			p.Left -= min(p.Left, w.f.boot.clusterBytes)
		case !w.addCluster(&p, c):
			return p.Extents, false
		}
	}
	return p.Extents, whole
}

// freeChain covers size bytes with the chain from cluster first on, as far as it
// leads through free clusters. Where it is broken the free clusters that follow
// are taken, for a file written in one go took what was free then.
func (w *walker) freeChain(first uint32, size int64) (extents []block.Extent, whole bool) {
	p := fsys.Pieces{Left: size}
	loop := fsys.LoopFinder{}
	c := first
	for p.Left > 0 {
		if loop.Passes(c) || !w.Step() || !w.addCluster(&p, c) {
			return p.Extents, false
		}
		kind, next := w.link(c)
		if kind == linkEnd {
			return p.Extents, p.Left == 0
		}
		if kind != linkNext || w.use(next) != useFree {
			w.freeBehind(&p, c)
			break
		}
		c = next
	}
	return p.Extents, p.Left == 0
}

// freeBehind adds the free clusters behind c, up to those that p has already.
func (w *walker) freeBehind(p *fsys.Pieces, c uint32) {
	last, _ := w.f.clusterExtent(c)
	limit := int64(math.MaxInt64)
	for _, e := range p.Extents {
		if e.Offset > last.Offset {
			limit = min(limit, e.Offset)
		}
	}
	for c++; p.Left > 0 && w.Step() && w.f.valid(c); c++ {
		e, _ := w.f.clusterExtent(c)
		if e.Offset >= limit || w.use(c) == useFree && !w.addCluster(p, c) {
			return
		}
	}
}

// deletedDirectory guesses where the slots of a deleted directory lie: in the
// clusters that were its own while they are free, and begin with slots.
func (w *walker) deletedDirectory(first uint32, size int64, contiguous bool) []block.Extent {
	if !w.holdsEntries(first) {
		return nil
	}
	p := fsys.Pieces{Left: w.wholeClusters(size)}
	for c := first; p.Left > 0 && w.use(c) == useFree && !w.seen.Has(c); {
		if c != first && !w.beginsWithSlot(c) || !w.addToDirectory(&p, c) {
			break
		}
		if contiguous {
			c++
			continue
		}
		switch kind, next := w.link(c); kind {
		case linkNext:
			c = next
		case linkEnd:
			return p.Extents
		default:
			c++
		}
	}
	return p.Extents
}

// holdsEntries reports whether cluster c begins as a directory does: with a head
// and a stream extension. Nothing but the root begins with anything else.
func (w *walker) holdsEntries(c uint32) bool {
	head, stream := w.firstSlots(c)
	return head.kind() == kindFile && head.plausible() && stream.kind() == kindStream && stream.plausible()
}

func (w *walker) beginsWithSlot(c uint32) bool {
	s, _ := w.firstSlots(c)
	return s.plausible()
}

// firstSlots reads the first two slots of cluster c; zeros where it cannot.
func (w *walker) firstSlots(c uint32) (a, b slot) {
	var buf [fsys.Unit]byte
	e, ok := w.f.clusterExtent(c)
	if !ok || e.Length < fsys.Unit || len(w.f.src.Read(buf[:], e.Offset)) > 0 {
		return a, b
	}
	return slot(buf[:slotBytes]), slot(buf[slotBytes : 2*slotBytes])
}
