package volume

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fat"
)

// sizes calls f with sizes of drives: each sector where the drive is small, each
// around every size at which something changes, and many anywhere.
func sizes(sector int64, f func(size int64)) {
	for size := int64(minDisk); size < 48*mib; size += sector {
		f(size)
	}
	around := func(size int64) {
		for d := int64(-3000); d <= 3000; d++ {
			if size+d*sector >= minDisk {
				f(size + d*sector)
			}
		}
	}
	for _, format := range formats {
		for _, s := range format.sizes {
			around(startBytes + s.upTo)
		}
	}
	for size := int64(32 * mib); size <= 1<<42; size *= 2 {
		around(size)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		bits := 21 + rng.IntN(19)
		f(1<<bits + rng.Int64N(1<<bits)/sector*sector)
	}
}

// TestGeometry proves of each size what the format demands: the table has an
// entry for each cluster, each field can hold its number, and nothing leaves the
// partition.
func TestGeometry(t *testing.T) {
	for _, sector := range []int64{512, 4096} {
		n := 0
		sizes(sector, func(size int64) {
			l, err := NewLayout(size, int(sector))
			if err != nil {
				if size >= 34*mib && sector == 512 || size >= 260*mib || !errors.Is(err, ErrTooSmall) {
					t.Fatalf("%d bytes in sectors of %d: %v", size, sector, err)
				}
				return
			}
			n++
			checkLayout(t, l)
			g, _ := l.geometry()
			checkGeometry(t, l, g)
			if t.Failed() {
				t.Fatalf("%d bytes in sectors of %d: %+v %+v", size, sector, l, g)
			}
		})
		t.Logf("%d sizes in sectors of %d", n, sector)
	}
}

func checkLayout(t *testing.T, l Layout) {
	end := l.StartBytes + l.PartitionBytes
	switch {
	case l.StartBytes != mib, l.PartitionBytes%int64(l.SectorBytes) != 0:
		t.Error("the partition is not aligned")
	case end > l.DiskBytes, end > 256*gib:
		t.Error("the partition ends too late")
	case end+int64(l.SectorBytes) <= min(l.DiskBytes, 256*gib):
		t.Error("the partition ends too early")
	case l.DiskBytes >= 34*mib && l.SectorBytes == 512 && (l.FileSystem != fat.FAT32 || l.PartitionType != 0x0C):
		t.Error("not FAT32")
	case (l.Note == "") != (l.FileSystem == fat.FAT32 && l.DiskBytes < 256*gib+int64(l.SectorBytes)):
		t.Error("the note is missing or unwanted")
	}
}

func checkGeometry(t *testing.T, l Layout, g geometry) {
	bits := map[string]int64{fat.FAT12: 12, fat.FAT16: 16, fat.FAT32: 32}[g.kind]
	entries := g.table * g.bytes * 8 / bits
	least, most := map[string]int64{fat.FAT12: 1, fat.FAT16: 4085, fat.FAT32: 65525}[g.kind], map[string]int64{fat.FAT12: 4084, fat.FAT16: 65524, fat.FAT32: 0x0FFFFFF5}[g.kind]
	switch {
	case g.clusters+2 > entries:
		t.Errorf("%d clusters, but the table has %d entries", g.clusters, entries)
	case g.clusters < least || g.clusters > most:
		t.Errorf("%d clusters are none for %s", g.clusters, g.kind)
	case g.data()%g.cluster != 0:
		t.Errorf("the first cluster is sector %d", g.data())
	case g.data()+g.clusters*g.cluster > g.total, g.total-g.data()-g.clusters*g.cluster >= g.cluster:
		t.Error("the clusters do not fill the partition")
	case g.total*g.bytes != l.PartitionBytes, g.total > 1<<32-1:
		t.Errorf("%d sectors", g.total)
	case g.reserved < 1 || g.reserved > 1<<16-1, g.kind == fat.FAT32 && g.reserved < 32:
		t.Errorf("%d reserved sectors", g.reserved)
	case g.kind != fat.FAT32 && g.table > 1<<16-1:
		t.Errorf("%d sectors a table", g.table)
	case g.cluster&(g.cluster-1) != 0, g.cluster > 128, g.cluster*g.bytes > 32*kib:
		t.Errorf("%d sectors a cluster", g.cluster)
	case (g.table-1)*g.bytes*8/bits > (g.total/g.cluster)*102/100+3*g.bytes*8/bits:
		t.Errorf("the table has room for %d clusters", entries)
	}
}

func TestNewLayoutRefuses(t *testing.T) {
	for _, c := range []struct {
		size   int64
		sector int
		err    error
		says   string
	}{
		{0, 512, ErrTooSmall, "0 bytes, where 1179648 are needed"},
		{511, 512, ErrTooSmall, "511 bytes"},
		{mib, 512, ErrTooSmall, "1048576 bytes"},
		{minDisk - 1, 512, ErrTooSmall, ""},
		{-1, 512, ErrTooSmall, ""},
		{64 * mib, 4096, ErrTooSmall, "only FAT32 can be used"},
		{64 * mib, 520, ErrSectorSize, "520"},
		{64 * mib, 0, ErrSectorSize, ""},
	} {
		_, err := NewLayout(c.size, c.sector)
		if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%d bytes in sectors of %d: %v", c.size, c.sector, err)
		}
	}
}

func TestNewLayoutNotes(t *testing.T) {
	for _, c := range []struct {
		size int64
		says string
	}{{2 * mib, "FAT12"}, {16 * mib, "FAT16"}, {64 * mib, ""}, {256 * gib, ""}, {256*gib + 1, ""}, {256*gib + 512, "256 GiB"}, {500107862016, "256 GiB"}} {
		l, err := NewLayout(c.size, 512)
		if err != nil || !strings.Contains(l.Note, c.says) || c.says == "" && l.Note != "" {
			t.Errorf("%d bytes: %q, %v", c.size, l.Note, err)
		}
	}
}

func TestCheckLabel(t *testing.T) {
	for _, c := range []struct{ label, want, says string }{
		{"PANORAMA", "PANORAMA", ""},
		{" site 7 ", "SITE 7", ""},
		{"a-b_c!#$%&'", "A-B_C!#$%&'", ""},
		{"ELEVENCHARS", "ELEVENCHARS", ""},
		{"", "", "empty"},
		{"   ", "", "empty"},
		{"no name", "", "NO NAME"},
		{"TWELVE CHARS", "", "12 characters"},
		{"A.B", "", `'.'`},
		{`A\B`, "", `'\\'`},
		{"A\x1b[31m", "", `'\x1b'`},
		{"DÉPÔT", "", `'É'`},
		{"straße", "", `'ß'`},
		{"A\x7fB", "", `'\x7f'`},
		{"A\xffB", "", `'�'`},
	} {
		got, err := CheckLabel(c.label)
		if got != c.want || (err == nil) != (c.says == "") || err != nil && (!errors.Is(err, ErrLabel) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%q: %q, %v", c.label, got, err)
		}
	}
}
