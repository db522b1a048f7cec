package ext

const (
	maxLogical = 1 << 32 // blocks that a file has at most
	maxTree    = 5       // levels of a tree of extents below its root
	treeMagic  = 0xF30A
	perEntry   = 12 // bytes of an entry of such a tree, and of its header
)

// run is blocks of a file that follow each other.
type run struct {
	logical, block, count uint64
}

// mapper follows an inode's pointers to the blocks of its content.
type mapper struct {
	w *walker
	// deleted says that the inode is free, so that a block which is not is
	// another's now.
	deleted bool
	end     uint64 // logical block to stop at
	next    uint64 // the least that the next run may start with
	broken  bool   // a pointer led nowhere, or could not be read
	each    func(run) bool
}

// inode calls each for the runs in file order, until it returns false.
func (m *mapper) inode(n inode) {
	root := n.raw[mapOffset : mapOffset+mapBytes]
	if n.flags&flagExtents != 0 {
		m.extents(root, min(int(le16(root, 6)), maxTree+1))
		return
	}
	logical := uint64(12)
	for i := range logical {
		if p := le32(root, int(4*i)); p != 0 && !m.run(run{i, uint64(p), 1}) {
			return
		}
	}
	width := uint64(m.w.f.super.blockBytes / 4)
	for level := 1; level <= 3; level++ {
		if !m.indirect(uint64(le32(root, 44+4*level)), level, logical) {
			return
		}
		logical += power64(width, level)
	}
}

// extents goes through a node of a tree of extents that has depth levels below it.
func (m *mapper) extents(node []byte, depth int) bool {
	entries := int(le16(node, 2))
	if le16(node, 0) != treeMagic || depth > maxTree || int(le16(node, 6)) != depth || entries > len(node)/perEntry-1 {
		m.broken = true
		return true
	}
	for ; entries > 0; entries-- {
		node = node[perEntry:]
		if !m.w.step(1) {
			m.broken = true
			return false
		}
		if depth == 0 {
			if !m.leaf(node) {
				return false
			}
			continue
		}
		child, ok := m.node(uint64(le32(node, 4)) | uint64(le16(node, 8))<<32)
		if ok && !m.extents(child, depth-1) {
			return false
		}
	}
	return true
}

// leaf takes one extent. One that was never written to reads as zeros: a hole.
func (m *mapper) leaf(entry []byte) bool {
	const maxWritten = 1 << 15
	count := uint64(le16(entry, 4))
	r := run{uint64(le32(entry, 0)), uint64(le32(entry, 8)) | uint64(le16(entry, 6))<<32, count}
	if count > maxWritten {
		return true
	}
	if count == 0 || r.logical < m.next {
		m.broken = true
		return true
	}
	return m.run(r)
}

// indirect goes through a block of pointers, which lead to blocks of the file
// (level 1) or to more of their kind. A pointer of 0 is a hole.
func (m *mapper) indirect(b uint64, level int, logical uint64) bool {
	if logical >= m.end {
		return false
	}
	if b == 0 {
		return true
	}
	node, ok := m.node(b)
	if !ok {
		return true
	}
	width := power64(uint64(len(node)/4), level-1)
	for at := 0; at < len(node); at += 4 {
		p := uint64(le32(node, at))
		switch {
		case p == 0:
		case level == 1 && !m.run(run{logical, p, 1}):
			return false
		case level > 1 && !m.indirect(p, level-1, logical):
			return false
		}
		logical += width
	}
	return true
}

// node reads a block of pointers; false when it does not exist or is another's.
func (m *mapper) node(b uint64) ([]byte, bool) {
	size := m.w.f.super.blockBytes
	if b == 0 || b >= m.w.f.blocks || m.deleted && !m.w.blockFree(b) || !m.w.step(size/16) {
		m.broken = true
		return nil, false
	}
	node, whole := m.w.span(b, 0, size)
	m.broken = m.broken || !whole
	return node, true
}

// run hands over a run, as far as it lies in the volume and before the end.
func (m *mapper) run(r run) bool {
	if r.logical >= m.end {
		return false
	}
	m.next = r.logical + r.count
	r.count = min(r.count, m.end-r.logical)
	if r.block == 0 || r.block >= m.w.f.blocks {
		m.broken = true
		return true
	}
	if room := m.w.f.blocks - r.block; room < r.count {
		m.broken, r.count = true, room
	}
	return m.each(r)
}

func power64(base uint64, n int) uint64 {
	p := uint64(1)
	for range n {
		p *= base
	}
	return p
}
