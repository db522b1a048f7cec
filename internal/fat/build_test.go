package fat

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"testing"
	"unicode/utf16"

	"github.com/panoscrub/panoscrub/internal/block"
)

// volume is a small file system in memory, built byte by byte so that it can be
// wrong in any way.
type volume struct {
	bytes []byte
	boot  Boot
}

// shape says how a volume is laid out; the zero value of a field is the usual.
type shape struct {
	kind              string // FAT12, FAT16, FAT32
	sectorBytes       int
	sectorsPerCluster int
	copies            int
	clusters          int
}

func (s shape) orUsual() shape {
	usual := map[string]int{FAT12: 200, FAT16: 5000, FAT32: 66000}
	if s.kind == "" {
		s.kind = FAT16
	}
	if s.sectorBytes == 0 {
		s.sectorBytes = 512
	}
	if s.sectorsPerCluster == 0 {
		s.sectorsPerCluster = 1
	}
	if s.copies == 0 {
		s.copies = 2
	}
	if s.clusters == 0 {
		s.clusters = usual[s.kind]
	}
	return s
}

func newVolume(t testing.TB, s shape) *volume {
	t.Helper()
	s = s.orUsual()
	bits := map[string]int{FAT12: 12, FAT16: 16, FAT32: 32}[s.kind]
	tableSectors := ((s.clusters+2)*bits/8 + 1 + s.sectorBytes - 1) / s.sectorBytes
	reserved, rootEntries := 1, s.sectorBytes/slotBytes*2
	if s.kind == FAT32 {
		reserved, rootEntries = 32, 0
	}
	total := reserved + s.copies*tableSectors + rootEntries*slotBytes/s.sectorBytes + s.clusters*s.sectorsPerCluster
	b := make([]byte, total*s.sectorBytes)
	copy(b, "\xEB\x58\x90builder ")
	put16(b, 11, s.sectorBytes)
	b[13] = byte(s.sectorsPerCluster)
	put16(b, 14, reserved)
	b[16], b[21] = byte(s.copies), 0xF8
	put16(b, 17, rootEntries)
	put32(b, 32, total)
	if s.kind == FAT32 {
		put32(b, 36, tableSectors)
		put32(b, 44, 2)
		put16(b, 48, 1)
		put16(b, 50, 6)
		b[66] = 0x29
		put32(b, 67, 0xCAFED00D)
		copy(b[71:], "BOOTLABEL  ")
	} else {
		put16(b, 22, tableSectors)
		b[38] = 0x29
		put32(b, 39, 0xCAFED00D)
		copy(b[43:], "BOOTLABEL  ")
	}
	copy(b[510:], "\x55\xAA")
	if s.kind == FAT32 {
		copy(b[6*s.sectorBytes:], b[:512])
	}
	boot, err := ParseBoot(b[:512], 0)
	if err != nil || boot.Type != s.kind || int(boot.Clusters) != s.clusters {
		t.Fatalf("built %+v, %v; want %+v", boot, err, s)
	}
	v := &volume{b, boot}
	v.link(0, 0x0FFFFFF8)
	v.link(1, 0x0FFFFFFF)
	if s.kind == FAT32 {
		v.link(2, 0x0FFFFFFF)
	}
	return v
}

func put16(b []byte, at, v int) { binary.LittleEndian.PutUint16(b[at:], uint16(v)) }
func put32(b []byte, at, v int) { binary.LittleEndian.PutUint32(b[at:], uint32(v)) }

const end = 0x0FFFFFFF // ends a chain, whatever the type

// link sets the entry of cluster c in all copies.
func (v *volume) link(c, value uint32) *volume {
	for i := range v.boot.Copies {
		t := v.bytes[v.boot.TableOffset+int64(i)*v.boot.TableBytes:]
		switch v.boot.Type {
		case FAT12:
			at, value := c*3/2, value&0xFFF
			pair := le16(t, int(at))
			if c%2 == 0 {
				pair = pair&0xF000 | uint16(value)
			} else {
				pair = pair&0x000F | uint16(value)<<4
			}
			put16(t, int(at), int(pair))
		case FAT16:
			put16(t, int(c)*2, int(value&0xFFFF))
		default:
			put32(t, int(c)*4, int(value))
		}
	}
	return v
}

// chain links the clusters one to the next and ends behind the last.
func (v *volume) chain(clusters ...uint32) *volume {
	for i, c := range clusters {
		next := uint32(end)
		if i+1 < len(clusters) {
			next = clusters[i+1]
		}
		v.link(c, next)
	}
	return v
}

// at returns the bytes of cluster c, or of the root directory for 0.
func (v *volume) at(c uint32) []byte {
	if c == 0 && v.boot.Type != FAT32 {
		return v.bytes[v.boot.RootOffset:][:v.boot.RootEntries*slotBytes]
	}
	if c == 0 {
		c = v.boot.RootCluster
	}
	return v.bytes[v.boot.DataOffset+int64(c-2)*int64(v.boot.ClusterBytes):][:v.boot.ClusterBytes]
}

// put writes slots into cluster c from slot index on.
func (v *volume) put(c uint32, index int, slots ...slot) *volume {
	for i, s := range slots {
		copy(v.at(c)[(index+i)*slotBytes:], s[:])
	}
	return v
}

// dir prepares cluster c as a directory below parent.
func (v *volume) dir(c, parent uint32) *volume {
	clear(v.at(c))
	return v.put(c, 0, entry(".", AttrDirectory, c, 0), entry("..", AttrDirectory, parent, 0))
}

// entry makes a slot. The name is "BASE.EXT", or "." or "..".
func entry(name string, attr byte, first uint32, size int) (s slot) {
	base, extension := []byte(name), []byte(nil)
	if i := bytes.LastIndexByte(base, '.'); i > 0 && name != ".." {
		base, extension = base[:i], base[i+1:]
	}
	copy(s[:11], "           ")
	copy(s[:8], base)
	copy(s[8:11], extension)
	s[11] = attr
	put16(s[:], 20, int(first>>16))
	put16(s[:], 26, int(first&0xFFFF))
	put32(s[:], 28, size)
	return s
}

// long makes the slots of a long name for the short one in s, and s behind them.
func long(name string, s slot) []slot {
	units := utf16.Encode([]rune(name))
	var slots []slot
	for n := 1; len(units) > 0; n++ {
		piece := slot{0: byte(n), 11: attrLong, 13: checksum(s[:])}
		for i, at := range [...]int{1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30} {
			switch {
			case i < len(units):
				put16(piece[:], at, int(units[i]))
			case i > len(units):
				put16(piece[:], at, 0xFFFF)
			}
		}
		units = units[min(13, len(units)):]
		slots = append([]slot{piece}, slots...)
	}
	slots[0][0] |= longLast
	return append(slots, s)
}

// deleted marks slots as deletion does.
func deleted(slots ...slot) []slot {
	slots = append([]slot(nil), slots...)
	for i := range slots {
		slots[i][0] = slotDeleted
	}
	return slots
}

func (v *volume) open(t testing.TB) *FS {
	t.Helper()
	return openBytes(t, bytes.NewReader(v.bytes), int64(len(v.bytes)))
}

func openBytes(t testing.TB, r io.ReaderAt, size int64) *FS {
	t.Helper()
	f, err := Open(r, 0, size)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func walk(t testing.TB, f *FS) (entries []Entry) {
	t.Helper()
	err := f.WalkSlots(context.Background(), func(e Entry) error {
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// content reads the bytes at extents.
func content(t testing.TB, r io.ReaderAt, extents []block.Extent) []byte {
	t.Helper()
	var all []byte
	for _, e := range extents {
		b := make([]byte, e.Length)
		if n, err := r.ReadAt(b, e.Offset); n < len(b) {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}
