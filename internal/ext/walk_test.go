package ext

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys"
)

// line is an entry with what a walk found out about it.
func line(e fsys.Entry) string {
	s := e.Path
	if m := mark(e); m != "" {
		s += " " + m
	}
	if !e.Dir && (e.Size > 0 || len(e.Data) > 0) {
		s += fmt.Sprintf(" %d:", e.Size)
		for _, x := range e.Data[:min(len(e.Data), 8)] {
			s += fmt.Sprintf(" %d+%d", x.Offset/unit, x.Length)
		}
	}
	return s
}

func TestWalk(t *testing.T) {
	f := func(n uint32, s string, deleted ...name) name { return name{n, 1, s, deleted} }
	d := func(n uint32, s string, deleted ...name) name { return name{n, kindDir, s, deleted} }
	root := func(v *volume, names ...name) *volume { return v.dir(rootInode, rootInode, rootBlock, names...) }
	for _, c := range []struct {
		name  string
		build func(v *volume)
		want  []string
		warns string // a part of a warning, or ""
	}{
		{"empty", func(*volume) {}, nil, ""},
		{
			"a file in three pieces, the last one clipped",
			func(v *volume) { root(v.file(12, 3000, 30, 40, 35), f(12, "a")) },
			[]string{"/a 3000: 30+1024 40+1024 35+952"},
			"",
		},
		{
			"holes",
			func(v *volume) { root(v.file(12, 4096, 0, 30, 0, 31), f(12, "a")) },
			[]string{"/a 4096: 30+2048"},
			"",
		},
		{
			"extents, one of them never written to",
			func(v *volume) {
				root(v.file(12, 8*unit).extents(12, 0, leaf(0, 30, 2), leaf(2, 40, 0x8002), leaf(6, 50, 4)), f(12, "a"))
			},
			[]string{"/a 8192: 30+2048 50+2048"},
			"",
		},
		{
			"a tree of extents",
			func(v *volume) {
				node(v.block(60), 1, child(0, 61), child(2, 62))
				node(v.block(61), 0, leaf(0, 30, 2))
				node(v.block(62), 0, leaf(2, 40, 1))
				root(v.file(12, 2500).extents(12, 2, child(0, 60)), f(12, "a"))
			},
			[]string{"/a 2500: 30+2048 40+452"},
			"",
		},
		{
			"a tree of extents that holds itself",
			func(v *volume) {
				node(v.block(60), 4, child(0, 60), child(1, 60))
				root(v.file(12, 2500).extents(12, 5, child(0, 60), child(1, 60), child(2, 60)), f(12, "a"))
			},
			[]string{"/a incomplete 2500:"},
			"inode 12: not all of its content",
		},
		{
			"a node that says that it stands at another level",
			func(v *volume) {
				node(v.block(60), 2, leaf(0, 30, 1))
				root(v.file(12, unit).extents(12, 1, child(0, 60)), f(12, "a"))
			},
			[]string{"/a incomplete 1024:"},
			"inode 12: not all of its content",
		},
		{
			"a tree too deep, and one that claims more entries than there is room for",
			func(v *volume) {
				v.file(12, unit).extents(12, 6, child(0, 60))
				v.file(13, unit).extents(13, 0, leaf(0, 30, 1))
				put16(v.inode(13), mapOffset+2, 5)
				root(v, f(12, "a"), f(13, "b"))
			},
			[]string{"/a incomplete 1024:", "/b incomplete 1024:"},
			"inode 13: not all of its content",
		},
		{
			"extents out of order, and one outside the volume",
			func(v *volume) {
				v.file(12, 8*unit).extents(12, 0, leaf(4, 30, 1), leaf(0, 40, 1))
				v.file(13, 8*unit).extents(13, 0, leaf(0, volumeBlocks-1, 8))
				root(v, f(12, "a"), f(13, "b"))
			},
			[]string{"/a incomplete 8192: 30+1024", fmt.Sprintf("/b incomplete 8192: %d+1024", volumeBlocks-1)},
			"inode 12: not all of its content",
		},
		{
			"pointers through one, two and three blocks",
			func(v *volume) {
				v.file(12, 0, 30)
				raw := v.inode(12)
				put32(raw, mapOffset+48, 60)
				put32(v.block(60), 4, 31)
				put32(raw, mapOffset+52, 61)
				put32(v.block(61), 4*255, 62)
				put32(v.block(62), 4*255, 32)
				put32(raw, mapOffset+56, 63)
				put32(v.block(63), 0, 64)
				put32(v.block(64), 0, 65)
				put32(v.block(65), 0, 40)
				put32(raw, 4, uint32(12+256+256*256)*unit+7)
				root(v, f(12, "a"))
			},
			[]string{fmt.Sprintf("/a %d: 30+3072 40+7", (12+256+256*256)*unit+7)},
			"",
		},
		{
			"a block of pointers to itself",
			func(v *volume) {
				v.file(12, 0xFFFFFFFF)
				put32(v.inode(12), mapOffset+56, 60)
				for i := range 256 {
					put32(v.block(60), 4*i, 60)
				}
				root(v, f(12, "a"))
			},
			[]string{"/a incomplete 4294967295:" + strings.Repeat(" 60+1024", 8)},
			"inode 12: not all of its content",
		},
		{
			"a size beyond everything",
			func(v *volume) {
				v.file(12, 0xFFFFFFFF, 30)
				put32(v.inode(12), 108, 0xFFFFFFFF)
				root(v, f(12, "a"))
			},
			[]string{"/a incomplete 4398046511104: 30+1024"},
			"inode 12: not all of its content",
		},
		{
			"a symbolic link in the inode, a device",
			func(v *volume) {
				v.file(12, 6).file(13, 99, 77)
				put16(v.inode(12), 0, modeLink)
				put16(v.inode(13), 0, 0x6000)
				root(v, name{12, 7, "l", nil}, name{13, 4, "sdx", nil})
			},
			[]string{fmt.Sprintf("/l 6: %d+6", tableBlock+11*256/unit), "/sdx"},
			"",
		},
		{
			"a tree",
			func(v *volume) {
				root(v.dir(12, 2, 30, d(13, "e")).dir(13, 12, 31, f(14, "x")).file(14, 5, 32), d(12, "d"), f(14, "x"))
			},
			[]string{"/d dir", "/d/e dir", "/d/e/x 5: 32+5", "/x 5: 32+5"},
			"",
		},
		{
			"deleted, with all that ext2 leaves",
			func(v *volume) {
				root(v.file(12, 1500, 30, 31).erased(12, 30, 31).file(13, 1, 33), f(13, "b", f(12, "a")))
			},
			[]string{"/b 1: 33+1", "/a deleted 1500: 30+1500"},
			"",
		},
		{
			"deleted, the second block another's now",
			func(v *volume) {
				root(v.file(12, 1500, 30, 31).erased(12, 30).file(13, 1, 33), f(13, "b", f(12, "a")))
			},
			[]string{"/b 1: 33+1", "/a deleted incomplete 1500: 30+1024"},
			"",
		},
		{
			"deleted, the block of pointers another's now",
			func(v *volume) {
				v.file(12, 300*unit, 30).erased(12, 30)
				put32(v.inode(12), mapOffset+48, 60)
				put32(v.use(60).block(60), 0, 31)
				root(v, d(2, ".", f(12, "a")))
			},
			[]string{"/a deleted incomplete 307200: 30+1024"},
			"",
		},
		{
			"deleted, and what was reserved behind its end another's now",
			func(v *volume) {
				v.file(12, 900).extents(12, 0, leaf(0, 30, 2)).use(31).erased(12)
				root(v, d(2, ".", f(12, "a")))
			},
			[]string{"/a deleted 900: 30+900"},
			"",
		},
		{
			"deleted, the first block another's now",
			func(v *volume) { root(v.file(12, 1500, 30, 31).erased(12, 31), d(2, ".", f(12, "a"))) },
			[]string{"/a deleted reused incomplete 1500:"},
			"",
		},
		{
			"deleted, with nothing but a size of 0",
			func(v *volume) { root(v.file(12, 0).erased(12), d(2, ".", f(12, "a"), f(0, "no"), f(99, "no"))) },
			[]string{"/a deleted name-only"},
			"",
		},
		{
			"deleted, with a size and no blocks",
			func(v *volume) { root(v.file(12, 77).erased(12), d(2, ".", f(12, "a"))) },
			[]string{"/a deleted 77:"},
			"",
		},
		{
			"deleted, and the inode in use by another",
			func(v *volume) { root(v.file(12, 77, 30), f(12, "b", f(12, "a"))) },
			[]string{"/b 77: 30+77", "/a deleted reused incomplete"},
			"",
		},
		{
			"deleted, and the inode was of another kind since",
			func(v *volume) { root(v.dir(12, 2, 30).erased(12, 30), d(2, ".", f(12, "a"))) },
			[]string{"/a deleted name-only", "/?/inode-12 dir deleted"},
			"",
		},
		{
			"a copy of a name in use is no deleted one",
			func(v *volume) { root(v.file(12, 77, 30).file(13, 0), f(12, "a"), f(13, "b", f(12, "a"))) },
			[]string{"/a 77: 30+77", "/b"},
			"",
		},
		{
			"the first entry of a block, deleted",
			func(v *volume) {
				root(v.file(13, 0), f(13, "b"))
				put32(v.inode(2), 4, 2*unit)
				put32(v.inode(2), mapOffset+4, 40)
				fillBlock(v.block(40), f(0, "first"), f(13, "c"))
			},
			[]string{"/b", "/first deleted name-only", "/c"},
			"",
		},
		{
			"what was open when it was deleted",
			func(v *volume) {
				v.file(12, 77, 30)
				put16(v.inode(12), 26, 0)
				root(v, d(2, ".", f(12, "a")))
			},
			[]string{"/a deleted 77: 30+77"},
			"",
		},
		{
			"nameless: deleted, open, and lost",
			func(v *volume) {
				v.file(12, 77, 30).erased(12, 30).file(13, 88, 31).file(14, 99, 32).file(15, 9)
				put16(v.inode(13), 26, 0)
			},
			[]string{"/?/inode-12 deleted 77: 30+77", "/?/inode-13 deleted 88: 31+88", "/?/inode-14 99: 32+99", "/?/inode-15 9:"},
			"inodes in use that no directory names",
		},
		{
			"an inode with the value of an attribute",
			func(v *volume) { put32(v.file(12, 77, 30).inode(12), 32, flagEAInode) },
			[]string{"/?/inode-12 77: 30+77"},
			"",
		},
		{
			"a directory within its inode, and the rest of it beyond that",
			func(v *volume) {
				v.file(13, 0).dir(12, 2, 0)
				clear(v.block(0))
				v.inlineDir(12)
				put32(v.inode(12), 172, 200)
				root(v, d(12, "d"))
			},
			[]string{"/d dir incomplete", "/d/in", "/d/was deleted name-only"},
			"inode 12: not all of its content",
		},
		{
			"the name of an attribute beyond the inode",
			func(v *volume) {
				v.file(13, 0).dir(12, 2, 0)
				clear(v.block(0))
				v.inlineDir(12)
				v.inode(12)[164] = 0xFF
				root(v, d(12, "d"))
			},
			[]string{"/d dir incomplete", "/d/in", "/d/was deleted name-only"},
			"inode 12: not all of its content",
		},
		{
			"a lost tree, the child before its parent",
			func(v *volume) { v.file(12, 7, 30).dir(13, 14, 31, f(12, "x")).dir(14, 2, 32, d(13, "e")) },
			[]string{"/?/inode-14 dir", "/?/inode-14/e dir", "/?/inode-14/e/x 7: 30+7"},
			"inodes in use that no directory names",
		},
		{
			"a deleted tree",
			func(v *volume) {
				v.file(14, 5, 32).erased(14, 32).dir(13, 12, 31, f(14, "x")).erased(13, 31).dir(12, 2, 30, d(13, "e")).erased(12, 30)
				put32(v.inode(12), 4, 0)
				root(v, d(2, ".", d(12, "d")))
			},
			[]string{"/d dir deleted", "/d/e dir deleted", "/d/e/x deleted 5: 32+5"},
			"",
		},
		{
			"a deleted directory whose block was another's meanwhile",
			func(v *volume) {
				v.dir(12, 2, 30, f(14, "x")).erased(12, 30)
				put32(v.block(30), 0, 13)
				root(v, d(2, ".", d(12, "d")))
			},
			[]string{"/d dir deleted name-only incomplete"},
			"",
		},
		{
			"a name in use of a deleted inode",
			func(v *volume) { root(v.file(12, 5, 30).erased(12, 30), f(12, "a")) },
			[]string{"/a deleted 5: 30+5"},
			"inode 12: a name leads to it, and it is deleted",
		},
		{
			"a name in use of no inode",
			func(v *volume) { root(v, f(99, "a"), d(0xFFFFFFFF, "b")) },
			[]string{"/a incomplete", "/b dir incomplete"},
			"inode 99: a name leads to it, and it does not exist",
		},
		{
			"a directory in itself",
			func(v *volume) { root(v.dir(12, 2, 30, d(12, "d"), d(2, "r")), d(12, "d")) },
			[]string{"/d dir", "/d/d dir", "/d/r dir"},
			"inode 12: the directory has two names",
		},
		{
			"a broken chain: what follows is in use if its inode is",
			func(v *volume) {
				v.file(12, 0).file(13, 5, 30).file(14, 5, 31).release(31).setInode(14, false)
				root(v, f(12, "a"), f(13, "b"), f(14, "c"))
				put16(v.block(rootBlock), 24+4, 7)
			},
			[]string{"/a", "/b 5: 30+5", "/c deleted 5: 31+5"},
			"inode 2: a block of the directory is damaged",
		},
		{
			"odd names",
			func(v *volume) {
				root(v.file(12, 0), f(12, "a/b"), f(12, "\xff\x00"), f(12, strings.Repeat("n", 255), f(12, "c\x01"), f(12, "d/"), f(12, "\xe4")))
			},
			[]string{"/a\uFFFDb", "/\xff\x00", "/" + strings.Repeat("n", 255), "/\xe4 deleted reused incomplete"},
			"",
		},
		{
			"the root is lost",
			func(v *volume) {
				v.dir(12, 2, 30, f(13, "x")).file(13, 7, 31)
				clear(v.inode(2))
			},
			[]string{"/?/inode-12 dir", "/?/inode-12/x 7: 31+7"},
			"the root directory is lost",
		},
		{
			"encrypted",
			func(v *volume) {
				v.dir(12, 2, 30, f(13, "\x01\x02", f(13, "x"))).file(13, 7, 31)
				put32(v.inode(12), 32, flagEncrypted)
				root(v, d(12, "d"))
			},
			[]string{"/d dir", "/d/\x01\x02 7: 31+7"},
			"there are encrypted files",
		},
		{
			"bitmaps that were never initialised",
			func(v *volume) {
				v.file(12, 4000, 30, bbitmapBlock, 1, tableBlock+1).erased(12, 30).file(13, 7, 31).erased(13, 31)
				clear(v.block(bbitmapBlock))
				put32(v.super(), 100, roGroupSum)
				put16(v.block(gdtBlock), 18, groupBlocksUnused)
				put16(v.block(gdtBlock), 28, volumeInodes-12)
			},
			[]string{"/?/inode-12 deleted incomplete 4000: 30+1024"},
			"",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVolume(t)
			c.build(v)
			f, entries := v.walk()
			got := []string(nil)
			for _, e := range entries {
				got = append(got, line(e))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			warnings := strings.Join(f.Warnings(), "\n")
			if c.warns == "" && warnings != "" || !strings.Contains(warnings, c.warns) {
				t.Errorf("warnings %q, want %q", warnings, c.warns)
			}
		})
	}
}
