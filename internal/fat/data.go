package fat

import (
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// addCluster appends cluster c to the pieces of an entry; false when it does not
// exist, or no more fits.
func (f *FS) addCluster(p *fsys.Pieces, c uint32) bool {
	e, ok := f.ClusterExtent(c)
	ok = ok && p.Add(e)
	if p.Full {
		f.notes.Add("a file has more fragments than are followed; the rest of it is left out")
	}
	return ok
}

// chain follows the table from cluster first until size bytes are covered.
// whole is false when the chain ends, or leads astray, before that.
func (w *walker) chain(first uint32, size int64) (extents []block.Extent, whole bool) {
	p := fsys.Pieces{Left: size}
	loop := fsys.LoopFinder{}
	for c := first; p.Left > 0; {
		if loop.Passes(c) {
			w.f.notes.Add("the chain of a file loops through cluster %d", c)
			return p.Extents, false
		}
		if !w.Step() || !w.f.addCluster(&p, c) {
			return p.Extents, false
		}
		link := w.f.table.next(c)
		if link.kind != linkNext {
			break
		}
		c = link.next
	}
	return p.Extents, p.Left == 0
}

// guess covers size bytes with the clusters from first on that are free now,
// stepping over those that are not: a file written in one go took what was free
// then. whole is false when the volume ends before that.
func (w *walker) guess(first uint32, size int64) (extents []block.Extent, whole bool) {
	p := fsys.Pieces{Left: size}
	for c := first; p.Left > 0; c++ {
		if !w.Step() || !w.f.valid(c) {
			break
		}
		if w.f.ClusterFree(c) && !w.f.addCluster(&p, c) {
			break
		}
	}
	return p.Extents, p.Left == 0
}
