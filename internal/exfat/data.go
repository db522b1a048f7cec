package exfat

import (
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// locate fills in where the content of e lies, which s tells of.
func (w *walker) locate(e *fsys.Entry, s *slot) {
	whole := false
	switch {
	case e.Deleted:
		w.locateDeleted(e, s)
		return
	case e.Dir:
		e.Data = w.liveDirectory(s.cluster(), s.length(), s.contiguous())
		return
	case s.contiguous():
		e.Data, whole = w.run(s.cluster(), e.Size)
	default:
		e.Data, whole = w.chain(s.cluster(), e.Size)
	}
	e.Incomplete = !whole
	if !whole {
		w.f.notes.Add("a file is larger than the clusters that can be told of it")
	}
	if e.Size > 0 && w.use(s.cluster()) == useFree {
		w.f.notes.Add("the allocation bitmap has clusters of files in use as free")
	}
}

// run covers size bytes with the clusters from first on, all in one piece. whole
// is false where they do not all exist.
func (w *walker) run(first uint32, size int64) (extents []block.Extent, whole bool) {
	if size == 0 {
		return nil, true
	}
	e, ok := w.f.clusterExtent(first)
	if !ok {
		return nil, false
	}
	last, _ := w.f.clusterExtent(w.f.clusters + 1)
	e.Length = min(size, last.End()-e.Offset)
	return []block.Extent{e}, e.Length == size
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
		if !w.Step() || !w.addCluster(&p, c) {
			return p.Extents, false
		}
		kind, next := w.link(c)
		if kind != linkNext {
			break
		}
		c = next
	}
	return p.Extents, p.Left == 0
}

// addCluster appends cluster c to the pieces of an entry; false when it does not
// exist, or no more fits.
func (w *walker) addCluster(p *fsys.Pieces, c uint32) bool {
	e, ok := w.f.clusterExtent(c)
	ok = ok && p.Add(e)
	if p.Full {
		w.f.notes.Add("a file has more fragments than are followed; the rest of it is left out")
	}
	return ok
}

// liveDirectory covers a directory in use: a chain to its end, whatever its size
// is said to be, or size bytes in one piece. A cluster that was read as part of a
// directory before ends it, so that no loop is walked.
func (w *walker) liveDirectory(first uint32, size int64, contiguous bool) []block.Extent {
	if first == 0 && size == 0 {
		return nil
	}
	p := fsys.Pieces{Left: maxDirectory}
	if contiguous {
		p.Left = w.wholeClusters(size)
	}
	for c := first; p.Left > 0 && w.addToDirectory(&p, c); {
		if contiguous {
			c++
			continue
		}
		kind, next := w.link(c)
		switch kind {
		case linkNext:
			c = next
		case linkEnd:
			return p.Extents
		default:
			w.f.notes.Add("the chain of a directory breaks off at cluster %d", c)
			return p.Extents
		}
	}
	if p.Left == 0 && (!contiguous || size > maxDirectory) {
		w.f.notes.Add("a directory is larger than the format allows; the rest of it is left out")
	}
	return p.Extents
}

// addToDirectory appends cluster c to the pieces of a directory, and says why it
// does not.
func (w *walker) addToDirectory(p *fsys.Pieces, c uint32) bool {
	switch {
	case !w.Step():
	case !w.f.valid(c):
		w.f.notes.Add("a directory leaves the volume at cluster %d", c)
	case len(w.seen) > maxSeenParts || len(p.Extents) > maxDirectoryPieces:
		w.f.notes.Add("the directories are scattered over more places than are followed; some are left out")
	case !w.seen.Add(c):
		w.f.notes.Add("directories share cluster %d, or loop through it", c)
	default:
		return w.addCluster(p, c)
	}
	return false
}

// wholeClusters is what a directory of size bytes takes, a cluster at least.
func (w *walker) wholeClusters(size int64) int64 {
	unit := w.f.boot.clusterBytes
	return (min(max(size, 1), maxDirectory) + unit - 1) / unit * unit
}
