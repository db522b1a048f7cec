package ext

// Flags of a group descriptor.
const (
	groupInodesUnused = 0x1 // the inode bitmap and table were never initialised
	groupBlocksUnused = 0x2 // the block bitmap was never initialised
	groupTableZeroed  = 0x4 // what is unused of the inode table is zeros
)

// group is a group descriptor.
type group struct {
	blockBitmap, inodeBitmap, inodeTable uint64
	flags                                uint16
	unusedInodes                         uint32 // at the end of the table
}

// group returns the descriptor of group g: from the copy beside the superblock
// that is used, or from another where that one is damaged. False when none will
// do.
func (w *walker) group(g uint64) (group, bool) {
	s := &w.f.super
	if d, ok := w.groupIn(g, uint64(s.group)); ok {
		return d, true
	}
	for _, copied := range [...]uint64{0, 1, 3, 5, 7, uint64(s.backups[0])} {
		if copied >= s.groups() || !s.hasBackup(copied) {
			continue
		}
		if d, ok := w.groupIn(g, copied); ok {
			w.f.notes.Add("a descriptor of block groups is damaged; its backup is used")
			return d, true
		}
	}
	w.f.notes.Add("the descriptor of block group %d is damaged; what is in the group is left out", g)
	return group{}, false
}

// groupIn reads the descriptor of group g from the copy in another group; false
// when it cannot be one.
func (w *walker) groupIn(g, copied uint64) (group, bool) {
	s := &w.f.super
	b, at := s.descriptor(g, copied)
	raw, ok := w.span(b, at, s.descBytes)
	d := group{
		blockBitmap: uint64(le32(raw, 0)), inodeBitmap: uint64(le32(raw, 4)), inodeTable: uint64(le32(raw, 8)),
	}
	if s.summed() {
		d.flags, d.unusedInodes = le16(raw, 18), uint32(le16(raw, 28))
	}
	if s.descBytes >= 64 {
		d.blockBitmap |= uint64(le32(raw, 32)) << 32
		d.inodeBitmap |= uint64(le32(raw, 36)) << 32
		d.inodeTable |= uint64(le32(raw, 40)) << 32
		if s.summed() {
			d.unusedInodes |= uint32(le16(raw, 50)) << 16
		}
	}
	low := s.firstOf
	return d, ok && d.blockBitmap > low && d.inodeBitmap > low && d.inodeTable > low &&
		d.blockBitmap < w.f.blocks && d.inodeBitmap < w.f.blocks && d.inodeTable < w.f.blocks
}

// descriptor is where the copy in a group has the descriptor of group g. With
// meta_bg a block of descriptors stands in the first of the groups that it
// describes, and in the second and the last of them.
func (s *super) descriptor(g, copied uint64) (b uint64, at int64) {
	perBlock := uint64(s.blockBytes / s.descBytes)
	at = int64(g%perBlock) * s.descBytes
	if s.incompat&incompatMetaBG == 0 || g/perBlock < s.firstMetaBG {
		return s.groupStart(copied) + s.superBlocks(copied) + g/perBlock, at
	}
	home := g / perBlock * perBlock
	switch copied {
	case 0:
	case 3:
		home += perBlock - 1
	default:
		home++
	}
	return s.groupStart(home) + s.superBlocks(home), at
}

func (s *super) groupStart(g uint64) uint64 { return s.firstOf + g*s.blocksPerGroup }

// superBlocks is how many blocks a superblock takes at the start of group g.
func (s *super) superBlocks(g uint64) uint64 {
	switch {
	case g == 0 && s.blockBytes == 1024 && s.firstOf == 0:
		return 2 // the boot block is in the group
	case s.hasBackup(g):
		return 1
	}
	return 0
}

// hasBackup reports whether group g has a superblock.
func (s *super) hasBackup(g uint64) bool {
	switch {
	case g == 0:
		return true
	case s.compat&compatSparseSuper2 != 0:
		return g == uint64(s.backups[0]) || g == uint64(s.backups[1])
	case s.ro&roSparseSuper == 0 || g == 1:
		return true
	}
	return power(g, 3) || power(g, 5) || power(g, 7)
}

func power(n, base uint64) bool {
	for n > 1 && n%base == 0 {
		n /= base
	}
	return n == 1
}

// blockFree reports whether the bitmap says for sure that block b is free.
func (w *walker) blockFree(b uint64) bool {
	used, known := w.blockBit(b)
	return known && !used
}

// blockBit is what the bitmap says of block b, if there is such a block and the bit
// can be read.
func (w *walker) blockBit(b uint64) (used, known bool) {
	s := &w.f.super
	if b < s.firstOf || b >= w.f.blocks {
		return false, false
	}
	g, in := (b-s.firstOf)/s.blocksPerGroup, (b-s.firstOf)%s.blocksPerGroup
	d, ok := w.group(g)
	if !ok {
		return false, false
	}
	if d.flags&groupBlocksUnused != 0 {
		return w.metadata(d, g, b), true
	}
	bit := in / s.clusterBlocks
	octet, ok := w.span(d.blockBitmap, int64(bit/8), 1)
	return octet[0]&(1<<(bit%8)) != 0, ok
}

// metadata reports whether b is one of the blocks that a group whose block bitmap
// was never initialised has in use: superblock, descriptors and its own tables.
func (w *walker) metadata(d group, g, b uint64) bool {
	s := &w.f.super
	table := (uint64(s.inodesPerGroup)*uint64(s.inodeBytes) + uint64(s.blockBytes) - 1) / uint64(s.blockBytes)
	copies := s.groups()*uint64(s.descBytes)/uint64(s.blockBytes) + 2 + s.reserved
	return b == d.blockBitmap || b == d.inodeBitmap || b-d.inodeTable < table ||
		s.hasBackup(g) && b-s.groupStart(g) < copies
}
