package fat

// clusterSet is a set of clusters as a bitmap whose parts exist where something
// is in them.
type clusterSet map[uint32]*[setPart / 64]uint64

// setPart is how many clusters a part of the bitmap covers: 1 KiB of memory.
const setPart = 8192

// add puts c into the set; false when it was there.
func (s clusterSet) add(c uint32) bool {
	part := s[c/setPart]
	if part == nil {
		part = new([setPart / 64]uint64)
		s[c/setPart] = part
	}
	word, bit := &part[c%setPart/64], uint64(1)<<(c%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}
