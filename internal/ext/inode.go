package ext

import "github.com/panoscrub/panoscrub/internal/block"

const (
	rootInode = 2

	modeType    = 0xF000
	modeDir     = 0x4000
	modeRegular = 0x8000
	modeLink    = 0xA000

	flagEncrypted = 0x800
	flagExtents   = 0x80000
	flagEAInode   = 0x200000 // the value of an extended attribute of another
	flagInline    = 0x10000000

	// The place in an inode for block pointers, the root of a tree of extents, or
	// short contents.
	mapOffset = 40
	mapBytes  = 60
)

// inode is what is used of an inode.
type inode struct {
	number uint32
	at     int64 // where it stands on the drive
	raw    []byte
	mode   uint16
	links  uint16
	flags  uint32
	dtime  uint32 // when it was deleted; 0 in an inode in use
	size   uint64
}

func parseInode(raw []byte, number uint32, at int64) inode {
	return inode{
		number: number, at: at, raw: raw,
		mode: le16(raw, 0), links: le16(raw, 26), flags: le32(raw, 32), dtime: le32(raw, 20),
		size: uint64(le32(raw, 4)) | uint64(le32(raw, 108))<<32,
	}
}

// inode reads an inode; false when there is no such inode, or it cannot be read.
func (w *walker) inode(number uint32) (inode, bool) {
	s := &w.f.super
	if number == 0 || number > w.f.inodes {
		return inode{}, false
	}
	d, ok := w.group(uint64((number - 1) / s.inodesPerGroup))
	if !ok {
		return inode{}, false
	}
	in := int64((number-1)%s.inodesPerGroup) * s.inodeBytes
	b, at := d.inodeTable+uint64(in/s.blockBytes), in%s.blockBytes
	raw, ok := w.span(b, at, s.inodeBytes)
	return parseInode(raw, number, w.f.extent(b, at, 0).Offset), ok
}

// inodeFree reports whether the bitmap says for sure that an inode is free.
func (w *walker) inodeFree(number uint32) bool {
	used, known := w.inodeBit(number)
	return known && !used
}

// inodeUsed reports whether the bitmap says for sure that an inode is in use.
func (w *walker) inodeUsed(number uint32) bool {
	used, known := w.inodeBit(number)
	return known && used
}

// inodeBit is what the bitmap says of an inode, if there is such an inode and the
// bit can be read.
func (w *walker) inodeBit(number uint32) (used, known bool) {
	s := &w.f.super
	if number == 0 || number > w.f.inodes {
		return false, false
	}
	d, ok := w.group(uint64((number - 1) / s.inodesPerGroup))
	if !ok || d.flags&groupInodesUnused != 0 {
		return false, ok
	}
	bit := (number - 1) % s.inodesPerGroup
	octet, ok := w.span(d.inodeBitmap, int64(bit/8), 1)
	return octet[0]&(1<<(bit%8)) != 0, ok
}

func (n inode) dir() bool { return n.mode&modeType == modeDir }

// filled reports whether an inode of its kind has a content.
func (n inode) filled() bool {
	kind := n.mode & modeType
	return kind == modeDir || kind == modeRegular || kind == modeLink
}

// gone reports whether the inode says that it is in use by nobody.
func (n inode) gone() bool { return n.mode == 0 || n.links == 0 || n.dtime != 0 }

// kind is the inode's type as a directory entry has it; 0 for none.
func (n inode) kind() byte {
	return [16]byte{1: 5, 2: 3, 4: kindDir, 6: 4, 8: 1, 10: 7, 12: 6}[n.mode>>12]
}

// within reports whether the content stands in the inode itself.
func (n inode) within() bool {
	short := n.mode&modeType == modeLink && n.size < mapBytes && n.flags&flagExtents == 0
	return n.flags&flagInline != 0 || short
}

// inside returns the parts of the inode, as extents of raw, that a content within
// it may use: the place for block pointers, and the value of the attribute
// "system.data" behind it.
func (n inode) inside() []block.Extent {
	parts := []block.Extent{{Offset: mapOffset, Length: mapBytes}}
	if n.flags&flagInline != 0 {
		if value, ok := n.systemData(); ok {
			parts = append(parts, value)
		}
	}
	return parts
}

// systemData finds the value of "system.data" among the attributes in the inode.
func (n inode) systemData() (value block.Extent, ok bool) {
	const fixed, system = 128, 7 // the old inode's size; the prefix "system."
	if len(n.raw) < fixed+2 {
		return block.Extent{}, false
	}
	first := fixed + int(le16(n.raw, fixed)) + 4
	if first > len(n.raw) || le32(n.raw, first-4) != 0xEA020000 {
		return block.Extent{}, false
	}
	for at := first; at+16 <= len(n.raw) && le32(n.raw, at) != 0; {
		nameEnd := at + 16 + int(n.raw[at])
		if nameEnd > len(n.raw) {
			break
		}
		if n.raw[at+1] == system && string(n.raw[at+16:nameEnd]) == "data" {
			value = block.Extent{Offset: int64(first) + int64(le16(n.raw, at+2)), Length: int64(le32(n.raw, at+8))}
			return value, value.Length > 0 && value.End() <= int64(len(n.raw))
		}
		at = (nameEnd + 3) &^ 3
	}
	return block.Extent{}, false
}
