package fat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

var kinds = []string{FAT12, FAT16, FAT32}

// mark names an entry with what the walk found out about it, in one word each.
func mark(e Entry) string {
	s := e.Path
	for _, flag := range []struct {
		on   bool
		name string
	}{{e.Dir, "dir"}, {e.Deleted, "deleted"}, {e.NameOnly, "name-only"}, {e.Reused, "reused"}, {e.Incomplete, "incomplete"}} {
		if flag.on {
			s += " " + flag.name
		}
	}
	return s
}

func marks(entries []Entry) (list []string) {
	for _, e := range entries {
		list = append(list, mark(e))
	}
	return list
}

func TestWalk(t *testing.T) {
	tall := entry("A.TXT", AttrArchive, 10, 700)
	for _, c := range []struct {
		name  string
		build func(v *volume)
		want  []string
		warns string // a part of a warning, or ""
	}{
		{"empty", func(*volume) {}, nil, ""},
		{
			"a file and a label",
			func(v *volume) {
				v.put(0, 0, entry("PANORAMA", AttrVolume, 0, 0), tall).chain(10, 11)
			},
			[]string{"/PANORAMA", "/A.TXT"},
			"",
		},
		{
			"lower case by flags",
			func(v *volume) {
				lower := tall
				lower[12] = 0x18
				v.put(0, 0, lower).chain(10, 11)
			},
			[]string{"/a.txt"},
			"",
		},
		{
			"long names",
			func(v *volume) {
				v.put(0, 0, long("certificates-omni_site7.zip", entry("CERTIF~1.ZIP", AttrArchive, 10, 1))...).chain(10)
			},
			[]string{"/certificates-omni_site7.zip"},
			"",
		},
		{
			"a long name whose checksum is of another entry",
			func(v *volume) {
				slots := long("other.zip", entry("OTHER.ZIP", AttrArchive, 10, 1))
				v.put(0, 0, slots...).put(0, 1, tall).chain(10, 11)
			},
			[]string{"/other.zip deleted name-only", "/A.TXT"},
			"",
		},
		{
			"a long name beyond the basic plane, and a lone surrogate",
			func(v *volume) {
				broken := long("x", entry("X.TXT", AttrArchive, 10, 1))
				put16(broken[0][:], 1, 0xD835)
				v.put(0, 0, long("𝒳.txt", entry("_.TXT", AttrArchive, 10, 1))...).put(0, 2, broken...).chain(10)
			},
			[]string{"/𝒳.txt", "/\uFFFD"},
			"",
		},
		{
			"a slash in a name",
			func(v *volume) { v.put(0, 0, long("../a", entry("A", 0, 10, 1))...).chain(10) },
			[]string{"/..\uFFFDa"},
			"",
		},
		{
			"the kanji lead byte",
			func(v *volume) {
				v.put(0, 0, entry("\x05X.TXT", 0, 10, 1)).chain(10)
			},
			[]string{"/σX.TXT"},
			"",
		},
		{
			"deleted, short and long",
			func(v *volume) {
				v.put(0, 0, deleted(tall)...).
					put(0, 1, deleted(long("certificates-omni_site7.zip", entry("CERTIF~1.ZIP", AttrArchive, 20, 1))...)...)
			},
			[]string{"/_.TXT deleted", "/certificates-omni_site7.zip deleted"},
			"",
		},
		{
			"deleted slots of a long name that belong to no entry",
			func(v *volume) {
				v.put(0, 0, deleted(long("certificates-omni_site7.zip", entry("CERTIF~1.ZIP", AttrArchive, 20, 1))...)...).
					put(0, 3, tall).chain(10, 11)
			},
			[]string{"/certificates-omni_site7.zip deleted name-only", "/A.TXT"},
			"",
		},
		{
			"a deleted name of exactly 13 characters behind another's slots",
			func(v *volume) {
				v.put(0, 0, deleted(long("lost and found.zip", entry("LOSTAN~1.ZIP", AttrArchive, 20, 1))[:2]...)...).
					put(0, 2, deleted(long("thirteen.abcd", entry("THIRTE~1.ABC", AttrArchive, 20, 1))...)...)
			},
			[]string{"/lost and found.zip deleted name-only", "/thirteen.abcd deleted"},
			"",
		},
		{
			"a deleted entry behind slots of a long name that does not fit it",
			func(v *volume) {
				v.put(0, 0, deleted(long("certificates.zip", entry("XERTIF~1.ZIP", AttrArchive, 20, 1))...)...)
			},
			[]string{"/certificates.zip deleted name-only", "/_ERTIF~1.ZIP deleted"},
			"",
		},
		{
			"deleted and reused",
			func(v *volume) { v.put(0, 0, deleted(tall)...).chain(10, 11) },
			[]string{"/_.TXT deleted reused incomplete"},
			"",
		},
		{
			"entries behind the end mark",
			func(v *volume) { v.put(0, 2, tall).put(0, 4, slot{0: 'x', 1: 1, 2: 2}) },
			[]string{"/A.TXT deleted"},
			"",
		},
		{
			"garbage that is marked deleted",
			func(v *volume) { v.put(0, 0, slot{0: slotDeleted, 1: 7, 11: 0xFF}, tall).chain(10, 11) },
			[]string{"/A.TXT"},
			"",
		},
		{
			"a tree",
			func(v *volume) {
				v.put(0, 0, entry("D", AttrDirectory, 10, 0), entry("Z", 0, 0, 0)).chain(10).
					dir(10, 0).put(10, 2, entry("E", AttrDirectory, 11, 0)).chain(11).
					dir(11, 10).put(11, 2, entry("F", 0, 12, 5)).chain(12)
			},
			[]string{"/D dir", "/D/E dir", "/D/E/F", "/Z"},
			"",
		},
		{
			"a deleted tree",
			func(v *volume) {
				v.put(0, 0, deleted(entry("D", AttrDirectory, 10, 0))...).
					dir(10, 0).put(10, 2, entry("E", AttrDirectory, 11, 0)).
					dir(11, 10).put(11, 2, entry("F", 0, 12, 5))
			},
			[]string{"/_ dir deleted", "/_/E dir deleted", "/_/E/F deleted"},
			"",
		},
		{
			"a deleted directory whose cluster is another's now",
			func(v *volume) {
				v.put(0, 0, deleted(entry("D", AttrDirectory, 10, 0))...).dir(10, 99).put(10, 2, tall)
			},
			[]string{"/_ dir deleted"},
			"",
		},
		{
			"a deleted directory in whose cluster another one began",
			func(v *volume) {
				v.put(0, 0, deleted(entry("D", AttrDirectory, 10, 0))...).dir(10, 0).
					put(10, 0, entry(".", AttrDirectory, 11, 0)).put(10, 2, tall)
			},
			[]string{"/_ dir deleted"},
			"",
		},
		{
			"a directory in itself",
			func(v *volume) {
				v.put(0, 0, entry("D", AttrDirectory, 10, 0)).chain(10).
					dir(10, 0).put(10, 2, entry("D", AttrDirectory, 10, 0))
			},
			[]string{"/D dir", "/D/D dir"},
			"share cluster 10",
		},
		{
			"the chain of a directory loops",
			func(v *volume) {
				v.put(0, 0, entry("D", AttrDirectory, 10, 0)).link(10, 11).link(11, 10).dir(10, 0)
			},
			[]string{"/D dir"},
			"share cluster 10",
		},
		{
			"the chain of a file loops",
			func(v *volume) { v.put(0, 0, entry("F", 0, 10, 0x7FFFFFFF)).link(10, 11).link(11, 10) },
			[]string{"/F incomplete"},
			"loops through cluster",
		},
		{
			"chains that lead astray",
			func(v *volume) {
				v.put(0, 0, entry("F", 0, 10, 600), entry("G", 0, 11, 600), entry("H", 0, 0xFFFF, 600), entry("D", AttrDirectory, 12, 0)).
					link(10, uint32(v.boot.Clusters)+2).link(11, 1).link(12, 0)
			},
			[]string{"/F incomplete", "/G incomplete", "/H incomplete", "/D dir"},
			"breaks off at cluster 12",
		},
		{
			"an empty file and a deleted one without clusters",
			func(v *volume) { v.put(0, 0, entry("E", 0, 0, 0)).put(0, 1, deleted(entry("F", 0, 0, 9))...) },
			[]string{"/E", "/_ deleted incomplete"},
			"",
		},
	} {
		for _, kind := range kinds {
			t.Run(c.name+"/"+kind, func(t *testing.T) {
				v := newVolume(t, shape{kind: kind})
				c.build(v)
				f := v.open(t)
				if got := marks(walk(t, f)); !slices.Equal(got, c.want) {
					t.Errorf("got  %q\nwant %q", got, c.want)
				}
				warnings := strings.Join(f.Warnings(), "\n")
				if c.warns == "" && warnings != "" || !strings.Contains(warnings, c.warns) {
					t.Errorf("warnings %q, want %q", warnings, c.warns)
				}
			})
		}
	}
}

// TestData checks where contents are found: chains, guesses, clipping.
func TestData(t *testing.T) {
	for _, kind := range kinds {
		for _, spc := range []int{1, 4} {
			v := newVolume(t, shape{kind: kind, sectorsPerCluster: spc})
			size := v.boot.ClusterBytes
			v.put(0, 0,
				entry("FRAG", 0, 10, 2*size+7), entry("SHORT", 0, 20, 3*size), entry("LAST", 0, v.boot.Clusters+1, 1)).
				put(0, 3, deleted(entry("G", 0, 30, 3*size), entry("H", 0, v.boot.Clusters, 3*size))...).
				chain(10, 12, 11).chain(20, 21).chain(v.boot.Clusters + 1).chain(31)
			where := func(c uint32) int64 { return v.boot.DataOffset + int64(c-2)*int64(size) }
			want := map[string][]block.Extent{
				"/FRAG incomplete=false":  {{Offset: where(10), Length: int64(size)}, {Offset: where(12), Length: int64(size)}, {Offset: where(11), Length: 7}},
				"/SHORT incomplete=true":  {{Offset: where(20), Length: 2 * int64(size)}},
				"/LAST incomplete=false":  {{Offset: where(v.boot.Clusters + 1), Length: 1}},
				"/_ incomplete=false 30":  {{Offset: where(30), Length: int64(size)}, {Offset: where(32), Length: 2 * int64(size)}},
				"/_ incomplete=true last": {{Offset: where(v.boot.Clusters), Length: int64(size)}},
			}
			for _, e := range walk(t, v.open(t)) {
				key := fmt.Sprintf("%s incomplete=%v", e.Path, e.Incomplete)
				if e.Deleted {
					key += map[bool]string{true: " last", false: " 30"}[e.FirstCluster != 30]
				}
				if !slices.Equal(e.Data, want[key]) {
					t.Errorf("%s, %d sectors a cluster, %s: %v, want %v", kind, spc, key, e.Data, want[key])
				}
				delete(want, key)
			}
			if len(want) > 0 {
				t.Errorf("%s: not visited: %v", kind, want)
			}
		}
	}
}

// TestDirectoryOverManyClusters has a directory whose long names cross from one
// cluster to one that lies before it.
func TestDirectoryOverManyClusters(t *testing.T) {
	v := newVolume(t, shape{kind: FAT16})
	v.put(0, 0, entry("D", AttrDirectory, 50, 0)).dir(50, 0)
	chain := []uint32{50}
	slots := []slot{}
	for i := range 100 {
		slots = append(slots, long(fmt.Sprintf("a file with a long name, number %d", i), entry(fmt.Sprintf("F%d", i), 0, 0, 0))...)
	}
	for c, index := uint32(50), 2; len(slots) > 0; index = 0 {
		n := min(len(slots), 16-index)
		v.put(c, index, slots[:n]...)
		if slots = slots[n:]; len(slots) > 0 {
			c--
			chain = append(chain, c)
		}
	}
	v.chain(chain...)
	entries := walk(t, v.open(t))
	if len(entries) != 101 || entries[100].Path != "/D/a file with a long name, number 99" {
		t.Fatalf("%d entries, the last %q", len(entries), entries[len(entries)-1].Path)
	}
}

func TestClusters(t *testing.T) {
	for _, kind := range kinds {
		v := newVolume(t, shape{kind: kind, sectorsPerCluster: 2}).chain(5).link(6, 0x0FFFFFF7)
		f := v.open(t)
		last := f.Boot.Clusters + 1
		for c, free := range map[uint32]bool{0: false, 1: false, 4: true, 5: false, 6: false, last: true, last + 1: false, 0xFFFFFFFF: false} {
			if f.ClusterFree(c) != free {
				t.Errorf("%s: ClusterFree(%d) = %v", kind, c, !free)
			}
		}
		for _, c := range []uint32{2, 3, last} {
			e, ok := f.ClusterExtent(c)
			first, ok1 := f.ClusterOf(e.Offset)
			final, ok2 := f.ClusterOf(e.End() - 1)
			if !ok || !ok1 || !ok2 || first != c || final != c || e.Length != 1024 {
				t.Errorf("%s: cluster %d: %v %v %d %d", kind, c, e, ok, first, final)
			}
		}
		for _, off := range []int64{-1, 0, f.Boot.DataOffset - 1, int64(len(v.bytes)), 1 << 62} {
			if c, ok := f.ClusterOf(off); ok {
				t.Errorf("%s: byte %d lies in cluster %d", kind, off, c)
			}
		}
	}
}

func TestCopiesDiffer(t *testing.T) {
	v := newVolume(t, shape{kind: FAT32})
	f := v.open(t)
	walk(t, f)
	if len(f.Warnings()) > 0 {
		t.Errorf("warnings %q", f.Warnings())
	}
	v.bytes[v.boot.TableOffset+v.boot.TableBytes+4*500]++
	f = v.open(t)
	walk(t, f)
	if got := fmt.Sprint(f.Warnings()); !strings.Contains(got, "differ in 1 bytes, the first at byte 2000") {
		t.Errorf("warnings %q", got)
	}
	v.bytes[v.boot.DataOffset-1]++ // behind the last entry in use
	put16(v.bytes, 40, 0x81)       // not mirrored, the second is in force
	f = v.open(t)
	walk(t, f)
	if len(f.Warnings()) > 0 || f.ClusterFree(500) || !f.ClusterFree(501) {
		t.Errorf("second copy in force: warnings %q", f.Warnings())
	}
}

func TestWalkEnds(t *testing.T) {
	v := newVolume(t, shape{})
	v.put(0, 0, entry("A", 0, 0, 0), entry("B", 0, 0, 0))
	f := v.open(t)
	if err := f.WalkSlots(context.Background(), func(Entry) error { return testtool.ErrMedium }); !errors.Is(err, testtool.ErrMedium) {
		t.Errorf("visit's error: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	err := f.WalkSlots(ctx, func(Entry) error { n++; cancel(); return nil })
	if !errors.Is(err, context.Canceled) || n != 1 {
		t.Errorf("cancelled: %v after %d entries", err, n)
	}
}

func TestLabel(t *testing.T) {
	for _, c := range []struct {
		name string
		root []slot
		boot string
		want string
	}{
		{"root", []slot{entry("F", 0, 0, 0), entry("PANORAMA", AttrVolume, 0, 0)}, "BOOTLABEL  ", "PANORAMA"},
		{"boot sector", []slot{entry("F", 0, 0, 0)}, "BOOTLABEL  ", "BOOTLABEL"},
		{"none", nil, "NO NAME    ", ""},
		{"deleted", deleted(entry("PANORAMA", AttrVolume, 0, 0)), "NO NAME    ", ""},
		{"a long name is none", long("x", entry("F", 0, 0, 0)), "NO NAME    ", ""},
	} {
		v := newVolume(t, shape{kind: FAT32}).put(0, 0, c.root...)
		copy(v.bytes[71:], c.boot)
		if got := v.open(t).Label(context.Background()); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
