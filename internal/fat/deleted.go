package fat

import (
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// deletedDirectory guesses where the slots of a deleted directory below parent
// lie. The first cluster is free, and must still begin with the directory's own
// "." and ".."; the free clusters behind it belong to it while they look like
// slots and the directory has not ended.
func (w *walker) deletedDirectory(first, parent uint32) []block.Extent {
	if !w.f.ClusterFree(first) || !w.opensDirectory(first, parent) {
		return nil
	}
	p := fsys.Pieces{Left: maxDirectory}
	for c := first; p.Left > 0 && w.Step() && w.f.ClusterFree(c); c++ {
		ended, plausible := w.slotsIn(c, c == first)
		if !plausible || !w.seen.Add(c) || !w.f.addCluster(&p, c) || ended {
			break
		}
	}
	return p.Extents
}

// opensDirectory reports whether cluster c begins with "." for itself and ".."
// for parent, whose number is 0 for the root.
func (w *walker) opensDirectory(c, parent uint32) bool {
	e, ok := w.f.ClusterExtent(c)
	if !ok || e.Length < fsys.Unit {
		return false
	}
	var buf [fsys.Unit]byte
	if len(w.f.src.Read(buf[:], e.Offset)) > 0 {
		return false
	}
	dot, dotDot := slot(buf[:slotBytes]), slot(buf[slotBytes:2*slotBytes])
	is32 := w.f.Boot.Type == FAT32
	up := dotDot.cluster(is32)
	return dot.dot() && dotDot.dotDot() && dot.cluster(is32) == c &&
		(up == parent || is32 && parent == 0 && up == w.f.Boot.RootCluster)
}

// slotsIn judges whether cluster c holds slots, and whether the directory ends
// in it. Only the first of a directory begins with "." and "..".
func (w *walker) slotsIn(c uint32, first bool) (ended, plausible bool) {
	e, _ := w.f.ClusterExtent(c)
	buf := make([]byte, chunkBytes)
	for at := e.Offset; at < e.End(); at += chunkBytes {
		buf = buf[:min(chunkBytes, e.End()-at)]
		w.f.src.Read(buf, at)
		for i := 0; i+slotBytes <= len(buf); i += slotBytes {
			s := slot(buf[i:])
			switch {
			case s[0] == slotEnd:
				return true, plausible
			case first && at == e.Offset && i < 2*slotBytes:
			case !s.plausible():
				return true, false
			}
			plausible = true
		}
	}
	return false, plausible
}
