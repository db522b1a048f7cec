package ext

import (
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys/fsystest"
)

// busy is a small volume with some of everything. The place of all of it is in its
// first 64 KiB.
func busy(t testing.TB, kind byte) *volume {
	v := newVolume(t)
	v.dir(rootInode, rootInode, rootBlock,
		name{12, kindDir, "d", []name{{14, 1, "gone", nil}, {15, kindDir, "fallen", nil}}},
		name{13, 1, "certificates-omni_site7.zip", nil}, name{17, 7, "link", nil}, name{18, kindDir, "inline", nil})
	v.dir(12, 2, 30, name{13, 1, "again", []name{{16, 1, "old", nil}}})
	v.file(13, 5000, 31, 32, 0, 33, 34)
	v.file(14, 2000, 35, 36).erased(14, 35, 36)
	v.dir(15, 2, 37, name{16, 1, "x", nil}).erased(15, 37)
	v.file(16, 700, 38).erased(16, 38)
	v.file(17, 6)
	put16(v.inode(17), 0, modeLink)
	v.dir(18, 2, 0)
	clear(v.block(0))
	v.inlineDir(18)
	v.file(8, 3000, 39, 40, 41)
	put32(v.super(), 92, compatJournal)
	put32(v.super(), 224, 8)
	v.file(19, 20*unit, 42)
	put32(v.inode(19), mapOffset+48, 43)
	put32(v.block(43), 0, 44)
	if kind%2 == 1 {
		node(v.block(45), 1, child(0, 46), child(4, 47))
		node(v.block(46), 0, leaf(0, 48, 2))
		node(v.block(47), 0, leaf(4, 50, 0x8001), leaf(5, 52, 3))
		v.extents(13, 2, child(0, 45))
		v.extents(12, 0, leaf(0, 30, 1))
	}
	if kind%4 > 1 {
		put32(v.super(), 96, incompatFiletype|incompat64Bit|incompatMetaBG)
		put16(v.super(), 254, 64)
		put32(v.super(), 100, roGroupSum)
	}
	return v
}

// inlineDir makes inode n a directory within itself, of 60 bytes and a value
// behind them.
func (v *volume) inlineDir(n uint32) {
	raw := v.inode(n)
	put32(raw, 4, mapBytes+24)
	put32(raw, 32, flagInline)
	put32(raw, mapOffset, rootInode)
	fillBlock(raw[mapOffset+4:mapOffset+mapBytes], name{13, 1, "in", []name{{16, 1, "was", nil}}})
	put16(raw, 128, 32)
	put32(raw, 160, 0xEA020000)
	copy(raw[164:], "\x04\x07")
	put16(raw, 166, 60) // from the first attribute on
	put32(raw, 172, 24)
	copy(raw[180:], "data")
	fillBlock(raw[224:248], name{13, 1, "value", nil})
}

// patch overwrites bytes of b as the fuzzer says: two bytes of place, one of value.
func patch(b, patches []byte) {
	for ; len(patches) >= 3; patches = patches[3:] {
		b[(int(patches[0])<<8|int(patches[1]))%len(b)] = patches[2]
	}
}

// FuzzOpenWalk damages volumes. Whatever they say, a walk ends, stays in the
// volume, and reads and tells little more than there is.
func FuzzOpenWalk(f *testing.F) {
	for kind := range byte(4) {
		f.Add(kind, []byte{})
	}
	f.Add(byte(0), []byte{4, 24, 2, 4, 32, 0})
	f.Add(byte(1), []byte{180, 2, 9, 184, 4, 0xFF})
	f.Fuzz(func(t *testing.T, kind byte, patches []byte) {
		v := busy(t, kind)
		patch(v.bytes[:1<<16], patches)
		fsystest.Survives(t, opener, v.bytes)
	})
}

// TestBusy makes sure that the fuzzer starts from volumes with all that they should
// have.
func TestBusy(t *testing.T) {
	for kind := range byte(4) {
		f, entries := busy(t, kind).walk()
		want := map[string]string{
			"/d": "dir", "/d/again": "", "/d/old": "deleted", "/gone": "deleted", "/fallen": "dir deleted", "/fallen/x": "deleted",
			"/certificates-omni_site7.zip": "", "/link": "", "/inline": "dir", "/inline/in": "", "/inline/was": "deleted",
			"/inline/value": "", "/?/journal": "", "/?/inode-19": "",
		}
		for _, e := range entries {
			if got, ok := want[e.Path]; !ok || got != mark(e) {
				t.Errorf("kind %d: %q %s", kind, e.Path, mark(e))
			}
			delete(want, e.Path)
		}
		if len(want) > 0 || len(f.Warnings()) != 1 {
			t.Errorf("kind %d: not told: %v; warnings %q", kind, want, f.Warnings())
		}
	}
}
