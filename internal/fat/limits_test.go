package fat

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys"
)

// TestTooManyEntries has sixteen directories as large as the format allows.
func TestTooManyEntries(t *testing.T) {
	const perDirectory = maxDirectory / 512
	v := newVolume(t, shape{kind: FAT32, clusters: 17 * perDirectory})
	for d := range 16 {
		first := uint32(10 + d*perDirectory)
		v.put(0, d, entry("D", AttrDirectory, first, 0)).dir(first, 0)
		for i := 2; i < perDirectory*16; i++ {
			v.put(first+uint32(i/16), i%16, entry("F", 0, 0, 0))
		}
		for c := first; c < first+perDirectory-1; c++ {
			v.link(c, c+1)
		}
		v.link(first+perDirectory-1, end)
	}
	f := v.open(t)
	n := len(walk(t, f))
	if n != fsys.MaxEntries || !strings.Contains(fmt.Sprint(f.Warnings()), "more than 1000000 entries") {
		t.Errorf("%d entries, warnings %q", n, f.Warnings())
	}
}

func TestTooDeep(t *testing.T) {
	v := newVolume(t, shape{kind: FAT16}).put(0, 0, entry("D", AttrDirectory, 10, 0))
	for c := uint32(10); c < 10+2*maxDepth; c++ {
		v.dir(c, max(c-1, 10)).put(c, 2, entry("D", AttrDirectory, c+1, 0)).chain(c)
	}
	f := v.open(t)
	n := len(walk(t, f))
	if n != maxDepth+1 || !strings.Contains(fmt.Sprint(f.Warnings()), "nest deeper") {
		t.Errorf("%d entries, warnings %q", n, f.Warnings())
	}
}

// TestTooLargeDirectory has one directory of four times what is allowed.
func TestTooLargeDirectory(t *testing.T) {
	v := newVolume(t, shape{kind: FAT32}).put(0, 0, entry("D", AttrDirectory, 10, 0)).dir(10, 0)
	for c := uint32(10); c < 10+4*maxDirectory/512; c++ {
		v.link(c, c+1)
		if c > 10 {
			v.put(c, 0, entry("F", 0, 0, 0))
			for i := 1; i < 16; i++ {
				v.put(c, i, slot{0: slotDeleted})
			}
		}
	}
	f := v.open(t)
	n := len(walk(t, f))
	if n != maxDirectory/512-1+1 || !strings.Contains(fmt.Sprint(f.Warnings()), "larger than the format allows") {
		t.Errorf("%d entries, warnings %q", n, f.Warnings())
	}
}

// TestManyWarnings has each of many files complain.
func TestManyWarnings(t *testing.T) {
	v := newVolume(t, shape{kind: FAT32}).put(0, 0, entry("D", AttrDirectory, 1000, 0)).dir(1000, 0)
	for c := uint32(1000); c < 1100; c++ {
		v.link(c, c+1)
		for i := range 16 {
			loop := 2000 + (c-1000)*16 + uint32(i)
			if c > 1000 || i > 1 {
				v.put(c, i, entry("F", 0, loop, 1<<20)).link(loop, loop)
			}
		}
	}
	f := v.open(t)
	walk(t, f)
	if n := len(f.Warnings()); n > 100 || !strings.Contains(f.Warnings()[n-1], "more that is wrong") {
		t.Errorf("%d warnings", n)
	}
}

// TestLargeTableStaysSmall looks at clusters all over a file system of 256 GiB
// with clusters of 4 KiB, whose table takes 256 MiB.
func TestLargeTableStaysSmall(t *testing.T) {
	v := newVolume(t, shape{kind: FAT32, sectorsPerCluster: 8})
	const clusters = 256 << 30 / 4096
	put32(v.bytes, 32, clusters*8+32)
	put32(v.bytes, 36, clusters/128+1)
	clear(v.bytes[512*40:])
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f := openBytes(t, sparse(v.bytes[:512]), 256<<30)
	for c := uint32(2); c < clusters-700_000; c += 65_537 {
		if !f.ClusterFree(c) {
			t.Fatalf("cluster %d is not free", c)
		}
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
}

// sparse reads as the bytes that it has, and as zeros behind them.
type sparse []byte

func (s sparse) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	if off < int64(len(s)) {
		copy(p, s[off:])
	}
	return len(p), nil
}

// TestTableReadAgainAndAgain has a file whose chain goes to another page of the
// table with each link: it is followed as far as reading allows, and that is said.
func TestTableReadAgainAndAgain(t *testing.T) {
	const perPage, pages = pageBytes / 4, 2 * pageSlots
	v := newVolume(t, shape{kind: FAT32, clusters: perPage * (pages + 1)})
	// Clusters of one number in pages that share a place in the cache, in turns.
	at := func(i int) uint32 { return uint32(10 + i/2 + i%2*pageSlots*perPage) }
	const links = 2 * (perPage - 20)
	v.put(0, 0, entry("F", 0, at(0), 512*links))
	for i := range links - 1 {
		v.link(at(i), at(i+1))
	}
	v.link(at(links-1), end)
	f := v.open(t)
	f.table.loads = 100
	if link := f.table.next(at(0)); link.next != at(1) {
		t.Fatalf("%+v", link)
	}
	found := 0
	for i := range 200 {
		if f.table.next(at(i)).kind == linkNext {
			found++
		}
	}
	if warnings := fmt.Sprint(f.Warnings()); found < 100 || found == 200 || !strings.Contains(warnings, "again and again") {
		t.Errorf("%d links of 200, warnings %s", found, warnings)
	}
	if e := walk(t, f)[0]; e.Incomplete {
		t.Errorf("a walk does not begin anew: %d pieces", len(e.Data))
	}
}
