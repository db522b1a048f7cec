package ntfs

import (
	"cmp"
	"slices"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// stream is the value of one attribute that is not resident.
type stream struct {
	runs        []run // from 0 on, without gaps
	size        int64
	initialized int64
	flags       uint16
	unit        byte
}

// end is the virtual cluster behind the last run.
func (s *stream) end() int64 {
	if len(s.runs) == 0 {
		return 0
	}
	return s.runs[len(s.runs)-1].end()
}

// written is how many bytes of the stream may be other than zero.
func (s *stream) written() int64 { return min(s.size, s.initialized) }

func (s *stream) encrypted() bool { return s.flags&attrEncrypted != 0 }

// extents is where the first n bytes of the stream lie, without holes; whole is
// false when some of them lie nowhere.
func (f *FS) extents(s *stream, n int64) (list []block.Extent, whole bool) {
	p := fsys.Pieces{Left: n}
	whole = true
	for _, r := range s.runs {
		length := min(p.Left, r.count*f.boot.clusterBytes)
		switch {
		case length == 0:
			return p.Extents, whole
		case r.lcn < 0:
			p.Left -= length
			whole = whole && r.lcn == hole
		case !p.Add(block.Extent{Offset: f.offset(r.lcn), Length: length}):
			f.notes.Add("a file has more fragments than are followed; the rest of it is left out")
			return p.Extents, false
		}
	}
	return p.Extents, whole && p.Left == 0
}

// offset is where a cluster begins on the drive.
func (f *FS) offset(lcn int64) int64 { return f.start + lcn*f.boot.clusterBytes }

// find returns the run that a virtual cluster lies in.
func (s *stream) find(vcn int64) (run, bool) {
	i, _ := slices.BinarySearchFunc(s.runs, vcn+1, func(r run, end int64) int { return cmp.Compare(r.end(), end) })
	if i == len(s.runs) {
		return run{}, false
	}
	return s.runs[i], true
}

// place is where byte at of the stream lies on the drive, with as many bytes as
// follow there. When it lies nowhere it is false, with as many bytes as lie
// nowhere, or 0 at the end.
func (f *FS) place(s *stream, at int64) (block.Extent, bool) {
	vcn, within := at/f.boot.clusterBytes, at%f.boot.clusterBytes
	r, ok := s.find(vcn)
	if !ok {
		return block.Extent{}, false
	}
	e := block.Extent{Length: (r.end()-vcn)*f.boot.clusterBytes - within}
	if r.lcn < 0 {
		return e, false
	}
	e.Offset = f.offset(r.lcn+vcn-r.vcn) + within
	return e, true
}

// pieces is where the bytes [at, at+n) of the stream lie.
func (f *FS) pieces(s *stream, at, n int64) []block.Extent {
	p := fsys.Pieces{Left: n}
	for p.Left > 0 {
		e, ok := f.place(s, at)
		if !ok || !p.Add(e) {
			break
		}
		at += e.Length
	}
	return p.Extents
}
