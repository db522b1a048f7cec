package ext

import (
	"encoding/binary"
	"fmt"
	"strings"
)

const (
	superBytes  = 1024
	superOffset = 1024 // of the first superblock

	// The copy of what the journal's inode says, in a superblock.
	journalOffset = 268
	journalBytes  = 68
	journalName   = "journal" // of the file that holds it
)

// super is what is used of a superblock.
type super struct {
	group   uint32 // that this copy stands in
	label   string
	blocks  uint64
	inodes  uint32
	firstOf uint64 // the block that group 0 starts with

	blockBytes     int64
	clusterBlocks  uint64 // blocks that a bit of a block bitmap stands for
	blocksPerGroup uint64
	inodesPerGroup uint32
	inodeBytes     int64
	firstInode     uint32 // the first that is not reserved
	descBytes      int64
	firstMetaBG    uint64
	reserved       uint64 // blocks behind each copy of the descriptors

	compat, incompat, ro uint32
	backups              [2]uint32 // groups with backups, for sparse_super2
	own                  []ownFile
	journal              []byte // copy of the journal's block pointers and size, or nil
}

// ownFile is a file of the file system's own, without a name in a directory.
type ownFile struct {
	inode uint32
	name  string
}

// parseSuper reads a superblock. The error wraps [ErrNotExt], and says which
// field cannot be.
func parseSuper(b []byte) (super, error) {
	if le16(b, 56) != 0xEF53 {
		return super{}, notExt("signature")
	}
	s := super{
		group:   uint32(le16(b, 90)),
		label:   strings.TrimRight(string(b[120:136]), "\x00"),
		blocks:  uint64(le32(b, 4)),
		inodes:  le32(b, 0),
		firstOf: uint64(le32(b, 20)),

		blockBytes:     1024 << min(le32(b, 24), 32),
		clusterBlocks:  1,
		blocksPerGroup: uint64(le32(b, 32)),
		inodesPerGroup: le32(b, 40),
		inodeBytes:     128,
		firstInode:     11,
		descBytes:      32,
	}
	if le32(b, 76) > 0 { // since revision 1
		s.parseDynamic(b)
	}
	return s, s.check(b)
}

func (s *super) parseDynamic(b []byte) {
	s.firstInode, s.inodeBytes = le32(b, 84), int64(le16(b, 88))
	s.compat, s.incompat, s.ro = le32(b, 92), le32(b, 96), le32(b, 100)
	if s.incompat&incompat64Bit != 0 {
		s.descBytes = int64(le16(b, 254))
		s.blocks |= uint64(le32(b, 336)) << 32
	}
	if s.ro&roBigalloc != 0 {
		s.clusterBlocks = 1 << (min(le32(b, 28), 63) - min(le32(b, 24), le32(b, 28), 63))
	}
	s.firstMetaBG, s.reserved = uint64(le32(b, 260)), uint64(le16(b, 206))
	s.backups = [2]uint32{le32(b, 588), le32(b, 592)}
	s.parseOwn(b)
}

func (s *super) parseOwn(b []byte) {
	if s.compat&compatJournal != 0 {
		s.own = append(s.own, ownFile{le32(b, 224), journalName})
		if b[253] == 1 {
			s.journal = b[journalOffset : journalOffset+journalBytes]
		}
	}
	s.own = append(s.own,
		ownFile{le32(b, 576), "quota-user"}, ownFile{le32(b, 580), "quota-group"}, ownFile{le32(b, 620), "quota-project"})
	if s.compat&compatOrphanFile != 0 {
		s.own = append(s.own, ownFile{le32(b, 640), "orphan-file"})
	}
}

// check bounds all that is computed with. Formatters keep to multiples of 8 blocks
// and inodes a group, and to 256 blocks at least.
func (s *super) check(b []byte) error {
	bits := 8 * uint64(s.blockBytes) // in a bitmap
	switch {
	case le32(b, 24) > 6:
		return notExt("block size")
	case le32(b, 76) > 1:
		return notExt("revision")
	case s.clusterBlocks > 1<<16:
		return notExt("cluster size")
	case s.blocksPerGroup < 256 || s.blocksPerGroup%8 != 0 || s.blocksPerGroup/s.clusterBlocks > bits:
		return notExt("blocks per group")
	case s.inodesPerGroup < 8 || uint64(s.inodesPerGroup) > bits:
		return notExt("inodes per group")
	case !powerOfTwo(s.inodeBytes, 128, s.blockBytes):
		return notExt("inode size")
	case !powerOfTwo(s.descBytes, 32, 1024):
		return notExt("descriptor size")
	case s.firstOf > 1 || s.blocks <= s.firstOf || s.blocks>>48 != 0:
		return notExt("number of blocks")
	case s.inodes < 2:
		return notExt("number of inodes")
	}
	return nil
}

// groups is the number of block groups.
func (s *super) groups() uint64 {
	return (s.blocks - s.firstOf + s.blocksPerGroup - 1) / s.blocksPerGroup
}

func powerOfTwo(n, low, high int64) bool { return n >= low && n <= high && n&(n-1) == 0 }

func notExt(field string) error { return fmt.Errorf("%w: %s", ErrNotExt, field) }

func le16(b []byte, at int) uint16 { return binary.LittleEndian.Uint16(b[at:]) }
func le32(b []byte, at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
