package ext

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/fsys/fsystest"
)

// The layout of a volume that is built here: one group of blocks of 1 KiB.
const (
	unit         = 1024
	volumeBlocks = 256
	volumeInodes = 32
	gdtBlock     = 2
	bbitmapBlock = 3
	ibitmapBlock = 4
	tableBlock   = 5 // of 8 blocks
	rootBlock    = 20
)

// volume is a small file system in memory, built byte by byte so that it can be
// wrong in any way.
type volume struct {
	t     testing.TB
	bytes []byte
}

func newVolume(t testing.TB) *volume {
	v := &volume{t, make([]byte, volumeBlocks*unit)}
	s := v.super()
	for at, value := range map[int]uint32{
		0: volumeInodes, 4: volumeBlocks, 20: 1, 32: 8192, 36: 8192, 40: volumeInodes, 76: 1, 84: 11, 96: incompatFiletype,
	} {
		put32(s, at, value)
	}
	put16(s, 56, 0xEF53)
	put16(s, 88, 256)
	copy(s[120:], "BUILT")
	for i, b := range []uint32{bbitmapBlock, ibitmapBlock, tableBlock} {
		put32(v.block(gdtBlock), 4*i, b)
	}
	v.use(rangeOf(1, rootBlock)...)
	for n := uint32(1); n < 11; n++ {
		v.setInode(n, true)
	}
	return v.dir(rootInode, rootInode, rootBlock)
}

func (v *volume) super() []byte         { return v.bytes[superOffset:][:superBytes] }
func (v *volume) block(b uint32) []byte { return v.bytes[int(b)*unit:][:unit] }

// inode is the bytes of an inode.
func (v *volume) inode(n uint32) []byte { return v.bytes[tableBlock*unit+int(n-1)*256:][:256] }

func rangeOf(first, last uint32) (list []uint32) {
	for b := first; b <= last; b++ {
		list = append(list, b)
	}
	return list
}

// use and release set and clear bits of the block bitmap.
func (v *volume) use(blocks ...uint32) *volume {
	for _, b := range blocks {
		if b != 0 { // a hole
			v.block(bbitmapBlock)[(b-1)/8] |= 1 << ((b - 1) % 8)
		}
	}
	return v
}

func (v *volume) release(blocks ...uint32) *volume {
	for _, b := range blocks {
		v.block(bbitmapBlock)[(b-1)/8] &^= 1 << ((b - 1) % 8)
	}
	return v
}

func (v *volume) setInode(n uint32, used bool) *volume {
	mask := byte(1) << ((n - 1) % 8)
	v.block(ibitmapBlock)[(n-1)/8] &^= mask
	if used {
		v.block(ibitmapBlock)[(n-1)/8] |= mask
	}
	return v
}

// file makes inode n a file of size bytes with direct pointers.
func (v *volume) file(n, size uint32, blocks ...uint32) *volume {
	raw := v.inode(n)
	clear(raw)
	put16(raw, 0, modeRegular|0o600)
	put32(raw, 4, size)
	put16(raw, 26, 1)
	for i, b := range blocks {
		put32(raw, mapOffset+4*i, b)
	}
	return v.use(blocks...).setInode(n, true)
}

// erased marks inode n as ext2 does for a deleted file.
func (v *volume) erased(n uint32, blocks ...uint32) *volume {
	raw := v.inode(n)
	put16(raw, 26, 0)
	put32(raw, 20, 1_700_000_000)
	return v.release(blocks...).setInode(n, false)
}

// name is a directory entry to build, and what was deleted behind it.
type name struct {
	inode   uint32
	kind    byte
	name    string
	deleted []name
}

// dir makes inode n a directory in block b, with these entries.
func (v *volume) dir(n, parent, b uint32, names ...name) *volume {
	v.file(n, unit, b)
	put16(v.inode(n), 0, modeDir|0o700)
	fillBlock(v.block(b), append([]name{{n, kindDir, ".", nil}, {parent, kindDir, "..", nil}}, names...)...)
	return v
}

// fillBlock writes a chain of entries, the last of which takes the rest.
func fillBlock(b []byte, names ...name) {
	clear(b)
	at := 0
	for i, e := range names {
		next := at + putEntry(b, at, e, 0)
		for _, d := range e.deleted {
			next += putEntry(b, next, d, 0)
		}
		if i == len(names)-1 {
			next = len(b)
		}
		put16(b, at+4, uint16(next-at))
		at = next
	}
}

// putEntry writes one entry with what it takes, or more, as its length.
func putEntry(b []byte, at int, e name, more int) int {
	n := direntBytes(len(e.name))
	put32(b, at, e.inode)
	put16(b, at+4, uint16(n+more))
	b[at+6], b[at+7] = byte(len(e.name)), e.kind
	copy(b[at+8:], e.name)
	return n
}

// extents makes inode n use a tree of extents, with this root.
func (v *volume) extents(n uint32, depth uint16, entries ...[]byte) *volume {
	raw := v.inode(n)
	put32(raw, 32, flagExtents)
	node(raw[mapOffset:mapOffset+mapBytes], depth, entries...)
	return v
}

// node writes a node of a tree of extents.
func node(b []byte, depth uint16, entries ...[]byte) {
	clear(b)
	put16(b, 0, 0xF30A)
	put16(b, 2, uint16(len(entries)))
	put16(b, 4, uint16(len(b)/perEntry-1))
	put16(b, 6, depth)
	for i, e := range entries {
		copy(b[perEntry*(i+1):], e)
	}
}

// leaf and child are entries of a tree of extents.
func leaf(logical, b uint32, count uint16) []byte {
	e := make([]byte, perEntry)
	put32(e, 0, logical)
	put16(e, 4, count)
	put32(e, 8, b)
	return e
}

func child(logical, b uint32) []byte {
	e := make([]byte, perEntry)
	put32(e, 0, logical)
	put32(e, 4, b)
	return e
}

func (v *volume) open() *FS {
	v.t.Helper()
	f, err := Open(bytes.NewReader(v.bytes), 0, int64(len(v.bytes)))
	if err != nil {
		v.t.Fatal(err)
	}
	return f
}

func (v *volume) walk() (*FS, []fsys.Entry) {
	v.t.Helper()
	f := v.open()
	return f, fsystest.Walk(v.t, f, 0, int64(len(v.bytes)))
}

func put16(b []byte, at int, v uint16) { binary.LittleEndian.PutUint16(b[at:], v) }
func put32(b []byte, at int, v uint32) { binary.LittleEndian.PutUint32(b[at:], v) }
