package fsys

// Set is a set of numbers (of clusters, records, inodes) as a bitmap whose parts
// exist where something is in them.
type Set map[uint32]*[setPart / 64]uint64

// setPart is how many numbers a part of the bitmap covers: 1 KiB of memory.
const setPart = 8192

// Add puts n into the set; false when it was there.
func (s Set) Add(n uint32) bool {
	part := s[n/setPart]
	if part == nil {
		part = new([setPart / 64]uint64)
		s[n/setPart] = part
	}
	word, bit := &part[n%setPart/64], uint64(1)<<(n%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}

// Has reports whether n is in the set.
func (s Set) Has(n uint32) bool {
	part := s[n/setPart]
	return part != nil && part[n%setPart/64]&(1<<(n%64)) != 0
}
