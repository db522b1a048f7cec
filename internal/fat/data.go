package fat

import "github.com/panoscrub/panoscrub/internal/block"

// maxPieces bounds the extents of one entry, and with them its memory.
const maxPieces = 1 << 16

// run gathers clusters into the extents of an entry, in file order.
type run struct {
	f       *FS
	left    int64 // bytes still wanted
	extents []block.Extent
}

// add appends cluster c; false when no more fits.
func (r *run) add(c uint32) bool {
	e, ok := r.f.ClusterExtent(c)
	if !ok {
		return false
	}
	e.Length = min(e.Length, r.left)
	r.left -= e.Length
	if n := len(r.extents); n > 0 && r.extents[n-1].End() == e.Offset {
		r.extents[n-1].Length += e.Length
		return true
	}
	if len(r.extents) == maxPieces {
		r.f.warn("a file has more than %d fragments; the rest of it is not followed", maxPieces)
		return false
	}
	r.extents = append(r.extents, e)
	return true
}

// chain follows the table from cluster first until size bytes are covered.
// whole is false when the chain ends, or leads astray, before that.
func (w *walker) chain(first uint32, size int64) (extents []block.Extent, whole bool) {
	r := run{f: w.f, left: size}
	loop := loopFinder{}
	for c := first; r.left > 0; {
		if loop.passes(c) {
			w.f.warn("the chain of a file loops through cluster %d", c)
			return r.extents, false
		}
		if !w.step() || !r.add(c) {
			return r.extents, false
		}
		link := w.f.table.next(c)
		if link.kind != linkNext {
			break
		}
		c = link.next
	}
	return r.extents, r.left == 0
}

// loopFinder tells when a chain comes back to where it was, after at most three
// times the clusters in it, by Brent's method: it keeps one cluster in mind, and
// takes another after each power of two.
type loopFinder struct {
	kept         uint32
	count, until int
}

func (l *loopFinder) passes(c uint32) bool {
	if l.count > 0 && c == l.kept {
		return true
	}
	if l.count++; l.count > l.until {
		l.kept, l.until = c, 2*l.count
	}
	return false
}

// guess covers size bytes with the clusters from first on that are free now,
// stepping over those that are not: a file written in one go took what was free
// then. whole is false when the volume ends before that.
func (w *walker) guess(first uint32, size int64) (extents []block.Extent, whole bool) {
	r := run{f: w.f, left: size}
	for c := first; r.left > 0; c++ {
		if !w.step() || !w.f.valid(c) {
			break
		}
		if w.f.ClusterFree(c) && !r.add(c) {
			break
		}
	}
	return r.extents, r.left == 0
}
