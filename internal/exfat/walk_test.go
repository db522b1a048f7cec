package exfat

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/fsys/fsystest"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// TestFiles has one file in use each, with something about its place.
func TestFiles(t *testing.T) {
	const larger = "a file is larger than the clusters that can be told of it"
	for _, c := range []struct {
		name  string
		flags int
		first uint32
		size  int64
		chain []uint32
		want  string
		warn  []string
	}{
		{"empty", 0, 0, 0, nil, "/f 0", nil},
		{"empty with a cluster", 0, 10, 0, nil, "/f 0", nil},
		{"one piece", 0, 10, 1025, []uint32{10, 11, 12}, "/f 1025 10-12", nil},
		{"a chain", chained, 10, 1025, []uint32{10, 12, 11}, "/f 1025 10 12 11", nil},
		{"a chain that is longer", chained, 10, 512, []uint32{10, 12, 11}, "/f 512 10", nil},
		{"a chain that is shorter", chained, 10, 1025, []uint32{10, 12}, "/f 1025 incomplete 10 12", []string{larger}},
		{"a chain that leaves", chained, 10, 1025, []uint32{10, 202}, "/f 1025 incomplete 10", []string{larger}},
		{
			"a chain that loops", chained, 10, 1 << 20,
			[]uint32{10, 11, 10},
			"/f 1048576 incomplete 10-11",
			[]string{"the chain of a file loops through cluster 10", larger},
		},
		{"no chain in the table", chained, 10, 1025, nil, "/f 1025 incomplete 10", []string{larger, "the allocation bitmap has clusters of files in use as free"}},
		{"the last cluster", 0, 201, 512, []uint32{201}, "/f 512 201", nil},
		{"behind the end", 0, 201, 513, []uint32{201}, "/f 513 incomplete 201", []string{larger}},
		{"cluster 0", 0, 0, 1, nil, "/f 1 incomplete", []string{larger}},
		{"cluster 1", chained, 1, 1, nil, "/f 1 incomplete", []string{larger}},
		{"the first cluster that is not", 0, 202, 1, nil, "/f 1 incomplete", []string{larger}},
		{"cluster -1", 0, 0xFFFFFFFF, 1, nil, "/f 1 incomplete", []string{larger}},
		{"size -1", 0, 10, -1, []uint32{10}, "/f 9223372036854775807 incomplete 10-201", []string{larger}},
		{"size -1, a chain", chained, 10, -1, []uint32{10}, "/f 9223372036854775807 incomplete 10", []string{larger}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVolume(t, shape{}).put(rootCluster, 3, entry("f", c.flags, c.first, c.size)...)
			for i, link := range c.chain[min(1, len(c.chain)):] {
				v.link(c.chain[i], link)
			}
			if n := len(c.chain); n > 0 {
				v.take(c.chain[0])
				if n < 2 || !slices.Contains(c.chain[:n-1], c.chain[n-1]) {
					if last := c.chain[n-1]; last < 202 {
						v.link(last, entryEnd)
					}
				}
			}
			v.want(t, []string{c.want}, c.warn...)
		})
	}
}

// TestDeletedFiles has a deleted file each, and what is known of its clusters
// since. Cluster 13 is another's.
func TestDeletedFiles(t *testing.T) {
	for _, c := range []struct {
		name  string
		flags int
		first uint32
		size  int64
		links map[uint32]uint32
		want  string
	}{
		{"empty", 0, 0, 0, nil, "/f 0 deleted"},
		{"one piece", 0, 10, 1025, nil, "/f 1025 deleted 10-12"},
		{"one piece, a part reused", 0, 11, 1537, nil, "/f 1537 deleted incomplete 11-12 14"},
		{"one piece, its end reused", 0, 12, 513, nil, "/f 513 deleted incomplete 12"},
		{"one piece, reused", 0, 13, 1025, nil, "/f 1025 deleted incomplete was 13"},
		{"behind the end", 0, 201, 1025, nil, "/f 1025 deleted incomplete 201"},
		{"no such cluster", 0, 202, 1025, nil, "/f 1025 deleted incomplete"},
		{"no cluster", chained, 0, 1025, nil, "/f 1025 deleted incomplete"},
		{"a size that cannot be", 0, 199, -1, nil, "/f 9223372036854775807 deleted incomplete 199-201"},
		{"a chain", chained, 10, 1025, map[uint32]uint32{10: 30, 30: 20, 20: entryEnd}, "/f 1025 deleted 10 30 20"},
		{"a chain, reused", chained, 13, 1025, map[uint32]uint32{13: 30}, "/f 1025 deleted incomplete was 13"},
		{"a chain that ends", chained, 10, 1025, map[uint32]uint32{10: 30, 30: entryEnd}, "/f 1025 deleted incomplete 10 30"},
		{"a chain that is gone", chained, 10, 1025, nil, "/f 1025 deleted 10-12"},
		{"a chain that is gone, and another's cluster", chained, 11, 1537, nil, "/f 1537 deleted 11-12 14-15"},
		{"a chain into another's cluster", chained, 10, 1025, map[uint32]uint32{10: 30, 30: 13, 13: 40}, "/f 1025 deleted 10 30-31"},
		{"a chain out of the volume", chained, 10, 1025, map[uint32]uint32{10: 30, 30: 999}, "/f 1025 deleted 10 30-31"},
		{"a chain that loops", chained, 10, 1025, map[uint32]uint32{10: 11, 11: 10}, "/f 1025 deleted incomplete 10-11"},
		{"a chain that breaks off before its own", chained, 32, 1537, map[uint32]uint32{32: 30}, "/f 1537 deleted incomplete 32 30-31"},
		{"a chain that breaks off at the end", chained, 200, 2000, nil, "/f 2000 deleted incomplete 200-201"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVolume(t, shape{}).take(13).put(rootCluster, 3, entry("f", c.flags|deletion, c.first, c.size)...)
			for from, to := range c.links {
				v.link(from, to)
			}
			v.want(t, []string{c.want})
		})
	}
}

// TestSets has what is left of sets, or is wrong with them. "f", in cluster 10,
// is in use; "a rather long deleted name" was in cluster 20.
func TestSets(t *testing.T) {
	const longName = "a rather long deleted name of 47 UTF-16 letters"
	live := entry("f", 0, 10, 5)
	gone := entry(longName, deletion, 20, 600)
	behind := entry(longName, 0, 20, 600)
	vendor := sealed(append(entry("f", 0, 10, 5), slot{0: 0xE0, 5: 1}, slot{0: 0xE1, 20: 30})...)
	unknown := sealed(append(entry("f", 0, 10, 5), slot{0: 0xC2, 5: 1})...)
	edit := func(slots []slot, n, at int, value byte) []slot {
		slots = slices.Clone(slots)
		slots[n][at] = value
		return slots
	}
	full := "/" + longName + " 600 deleted 20-21"
	for _, c := range []struct {
		name  string
		slots [][]slot
		want  []string
		warn  []string
	}{
		{"whole", [][]slot{gone, live}, []string{full, "/f 5 10"}, nil},
		{"without a head", [][]slot{live, gone[1:]}, []string{"/f 5 10", full}, nil},
		{"the name alone", [][]slot{gone[2:], live}, []string{"/" + longName + " deleted name", "/f 5 10"}, nil},
		{"a part of the name", [][]slot{gone[3:], live}, []string{"/" + longName[15:] + " deleted name", "/f 5 10"}, nil},
		{"two parts of names", [][]slot{gone[4:], gone[5:]}, []string{"/" + longName[30:] + " deleted name", "/" + longName[45:] + " deleted name"}, nil},
		{"the head alone", [][]slot{gone[:1], live}, []string{"/f 5 10"}, nil},
		{"no name", [][]slot{gone[:2], live}, []string{"/? 600 deleted 20-21", "/f 5 10"}, nil},
		{"half a name", [][]slot{gone[:3], live}, []string{"/" + longName[:15] + " 600 deleted 20-21", "/f 5 10"}, nil},
		{"no stream", [][]slot{gone[:1], gone[2:], live}, []string{"/" + longName + " deleted name", "/f 5 10"}, nil},
		{"two heads", [][]slot{gone[:1], gone}, []string{full}, nil},
		{"two sets, both cut", [][]slot{gone[:3], gone}, []string{"/" + longName[:15] + " 600 deleted 20-21", full}, nil},
		{"heads cut in a row", [][]slot{gone[1:], gone[1:]}, []string{full, full}, nil},
		{"behind the end", [][]slot{live, {{}}, gone}, []string{"/f 5 10", full}, nil},
		{"in use behind the end", [][]slot{live, {{}}, behind}, []string{"/f 5 10", full}, nil},
		{"cut behind the end", [][]slot{live, {{}}, behind[1:]}, []string{"/f 5 10", full}, nil},
		{"a set over the end", [][]slot{behind[:3], {{}}, behind[3:]}, []string{
			"/" + longName[:15] + " 600 20-21", "/" + longName[15:] + " deleted name",
		}, []string{"an entry in use has less slots than it should", "the allocation bitmap has clusters of files in use as free"}},
		{"far behind the end", [][]slot{live, make([]slot, 40), gone}, []string{"/f 5 10", full}, nil},
		{"not to be entries", [][]slot{live, {{0: 0x05, 1: 1}}, {{0: 0x40, 2: 1}}, {{0: 0x41, 1: 1}}, {{0: 0x33}}}, []string{"/f 5 10"}, nil},
		{"two streams", [][]slot{gone[:2], gone[1:]}, []string{"/? 600 deleted 20-21", full}, nil},
		{"a name, then a stream", [][]slot{gone[5:], gone[1:]}, []string{"/" + longName[45:] + " deleted name", full}, nil},
		{"a name that fills its slot, then another", [][]slot{
			entry("exactly fifteen", deletion, 20, 600)[1:], gone[5:],
		}, []string{"/exactly fifteen 600 deleted 20-21", "/" + longName[45:] + " deleted name"}, nil},
		{"a head that cannot be behind the end", [][]slot{live, {{}, {0: 0x05, 1: 1}}, gone}, []string{"/f 5 10"}, nil},
		{"one in use that cannot be behind the end", [][]slot{live, {{}, {0: 0x85, 1: 2, 25: 1}}, gone}, []string{"/f 5 10"}, nil},
		{"a stream that cannot be behind the end", [][]slot{live, {{}, {0: 0x40, 8: 1}}, gone}, []string{"/f 5 10"}, nil},
		{"a name that cannot be behind the end", [][]slot{live, {{}, {0: 0x41, 2: 'x', 31: 'x'}}, gone}, []string{"/f 5 10"}, nil},
		{"junk behind the end", [][]slot{live, {{}, {0: 0x33}}, gone}, []string{"/f 5 10"}, nil},
		{"vendor's slots", [][]slot{vendor}, []string{"/f 5 10"}, nil},
		{"deleted vendor's slots", [][]slot{deleted(vendor...)}, []string{"/f 5 deleted incomplete was 10"}, nil},
		{"unknown secondary slots", [][]slot{unknown}, []string{"/f 5 10"}, nil},
		{"deleted unknown secondary slots", [][]slot{deleted(unknown...)}, []string{"/f 5 deleted incomplete was 10"}, nil},
		{"an odd name, deleted", [][]slot{entry("a\x01b", deletion, 20, 600)}, []string{"/a\x01b 600 deleted 20-21"}, nil},
		{"an odd name, deleted, without its place", [][]slot{entry("a\x01b", deletion, 20, 600)[2:], live}, []string{"/f 5 10"}, nil},
		{"an odd name, deleted, without its stream", [][]slot{
			entry("a\x01b", deletion, 20, 600)[:1], entry("a\x01b", deletion, 20, 600)[2:], live,
		}, []string{"/f 5 10"}, nil},
		{"a count that is too high", [][]slot{edit(live, 0, 1, 5)}, []string{"/f 5 10"}, []string{"an entry in use has less slots than it should"}},
		{"an unknown entry with a stream", [][]slot{{{0: 0xA6, 1: 2}}, live[1:]}, nil, nil},
		{"valid data that ends before the file", [][]slot{sealed(edit(live, 1, 8, 1)...)}, []string{"/f 5 10"}, nil},
		{"an unknown critical entry", [][]slot{{{0: 0x86, 1: 1}, {0: 0xC1}}, live}, []string{"/f 5 10"}, []string{"there are entries of the unknown kind 134"}},
		{"an unknown benign entry", [][]slot{{{0: 0xA6, 1: 1}, {0: 0xC1}}, live}, []string{"/f 5 10"}, nil},
		{"volume's own", [][]slot{{{0: 0xA0, 1: 0}, {0: 0xA1}, {0: 0x20}, {0: 0x03}}, live}, []string{"/f 5 10"}, nil},
		{"checksum", [][]slot{edit(live, 0, 2, live[0][2]^1)}, []string{"/f 5 10"}, []string{"the checksum of an entry in use is wrong"}},
		{"checksum of the name", [][]slot{edit(live, 2, 2, 'g')}, []string{"/g 5 10"}, []string{"the checksum of an entry in use is wrong"}},
		{"checksum of a deleted one", [][]slot{edit(gone, 0, 2, gone[0][2]^1)}, []string{full}, nil},
		{"in use without a head", [][]slot{live[1:]}, []string{"/f 5 10"}, []string{"an entry in use has lost its head"}},
		{"in use, a name alone", [][]slot{live[2:]}, []string{"/f deleted name"}, []string{"an entry in use has lost its head"}},
		{"in use, a head alone", [][]slot{live[:1]}, nil, []string{"an entry in use has less slots than it should"}},
		{"in use without a name", [][]slot{live[:2]}, []string{"/? 5 10"}, []string{"an entry in use has less slots than it should"}},
		{"in use without a stream", [][]slot{live[:1], live[2:]}, []string{"/f 0 incomplete"}, []string{"an entry in use has less slots than it should"}},
		{"in use, then not", [][]slot{live[:1], deleted(live[1:]...)}, []string{"/f 5 deleted incomplete was 10"}, []string{"an entry in use has less slots than it should"}},
		{"a name longer than its slots", [][]slot{sealed(edit(live, 1, 3, 99)...)}, []string{"/f 5 10"}, []string{"an entry in use has less slots than it should"}},
		{"a name of no length", [][]slot{sealed(edit(live, 1, 3, 0)...)}, []string{"/f 5 10"}, []string{"an entry in use has less slots than it should"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVolume(t, shape{clusterShift: 3}).take(10)
			v.put(rootCluster, 3, slices.Concat(c.slots...)...)
			for i, want := range c.want {
				c.want[i] = strings.Replace(want, "20-21", "20", 1)
			}
			v.want(t, c.want, c.warn...)
		})
	}
}

func TestNames(t *testing.T) {
	unpaired := entry("xy", 0, 0, 0)
	put16(unpaired[2][:], 2, 0xD83D)
	odd := entry("xyz", 0, 0, 0)
	put16(odd[2][:], 4, 0)
	for _, c := range []struct {
		slots []slot
		want  string
	}{
		{entry("certificates-omni_site7.zip", 0, 0, 0), "/certificates-omni_site7.zip"},
		{entry("日本語 ünïcode", 0, 0, 0), "/日本語 ünïcode"},
		{entry(strings.Repeat("n", 255), 0, 0, 0), "/" + strings.Repeat("n", 255)},
		{entry("a pair across 🐟 slots", 0, 0, 0), "/a pair across 🐟 slots"},
		{entry("exactly fifteen", 0, 0, 0), "/exactly fifteen"},
		{sealed(unpaired...), "/\uFFFDy"},
		{sealed(odd...), "/x\x00z"},
		{entry("a/b", 0, 0, 0), "/a\uFFFDb"},
		{entry("..", 0, 0, 0), "/.."},
		{entry("\x1b[31m", 0, 0, 0), "/\x1b[31m"},
	} {
		v := newVolume(t, shape{clusterShift: 3}).put(rootCluster, 3, c.slots...)
		v.want(t, []string{c.want + " 0"})
	}
}

// TestRecord compares where entries stand: whole sets, what is left of some, and
// the first part of one that the drive has in two.
func TestRecord(t *testing.T) {
	v := newVolume(t, shape{})
	two := entry("a name in two pieces", 0, 0, 0)
	v.chain(rootCluster, 30).put(rootCluster, 3, entry("a", 0, 0, 0)...).
		put(rootCluster, 6, entry("gone", deletion, 0, 0)[2:]...).put(rootCluster, 7, entry("b", 0, 0, 0)...).
		put(rootCluster, 10, entry("c", 0, 0, 0)...).put(rootCluster, 13, slot{0: 0x20}).
		put(rootCluster, 14, two[:2]...).put(30, 0, two[2:]...)
	root := v.offset(rootCluster)
	want := []block.Extent{
		{Offset: root + 96, Length: 96},
		{Offset: root + 192, Length: 32},
		{Offset: root + 224, Length: 96},
		{Offset: root + 320, Length: 96},
		{Offset: root + 448, Length: 64},
	}
	var got []block.Extent
	for _, e := range walk(t, v.open(t)) {
		got = append(got, e.Record)
	}
	if !slices.Equal(got, want) {
		t.Errorf("records %v, want %v", got, want)
	}
}

// TestStops has the visitor and the context end a walk, in a directory below.
func TestStops(t *testing.T) {
	v := newVolume(t, shape{}).put(rootCluster, 3, entry("d", aFolder, 10, 512)...).take(10).
		put(10, 0, entry("f", 0, 0, 0)...).put(10, 3, entry("g", 0, 0, 0)...)
	mine := errors.New("mine")
	visits := 0
	err := v.open(t).Walk(context.Background(), func(e fsys.Entry) error {
		if visits++; e.Path == "/d/f" {
			return mine
		}
		return nil
	})
	if !errors.Is(err, mine) || visits != 2 {
		t.Errorf("%v after %d visits", err, visits)
	}
	ctx, cancel := context.WithCancel(context.Background())
	visits = 0
	err = v.open(t).Walk(ctx, func(e fsys.Entry) error {
		if visits++; e.Path == "/d/f" {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || visits != 2 {
		t.Errorf("%v after %d visits", err, visits)
	}
}

// TestConcurrent walks one file system from several places at once.
func TestConcurrent(t *testing.T) {
	v := busy(t, shape{})
	f := v.open(t)
	want := v.marks(walk(t, v.open(t)))
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			var entries []fsys.Entry
			err := f.Walk(context.Background(), func(e fsys.Entry) error {
				entries = append(entries, e)
				return nil
			})
			if got := v.marks(entries); err != nil || !slices.Equal(got, want) {
				t.Errorf("%v: %q, want %q", err, got, want)
			}
			f.Label(context.Background())
		})
	}
	group.Wait()
}

// fence reports reads outside a part of a drive.
type fence struct {
	t *testing.T
	*bytes.Reader
	start, end int64
}

func (f fence) ReadAt(p []byte, off int64) (int, error) {
	if off < f.start || off+int64(len(p)) > f.end {
		f.t.Errorf("reads %d bytes at %d, outside [%d, %d)", len(p), off, f.start, f.end)
	}
	return f.Reader.ReadAt(p, off)
}

// TestWithinDrive has the volume begin and end within a drive, cut short at all
// places: nothing is read outside it, and nothing is said to be.
func TestWithinDrive(t *testing.T) {
	const start = 12345 * 512
	for name, alter := range map[string]func(v *volume){
		"sound":      func(*volume) {},
		"no main":    func(v *volume) { v.bytes[3] = 0 },
		"tiny":       func(v *volume) { put32(v.bytes, 80, 1); put32(v.bytes, 84, 1); put32(v.bytes, 88, 2); v.seal() },
		"long table": func(v *volume) { put32(v.bytes, 84, 1<<20); put32(v.bytes, 92, 1<<20); v.seal() },
	} {
		v := busy(t, shape{clusterShift: 1})
		v.put(rootCluster, 20, entry("to the end", 0, 61, 5000)...).put(rootCluster, 23, entry("far", chained, 9000, 5)...)
		alter(v)
		drive := slices.Concat(make([]byte, start), v.bytes, make([]byte, 1<<20))
		for size := int64(0); size <= v.size; size += 509 {
			f, err := Open(fence{t, bytes.NewReader(drive), start, start + size}, start, size)
			if err == nil && len(fsystest.Walk(t, f, start, size)) == 0 && name != "tiny" && size > v.boot.heap+3*v.boot.clusterBytes {
				t.Errorf("%s, %d bytes: nothing is found", name, size)
			}
		}
	}
}
