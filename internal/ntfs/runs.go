package ntfs

import (
	"cmp"
	"math"
	"slices"
)

// maxRuns bounds the memory that one stream takes.
const maxRuns = 1 << 16

// Places of a run that are no cluster of the volume.
const (
	hole = -1 // nothing is stored, and zeros are read
	gone = -2 // it cannot be told, or belongs to someone else now
)

// run is a piece of a stream: count clusters from lcn on, hole or gone hold what
// the stream has from its virtual cluster vcn on.
type run struct{ vcn, lcn, count int64 }

func (r run) end() int64 { return r.vcn + r.count }

// stream puts the parts of one attribute together. Where one is missing, the
// stream has a run that is gone.
func (f *FS) stream(parts []attr) stream {
	slices.SortStableFunc(parts, func(a, b attr) int { return cmp.Compare(a.lowest, b.lowest) })
	first := parts[0]
	s := stream{size: first.size, initialized: first.initialized, flags: first.flags, unit: first.unit}
	for _, part := range parts {
		if !f.addPart(&s, part) {
			f.notes.Add("the clusters of a file lead astray; the rest of it is left out")
			break
		}
	}
	if first.lowest > 0 { // the part that tells the size is missing
		s.size = s.end() * f.boot.clusterBytes
		s.initialized = s.size
	}
	return s
}

// addPart appends the runs of one part.
func (f *FS) addPart(s *stream, part attr) bool {
	missing := part.lowest - s.end()
	if missing < 0 || part.lowest > f.maxClusters() {
		return false
	}
	if missing > 0 && !f.addRun(s, run{s.end(), gone, missing}) {
		return false
	}
	return f.addRuns(s, part.runs)
}

// maxClusters is how many clusters a stream may have for its bytes to be counted.
func (f *FS) maxClusters() int64 { return math.MaxInt64 / f.boot.clusterBytes }

// addRuns appends the runs of a run list; false when it leads astray.
func (f *FS) addRuns(s *stream, list []byte) bool {
	lcn := int64(0)
	for len(list) > 0 && list[0] != 0 {
		counts, places := int(list[0]&15), int(list[0]>>4)
		if counts > 8 || places > 8 || 1+counts+places > len(list) {
			return false
		}
		r := run{vcn: s.end(), lcn: hole, count: signed(list[1 : 1+counts])}
		if r.count <= 0 || r.count > f.maxClusters()-r.vcn {
			return false
		}
		if places > 0 {
			// A sum beyond what we can count is negative.
			if lcn += signed(list[1+counts : 1+counts+places]); lcn < 0 || lcn > f.clusters-r.count {
				return false
			}
			r.lcn = lcn
		}
		if !f.addRun(s, r) {
			return false
		}
		list = list[1+counts+places:]
	}
	return true
}

// addRun appends one run, within the limit.
func (f *FS) addRun(s *stream, r run) bool {
	if len(s.runs) >= maxRuns {
		f.notes.Add("a file has more fragments than are followed; the rest of it is left out")
		return false
	}
	s.runs = append(s.runs, r)
	return true
}

// signed is a little-endian number of up to 8 bytes.
func signed(b []byte) (n int64) {
	for i, v := range b {
		n |= int64(v) << (8 * i)
	}
	if shift := 64 - 8*len(b); shift < 64 {
		n = n << shift >> shift
	}
	return n
}
