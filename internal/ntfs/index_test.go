package ntfs

import (
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// TestResidue has names that are left in the index of a directory.
func TestResidue(t *testing.T) {
	dir := ref{20, 1}
	index := func(pairs ...int) []byte { return outside(attrIndexAllocation, indexName, 1024, runs(pairs...)) }
	used := inside(attrBitmap, indexName, []byte{1})
	gone := indexEntry(ref{40, 1}, dir, "gone.zip")
	for _, c := range []struct {
		name  string
		build func(v *volume)
		want  []string
		warns string
	}{
		{
			"in use, and a record that tells the name", func(v *volume) {
				v.put(30, rec{1, flagInUse, ref{}, [][]byte{fileName(dir, "here", 3)}}).
					fill(700, indexBlock(1, indexEntry(ref{41, 1}, dir, "in use"), gone, indexEntry(ref{30, 1}, dir, "here"))).
					dir(20, root, "d", index(700, 2), used)
			}, []string{"/d dir 700+1024", "/d/gone.zip deleted name-only 700+98", "/d/here"}, "",
		},
		{
			"another name, another directory, a name for DOS, twice", func(v *volume) {
				dos := indexEntry(ref{40, 1}, dir, "GONE~1")
				dos[entryHeader+65] = spaceDOS
				broken := indexEntry(ref{40, 1}, dir, "broken")
				broken[10]++
				v.put(30, rec{1, flagInUse, ref{}, [][]byte{fileName(dir, "new", 3)}}).
					fill(700, indexBlock(0, indexEntry(ref{30, 1}, dir, "old"), indexEntry(ref{30, 1}, ref{21, 1}, "moved"), indexEntry(ref{30, 1}, ref{20, 9}, "before"), broken, dos, gone, gone)).
					dir(20, root, "d", index(700, 2), used)
			}, []string{"/d dir 700+1024", "/d/old deleted name-only 700+88", "/d/gone.zip deleted name-only 701+98", "/d/new"}, "",
		},
		{
			"a block that is not in use any more", func(v *volume) {
				v.fill(700, indexBlock(1, gone)).dir(20, root, "d", index(700, 2), inside(attrBitmap, indexName, []byte{0}))
			}, []string{"/d dir 700+1024", "/d/gone.zip deleted name-only 700+98"}, "",
		},
		{
			"a deleted directory", func(v *volume) {
				copy(v.bytes[700*tCluster:], indexBlock(1, gone))
				v.put(20, rec{2, flagDirectory, ref{}, [][]byte{fileName(root, "d", 3), index(700, 2), used}})
			}, []string{"/d dir deleted 700+1024", "/d/gone.zip deleted name-only 700+98"}, "",
		},
		{
			"a deleted directory whose clusters are another's", func(v *volume) {
				v.fill(700, indexBlock(1, gone)).
					put(20, rec{2, flagDirectory, ref{}, [][]byte{fileName(root, "d", 3), inside(attrIndexRoot, indexName, make([]byte, 16)), index(700, 2), used}})
			}, []string{"/d dir deleted reused incomplete"}, "",
		},
		{
			"a deleted directory of which one block is another's", func(v *volume) {
				copy(v.bytes[700*tCluster:], indexBlock(1, gone))
				v.fill(702, indexBlock(1, indexEntry(ref{40, 1}, dir, "theirs"))).
					put(20, rec{2, flagDirectory, ref{}, [][]byte{fileName(root, "d", 3), outside(attrIndexAllocation, indexName, 2048, runs(700, 4))}})
			}, []string{"/d dir deleted incomplete 700+1024", "/d/gone.zip deleted name-only 700+98"}, "",
		},
		{
			"an entry that begins where nothing is stored", func(v *volume) {
				size, b := make([]byte, 16), make([]byte, 2048)
				put32(size, 8, 2048)
				copy(b, indexBlock(0, gone)[:512])
				copy(b[1024-8:], indexEntry(ref{}, dir, "half"))
				put32(b, indexHeader+4, 400)
				v.fill(700, b[:512]).fill(702, b[1024:]).
					dir(20, root, "d", inside(attrIndexRoot, indexName, size), outside(attrIndexAllocation, indexName, 2048, runs(700, 1, hole, 1, 702, 2)))
			}, []string{"/d dir 72+16 700+512 702+1024", "/d/gone.zip deleted name-only 700+98"}, "not written in one go",
		},
		{
			"behind the attributes of the record", func(v *volume) {
				v.dir(20, root, "d")
				used := int(le32(v.recordBytes(20), 24))
				copy(v.recordBytes(20)[used+8:], gone)
			}, []string{"/d dir", "/d/gone.zip deleted name-only 72+98"}, "",
		},
		{
			"a deleted file that has lost its name, seen before and after", func(v *volume) {
				nameless := rec{2, 0, ref{}, [][]byte{data(5, 800, 1), inside(attrData, "s", []byte("x"))}}
				v.put(19, nameless).put(40, nameless).put(41, nameless).
					put(42, rec{3, 0, ref{}, [][]byte{data(5, 800, 1)}}).
					put(43, rec{1, flagInUse, ref{}, [][]byte{data(5, 800, 1)}}).
					put(44, rec{2, 0, ref{}, [][]byte{inside(attrData, "s", []byte("x"))}}).
					fill(700, indexBlock(0, gone, indexEntry(ref{19, 1}, dir, "a"), indexEntry(ref{40, 1}, dir, "link"),
						indexEntry(ref{42, 1}, dir, "b"), indexEntry(ref{43, 1}, dir, "c"))).
					dir(20, root, "d", index(700, 2), used)
			}, []string{
				"/d dir 700+1024", "/d/gone.zip deleted 800+5", "/d/gone.zip:s deleted 112+1", "/d/a deleted 800+5", "/d/a:s deleted 70+1",
				"/d/link deleted name-only 700+90", "/d/b deleted name-only 700+84", "/d/c deleted name-only 700+84",
				"/?/record 41 deleted 800+5", "/?/record 41:s deleted 114+1", "/?/record 42 deleted 800+5", "/?/record 43 800+5",
				"/?/record 44 deleted", "/?/record 44:s deleted 120+1",
			}, "",
		},
		{
			"deleted directories in each other that have lost their names", func(v *volume) {
				v.put(21, rec{2, flagDirectory, ref{}, [][]byte{index(702, 2)}}).
					put(22, rec{2, flagDirectory, ref{}, [][]byte{index(704, 2)}}).
					put(23, rec{2, 0, ref{}, [][]byte{data(5, 800, 1)}}).
					fill(700, indexBlock(0, indexEntry(ref{21, 1}, dir, "a"))).
					dir(20, root, "d", index(700, 2), used)
				copy(v.bytes[702*tCluster:], indexBlock(1, indexEntry(ref{22, 1}, ref{21, 1}, "b"), indexEntry(ref{21, 1}, ref{21, 1}, "self")))
				copy(v.bytes[704*tCluster:], indexBlock(1, indexEntry(ref{23, 1}, ref{22, 1}, "f")))
			}, []string{
				"/d dir 700+1024", "/d/a dir deleted 702+1024", "/d/a/b dir deleted 704+1024", "/d/a/b/f deleted 800+5",
				"/d/a/self deleted name-only 702+90",
			}, "",
		},
		{
			"a directory, and a size", func(v *volume) {
				d := indexEntry(ref{40, 1}, dir, "d")
				put32(d, entryHeader+56, 0x10000000)
				put64(d, entryHeader+48, 77)
				v.fill(700, indexBlock(0, d)).dir(20, root, "d", index(700, 2), used)
			}, []string{"/d dir 700+1024", "/d/d dir deleted name-only 700+84"}, "",
		},
		{
			"not written in one go", func(v *volume) {
				v.fill(700, indexBlock(0, gone)).dir(20, root, "d", index(700, 2), used)
				v.bytes[701*tCluster-1]++
			}, []string{"/d dir 700+1024", "/d/gone.zip deleted name-only 700+98"}, "index block of directory 20",
		},
		{
			"no index block, and sizes that lead astray", func(v *volume) {
				b := indexBlock(0, gone)
				put32(b, indexHeader+4, 0xFFFFFFFF)
				v.fill(702, b).dir(20, root, "d", outside(attrIndexAllocation, indexName, 1<<50, runs(700, 4, hole, 1<<30)), inside(attrBitmap, indexName, []byte{0xFF}))
			}, []string{"/d dir incomplete 700+2048"}, "",
		},
		{
			"a block of which the first half is a hole", func(v *volume) {
				v.fill(700, indexBlock(0, gone)[512:]).dir(20, root, "d", index(hole, 1, 700, 1), used)
			}, []string{"/d dir 700+512"}, "",
		},
		{
			"blocks of another size than the boot sector says", func(v *volume) {
				size := make([]byte, 16)
				put32(size, 8, 1024)
				put64(v.bytes, 68, 0xF4) // 4 KiB
				v.fill(700, indexBlock(1, indexEntry(ref{41, 1}, dir, "in use"), gone)).
					fill(702, indexBlock(1, indexEntry(ref{41, 1}, dir, "in use"), indexEntry(ref{42, 1}, dir, "second"))).
					dir(20, root, "d", inside(attrIndexRoot, indexName, size), outside(attrIndexAllocation, indexName, 2048, runs(700, 4)),
						inside(attrBitmap, indexName, []byte{3}))
			}, []string{"/d dir 72+16 700+2048", "/d/gone.zip deleted name-only 700+98", "/d/second deleted name-only 702+94"}, "",
		},
		{
			"a bitmap of its blocks that is not resident", func(v *volume) {
				v.fill(710, []byte{1}).fill(700, indexBlock(1, indexEntry(ref{41, 1}, dir, "in use"), gone)).
					dir(20, root, "d", index(700, 2), outside(attrBitmap, indexName, 8, runs(710, 1)))
			}, []string{"/d dir 700+1024", "/d/gone.zip deleted name-only 700+98"}, "",
		},
		{
			"the root", func(v *volume) {
				v.fill(700, indexBlock(0, indexEntry(ref{40, 1}, root, "gone"))).
					put(5, rec{5, flagInUse | flagDirectory, ref{}, [][]byte{fileName(root, ".", 3), index(700, 2), used}})
			}, []string{"/gone deleted name-only 700+90"}, "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVolume()
			c.build(v)
			entries, warnings := v.walk(t)
			got := marks(entries)
			for i, e := range entries {
				if e.NameOnly {
					got[i] += " " + mark(entryAt(e))[len("x "):]
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			all := strings.Join(warnings, "\n")
			if c.warns == "" && all != "" || !strings.Contains(all, c.warns) {
				t.Errorf("warnings %q, want %q", all, c.warns)
			}
		})
	}
}

// entryAt has the record of e for its data.
func entryAt(e fsys.Entry) fsys.Entry { return fsys.Entry{Path: "x", Data: []block.Extent{e.Record}} }
