package block

import "slices"

// Extent is a run of bytes on a drive.
type Extent struct {
	Offset int64 `json:"offsetBytes"`
	Length int64 `json:"lengthBytes"`
}

// End is the offset of the first byte behind the extent.
func (e Extent) End() int64 { return e.Offset + e.Length }

// Extents is a set of bytes as sorted, disjoint extents that do not touch.
// The zero value is the empty set.
type Extents []Extent

// Add puts e into the set, merging it with what it overlaps or touches.
// Adding in ascending order costs constant time.
func (s *Extents) Add(e Extent) {
	if e.Length <= 0 {
		return
	}
	set := *s
	if n := len(set); n == 0 || set[n-1].End() < e.Offset {
		*s = append(set, e)
		return
	}
	first, _ := slices.BinarySearchFunc(set, e.Offset, func(x Extent, off int64) int {
		if x.End() < off {
			return -1
		}
		return 1
	})
	last := first
	for last < len(set) && set[last].Offset <= e.End() {
		start := min(set[last].Offset, e.Offset)
		e = Extent{Offset: start, Length: max(set[last].End(), e.End()) - start}
		last++
	}
	*s = slices.Replace(set, first, last, e)
}

// Bytes is the number of bytes in the set.
func (s Extents) Bytes() (n int64) {
	for _, e := range s {
		n += e.Length
	}
	return n
}

// Contains reports whether the byte at off is in the set.
func (s Extents) Contains(off int64) bool {
	i, _ := slices.BinarySearchFunc(s, off, func(x Extent, off int64) int {
		if x.End() <= off {
			return -1
		}
		return 1
	})
	return i < len(s) && s[i].Offset <= off
}

// Clip returns the parts of the set that lie in e.
func (s Extents) Clip(e Extent) (parts Extents) {
	first, _ := slices.BinarySearchFunc(s, e.Offset, func(x Extent, off int64) int {
		if x.End() <= off {
			return -1
		}
		return 1
	})
	for _, x := range s[first:] {
		start, end := max(x.Offset, e.Offset), min(x.End(), e.End())
		if start >= end {
			break
		}
		parts = append(parts, Extent{Offset: start, Length: end - start})
	}
	return parts
}
