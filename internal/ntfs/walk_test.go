package ntfs

import (
	"bytes"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys"
)

// mark names an entry with what the walk found out about it, in one word each.
func mark(e fsys.Entry) string {
	s := e.Path
	for _, flag := range []struct {
		on   bool
		name string
	}{{e.Dir, "dir"}, {e.Deleted, "deleted"}, {e.NameOnly, "name-only"}, {e.Reused, "reused"}, {e.Incomplete, "incomplete"}} {
		if flag.on {
			s += " " + flag.name
		}
	}
	for _, x := range e.Data {
		s += fmt.Sprintf(" %d+%d", x.Offset/tCluster, x.Length)
	}
	return s
}

func marks(entries []fsys.Entry) (list []string) {
	for _, e := range entries {
		list = append(list, mark(e))
	}
	return list
}

var root = ref{recordRoot, 5}

// data is the unnamed stream of size bytes in these runs.
func data(size int64, pairs ...int) []byte { return outside(attrData, "", size, runs(pairs...)) }

func TestWalk(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(v *volume)
		want  []string
		warns string // a part of a warning, or ""
	}{
		{"empty", func(*volume) {}, nil, ""},
		{
			"fragments and a hole", func(v *volume) {
				v.file(20, "f", data(512*6-12, 700, 2, hole, 2, 600, 2))
			}, []string{"/f 700+1024 600+1012"}, "",
		},
		{
			"runs that touch are one piece", func(v *volume) {
				v.file(20, "f", data(2048, 700, 2, 702, 2))
			}, []string{"/f 700+2048"}, "",
		},
		{
			"no data, and empty data", func(v *volume) {
				v.file(20, "none").file(21, "empty", inside(attrData, "", nil))
			}, []string{"/none", "/empty"}, "",
		},
		{
			"resident", func(v *volume) {
				v.file(20, "f", inside(attrData, "", []byte("secret")))
			}, []string{"/f 72+6"}, "",
		},
		{
			"streams", func(v *volume) {
				v.file(20, "f", data(10, 700, 1), inside(attrData, "a/b", []byte("x")), outside(attrData, "c", 5, runs(701, 1)))
			}, []string{"/f 700+10", "/f:a\uFFFDb 72+1", "/f:c 701+5"}, "",
		},
		{
			"a stream of a directory, and of a file without data", func(v *volume) {
				v.dir(20, root, "d", outside(attrData, "s", 5, runs(701, 1))).file(21, "f", outside(attrData, "s", 5, runs(702, 1)))
			}, []string{"/d dir", "/d:s 701+5", "/f", "/f:s 702+5"}, "",
		},
		{
			"names: DOS and others", func(v *volume) {
				v.put(20, rec{1, flagInUse, ref{}, [][]byte{fileName(root, "LONGNA~1", spaceDOS), fileName(root, "long name", 1)}}).
					put(21, rec{1, flagInUse, ref{}, [][]byte{fileName(root, "SHORT", spaceDOS)}})
			}, []string{"/long name", "/SHORT"}, "",
		},
		{
			"hard links", func(v *volume) {
				v.dir(21, root, "d").put(20, rec{1, flagInUse, ref{}, [][]byte{
					fileName(root, "a", 0), fileName(ref{21, 1}, "b", 0), data(5, 700, 1), outside(attrData, "s", 1, runs(701, 1)),
				}})
			}, []string{"/a 700+5", "/d/b 700+5", "/a:s 701+1", "/d dir"}, "",
		},
		{
			"names with anything in them", func(v *volume) {
				v.file(20, "../a\x00\n").file(21, "\u202e𝒳")
			}, []string{"/..\uFFFDa\x00\n", "/\u202e𝒳"}, "",
		},
		{
			"no name", func(v *volume) {
				v.put(20, rec{1, 0, ref{}, [][]byte{data(5, 700, 1)}}).put(21, rec{1, flagInUse, ref{}, [][]byte{inside(attrData, "", nil)}}).
					file(22, "")
			}, []string{"/?/record 20 deleted 700+5"}, "",
		},
		{
			"a tree, the innermost first", func(v *volume) {
				v.put(20, rec{1, flagInUse, ref{}, [][]byte{fileName(ref{22, 1}, "f", 3)}}).
					dir(21, root, "d").dir(22, ref{21, 1}, "e")
			}, []string{"/d/e/f", "/d dir", "/d/e dir"}, "",
		},
		{
			"a deleted tree", func(v *volume) {
				v.put(20, rec{2, flagDirectory, ref{}, [][]byte{fileName(root, "d", 3)}}).
					put(21, rec{2, 0, ref{}, [][]byte{fileName(ref{20, 1}, "f", 3)}}).
					put(22, rec{2, 0, ref{}, [][]byte{fileName(ref{20, 2}, "g", 3)}})
			}, []string{"/d dir deleted", "/d/f deleted", "/d/g deleted"}, "",
		},
		{
			"a directory whose number was used up", func(v *volume) {
				v.put(20, rec{0, flagDirectory, ref{}, [][]byte{fileName(root, "d", 3)}}).
					put(21, rec{2, 0, ref{}, [][]byte{fileName(ref{20, 0xFFFF}, "f", 3)}}).
					put(22, rec{1, flagDirectory, ref{}, [][]byte{fileName(root, "e", 3)}}).
					put(23, rec{2, 0, ref{}, [][]byte{fileName(ref{22, 0xFFFF}, "g", 3)}})
			}, []string{"/d dir deleted", "/?/f deleted", "/e dir deleted", "/e/g deleted"}, "",
		},
		{
			"a parent that is another one now, a file, or nothing", func(v *volume) {
				v.put(20, rec{2, flagInUse | flagDirectory, ref{}, [][]byte{fileName(root, "d", 3)}}).
					file(21, "f").
					put(22, rec{2, 0, ref{}, [][]byte{fileName(ref{20, 1}, "a", 3)}}).
					put(23, rec{2, 0, ref{}, [][]byte{fileName(ref{21, 1}, "b", 3)}}).
					put(24, rec{2, 0, ref{}, [][]byte{fileName(ref{63, 1}, "c", 3)}}).
					put(25, rec{2, 0, ref{}, [][]byte{fileName(ref{1 << 40, 1}, "e", 3)}})
			}, []string{"/d dir", "/f", "/?/a deleted", "/?/b deleted", "/?/c deleted", "/?/e deleted"}, "",
		},
		{
			"what is below an orphan", func(v *volume) {
				v.put(20, rec{1, flagDirectory, ref{}, [][]byte{fileName(ref{63, 1}, "d", 3)}}).
					put(21, rec{1, 0, ref{}, [][]byte{fileName(ref{20, 1}, "f", 3)}})
			}, []string{"/?/d dir deleted", "/?/d/f deleted"}, "",
		},
		{
			"directories in each other", func(v *volume) {
				v.dir(20, ref{21, 1}, "d").dir(21, ref{20, 1}, "e").dir(22, ref{22, 1}, "self")
			}, []string{"/?/d dir", "/?/e dir", "/?/self dir"}, "nest deeper",
		},
		{
			"deleted", func(v *volume) {
				v.deleted(20, "free", data(2000, 700, 4)).
					deleted(21, "reused", data(1000, 800, 2)).allocate(800, 1).
					deleted(22, "in part", data(3000, 900, 6)).allocate(902, 2).
					deleted(23, "resident", inside(attrData, "", []byte("secret")))
			}, []string{"/free deleted 700+2000", "/reused deleted reused incomplete", "/in part deleted incomplete 900+1024 904+952", "/resident deleted 78+6"}, "",
		},
		{
			"deleted, and only what is behind its end is in use", func(v *volume) {
				v.deleted(20, "f", data(600, 700, 4)).allocate(702, 2)
			}, []string{"/f deleted 700+600"}, "",
		},
		{
			"a deleted file that begins with a hole", func(v *volume) {
				v.deleted(20, "f", data(2048, hole, 2, 700, 2)).allocate(700, 1)
			}, []string{"/f deleted reused incomplete"}, "",
		},
		{
			"encrypted", func(v *volume) {
				a := data(1000, 700, 2)
				put16(a, 12, attrEncrypted)
				v.file(20, "f", a)
			}, []string{"/f incomplete 700+1000"}, "",
		},
		{
			"compressed above the file system", func(v *volume) {
				v.file(20, "f", data(1000, hole, 2), outside(attrData, systemCompressed, 100, runs(700, 1)))
			}, []string{"/f incomplete", "/f:WofCompressedData 700+100"}, "",
		},
		{
			"not written to its end", func(v *volume) {
				a := data(2048, 700, 4)
				put64(a, 56, 700)
				v.file(20, "f", a)
			}, []string{"/f 700+700"}, "",
		},
		{
			"runs that lead astray", func(v *volume) {
				v.file(20, "a", data(2048, 700, 2, tClusters-1, 2)).
					file(21, "b", outside(attrData, "", 512, []byte{0x9F, 1, 1})).
					file(22, "c", outside(attrData, "", 1<<62, []byte{0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F})).
					file(23, "d", outside(attrData, "", 512, []byte{0x81, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F})).
					file(24, "e", outside(attrData, "", 512, []byte{0x11, 0x80, 0x80})).
					file(25, "f", outside(attrData, "", -1, runs(700, 1)))
			}, []string{"/a incomplete 700+1024", "/b incomplete", "/c incomplete", "/d incomplete", "/e incomplete", "/f incomplete 700+512"}, "lead astray",
		},
		{
			"a record that was not written in one go", func(v *volume) {
				v.file(20, "f", data(512, 700, 1)).recordBytes(20)[1022]++
			}, []string{"/f 700+512"}, "record 20 was not written in one go",
		},
		{
			"no record, and a damaged one", func(v *volume) {
				copy(v.recordBytes(20), "JUNK")
				copy(v.recordBytes(21), "BAAD")
			}, nil, "record 20 is no record",
		},
		{
			"a record that others have marked", func(v *volume) {
				copy(v.file(20, "f", data(512, 700, 1)).recordBytes(20), "BAAD")
			}, []string{"/f 700+512"}, "record 20 was not written in one go",
		},
		{
			"deleted, of size 0 with clusters that are in use", func(v *volume) {
				v.deleted(20, "f", data(0, 700, 1)).allocate(700, 1)
			}, []string{"/f deleted"}, "",
		},
		{
			"attributes that break off", func(v *volume) {
				v.file(20, "f", data(512, 700, 1))
				put32(v.recordBytes(20), 56+4, 0)
				v.file(21, "g", data(512, 700, 1))
				put32(v.recordBytes(21), 24, 0xFFFFFFFF)
				put16(v.recordBytes(21), 20, 0xFFFF)
			}, nil, "attributes of MFT record 20 break off",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVolume()
			c.build(v)
			v.require(t, c.want, c.warns)
		})
	}
}

// TestResidentAcrossSectors has content where an update sequence stands in the
// way.
func TestResidentAcrossSectors(t *testing.T) {
	content := randomBytes("resident", 700)
	for _, v := range []*volume{
		newVolume().file(20, "f", inside(attrData, "", content)),
		newVolume().deleted(20, "f", inside(attrData, "", content)),
	} {
		entries, _ := v.walk(t)
		e := entries[0]
		if !bytes.Equal(e.Content(1000), content) || !bytes.Equal(e.Content(600), content[:600]) || len(e.Content(-1)) > 0 {
			t.Error("the content is not what was written")
		}
		at := v.bytes[e.Data[0].Offset:e.Data[0].End()]
		if len(at) != 700 || bytes.Equal(at, content) || !bytes.Equal(at[:300], content[:300]) {
			t.Errorf("Data is %v", e.Data)
		}
	}
}

func TestLabel(t *testing.T) {
	if got := newVolume().open(t).Label(t.Context()); got != "BUILT" {
		t.Errorf("%q", got)
	}
	if got := newVolume().file(3, "$Volume").open(t).Label(t.Context()); got != "" {
		t.Errorf("%q", got)
	}
}

// TestLinksEnd has a file with more names than the format allows.
func TestLinksEnd(t *testing.T) {
	v := newVolume()
	f := v.open(t)
	n, w := 0, f.walker(t.Context(), func(fsys.Entry) error { return nil })
	w.visit = func(fsys.Entry) error { n++; return nil }
	links := make([]name, 3*maxLinks)
	for i := range links {
		links[i] = name{parent: root, text: fmt.Sprint(i)}
	}
	rec, _ := w.record(3)
	if err := w.tell(w.gather(rec), "/0", links); err != nil || n != maxLinks || len(f.Warnings()) != 1 {
		t.Errorf("%d names, %v, %q", n, err, f.Warnings())
	}
}

// TestConcurrentWalks has walks of one file system at the same time.
func TestConcurrentWalks(t *testing.T) {
	v := busy()
	f := v.open(t)
	var all [4][]string
	var group sync.WaitGroup
	for i := range all {
		group.Go(func() {
			err := f.Walk(t.Context(), func(e fsys.Entry) error { all[i] = append(all[i], mark(e)); return nil })
			if err != nil || f.Label(t.Context()) != "BUILT" {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for i := range all {
		if len(all[i]) < 10 || !slices.Equal(all[0], all[i]) {
			t.Errorf("%q and %q", all[0], all[i])
		}
	}
}

// TestRestore has update sequences of all kinds.
func TestRestore(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(b []byte)
		whole  bool
		first  byte // what stands at the end of the first sector then
		second byte
	}{
		{"as it is", func([]byte) {}, true, 1, 2},
		{"the second sector is older", func(b []byte) { b[1022] = 9 }, false, 1, 9},
		{"too few", func(b []byte) { put16(b, 6, 2) }, false, 0x7A, 0x7A},
		{"too many", func(b []byte) { put16(b, 6, 4) }, false, 0x7A, 0x7A},
		{"where no sequence can be", func(b []byte) { put16(b, 4, 506) }, false, 0x7A, 0x7A},
	} {
		b := make([]byte, 1024)
		b[510], b[1022] = 1, 2
		protect(b, 48)
		c.change(b)
		if whole := restore(b); whole != c.whole || b[510] != c.first || b[1022] != c.second {
			t.Errorf("%s: %v, %d, %d", c.name, whole, b[510], b[1022])
		}
	}
}

// TestParseAttr has attributes that say more than there is.
func TestParseAttr(t *testing.T) {
	for _, c := range []struct {
		name string
		b    []byte
		at   int // what to overwrite with what
		with uint64
	}{
		{"the name's place", inside(attrData, "name", nil), 10, 0xFFFF},
		{"the size of a value", inside(attrData, "", []byte("value")), 16, 0xFFFFFFFF},
		{"the place of a value", inside(attrData, "", []byte("value")), 20, 0xFFFF},
		{"not resident, and too short", inside(attrData, "", []byte("value")), 8, 1},
		{"the place of the run list", data(5, 700, 1), 32, 0xFFFF},
		{"its first cluster", data(5, 700, 1), 16, 1 << 63},
	} {
		if _, ok := parseAttr(c.b); !ok {
			t.Errorf("%s: it is none at first", c.name)
		}
		var with [8]byte
		put64(with[:], 0, int64(c.with))
		n := 8 - bits.LeadingZeros64(c.with)/8
		copy(c.b[c.at:], with[:n])
		if a, ok := parseAttr(c.b); ok {
			t.Errorf("%s: %+v", c.name, a)
		}
	}
}

// TestRuns has run lists at the bounds of what can be counted.
func TestRuns(t *testing.T) {
	f := newVolume().open(t)
	most := append([]byte{0x08}, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x3F, 0x00) // 2^54-1 clusters of 512 bytes
	for _, c := range []struct {
		list []byte
		ok   bool
	}{
		{most, true},
		{slices.Concat(most, []byte{0x01, 1}), false},
		{[]byte{0x08, 0, 0, 0, 0, 0, 0, 0x40, 0}, false},
		{runs(tClusters-2, 1), true},
		{runs(tClusters-2, 2), false},
		{[]byte{0x00}, true},
		{[]byte{0x01, 0}, false},
		{[]byte{0x10, 5}, false},
		{[]byte{0x11, 1}, false},
	} {
		s := stream{}
		if got := f.addRuns(&s, c.list); got != c.ok {
			t.Errorf("% x: %v, %+v", c.list, got, s.runs)
		}
	}
	s := stream{runs: runsOf(700, 5)}
	if f.addPart(&s, attr{lowest: 4}) || f.addPart(&s, attr{lowest: f.maxClusters() + 1}) || !f.addPart(&s, attr{lowest: 5}) {
		t.Errorf("%+v", s)
	}
}

// require demands what a walk tells, and what it warns of: nothing, where warns is
// empty.
func (v *volume) require(t *testing.T, want []string, warns string) {
	t.Helper()
	entries, warnings := v.walk(t)
	if got := marks(entries); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	all := strings.Join(warnings, "\n")
	if warns == "" && all != "" || !strings.Contains(all, warns) {
		t.Errorf("warnings %q, want %q", all, warns)
	}
}
