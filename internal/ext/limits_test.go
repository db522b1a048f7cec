package ext

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/fsys/fsystest"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// warned demands a warning.
func warned(t *testing.T, f *FS, part string) {
	t.Helper()
	if !strings.Contains(strings.Join(f.Warnings(), "\n"), part) {
		t.Errorf("warnings %q, want %q", f.Warnings(), part)
	}
}

// TestTooManyEntries has directories that share a block full of names.
func TestTooManyEntries(t *testing.T) {
	v := newVolume(t)
	var names, dirs []name
	for i := range 60 {
		names = append(names, name{12, 1, fmt.Sprintf("f%02d", i), nil})
	}
	for n := uint32(13); n <= volumeInodes; n++ {
		v.dir(n, 2, 30, names...)
	}
	v.file(12, 0)
	for i := range 1000 {
		dirs = append(dirs, name{13 + uint32(i)%20, kindDir, fmt.Sprintf("d%03d", i), nil})
	}
	for b := uint32(40); len(dirs) > 0; b++ {
		n := min(len(dirs), 60)
		fillBlock(v.block(b), dirs[:n]...)
		v.use(b)
		dirs = dirs[n:]
	}
	v.dir(2, 2, rootBlock).extents(2, 0, leaf(0, 40, 17), leaf(17, 40, 17), leaf(34, 40, 17), leaf(51, 40, 17))
	put32(v.inode(2), 4, 68*unit)
	for n := uint32(13); n <= volumeInodes; n++ {
		put32(v.inode(n), 4, 200*unit)
		for i := range 12 {
			put32(v.inode(n), mapOffset+4*i, 30)
		}
		put32(v.inode(n), mapOffset+48, 100)
	}
	for i := range 256 {
		put32(v.block(100), 4*i, 30)
	}
	f, entries := v.walk()
	if limit := len(v.bytes) / direntLeast; len(entries) != limit {
		t.Errorf("%d entries, want %d", len(entries), limit)
	}
	warned(t, f, "more entries than are told")
}

// TestTooManySteps has names of a file whose pointers lead through the same blocks
// again and again, to nothing.
func TestTooManySteps(t *testing.T) {
	v := newVolume(t)
	v.file(12, 0xFFFFFFFF).use(60, 61, 62)
	put32(v.inode(12), 108, 3) // 16 GiB
	put32(v.inode(12), mapOffset+56, 60)
	for i := range 256 {
		put32(v.block(60), 4*i, 61)
		put32(v.block(61), 4*i, 62)
	}
	var names []name
	for i := range 40 {
		names = append(names, name{12, 1, fmt.Sprintf("f%02d", i), nil})
	}
	f, entries := v.dir(2, 2, rootBlock, names...).walk()
	if len(entries) >= len(names) {
		t.Errorf("%d entries", len(entries))
	}
	warned(t, f, "too many steps")
}

// TestTooManyBytes has more inodes to read, in an order that no cache helps with,
// than the volume has bytes many times over.
func TestTooManyBytes(t *testing.T) {
	v := newVolume(t)
	f := v.open()
	w := f.walker(context.Background(), nil)
	for i := range uint64(maxRereads + 1) {
		w.cache = newCache(unit)
		for b := range f.blocks {
			if _, ok := w.span(b, 0, unit); ok == (i == maxRereads) {
				t.Fatalf("block %d, time %d: %v", b, i, ok)
			}
		}
	}
	if err := w.check(); !errors.Is(err, fsys.ErrLimit) {
		t.Errorf("error %v", err)
	}
	warned(t, f, "many times what the volume has")
}

// TestTooDeep has directories below each other.
func TestTooDeep(t *testing.T) {
	const levels = maxDepth + 10
	v := newVolume(t)
	put32(v.super(), 0, 256)
	put32(v.super(), 40, 256) // a table of 64 blocks, up to 68
	v.dir(2, 2, rootBlock, name{100, kindDir, "d", nil})
	v.dir(2, 2, 70, name{100, kindDir, "d", nil})
	for n := uint32(100); n < 100+levels; n++ {
		v.dir(n, 2, n-100+80, name{n + 1, kindDir, "d", nil})
	}
	f, entries := v.walk()
	told := func(e fsys.Entry) bool { return ownPath(e.Path) }
	if i := slices.IndexFunc(entries, told); i != maxDepth+1 || len(entries) != levels+1 {
		t.Errorf("%d entries, %d with a path", len(entries), i)
	}
	warned(t, f, "nest deeper")
}

// TestManyWarnings has each of many files complain.
func TestManyWarnings(t *testing.T) {
	v := newVolume(t)
	names := []name{}
	for i := range 70 {
		names = append(names, name{uint32(1000 + i), 1, "x", nil})
	}
	f, _ := v.dir(2, 2, rootBlock, names...).walk()
	if n := len(f.Warnings()); n > 66 {
		t.Errorf("%d warnings", n)
	}
	warned(t, f, "more that is wrong")
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

// TestLargeStaysSmall walks a file system that says that it has 4 TiB, whose
// bitmaps and tables would take gigabytes.
func TestLargeStaysSmall(t *testing.T) {
	v := newVolume(t).file(12, 5, 30)
	v.dir(2, 2, rootBlock, name{12, 1, "a", nil})
	const size = 4 << 40
	put32(v.super(), 4, size/unit-1)
	put32(v.super(), 0, 1<<30)
	put32(v.super(), 40, 2048)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, err := Open(sparse(v.bytes), 0, size)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := f.Walk(context.Background(), func(fsys.Entry) error { n++; return nil }); err != nil || n != 1 {
		t.Errorf("%d entries, error %v", n, err)
	}
	runtime.ReadMemStats(&after)
	if kept := int64(after.HeapSys) - int64(before.HeapSys); kept > 32<<20 {
		t.Errorf("%d bytes of memory", kept)
	}
}

// TestUnreadable has bad sectors in each structure. What cannot be read is told,
// and is not taken for empty.
func TestUnreadable(t *testing.T) {
	build := func() *volume {
		v := newVolume(t).file(12, 2000, 30, 31).file(13, 1500, 32, 33).erased(13, 32, 33)
		v.file(14, 20*unit, 34).use(60)
		put32(v.inode(14), mapOffset+48, 60)
		put32(v.block(60), 0, 35)
		put32(v.block(60), 4*200, 36)
		put32(v.inode(14), 4, 300*unit)
		return v.dir(2, 2, rootBlock, name{12, 1, "a", []name{{13, 1, "gone", nil}}}, name{14, 1, "b", nil})
	}
	table := int64(tableBlock * unit)
	for _, c := range []struct {
		name string
		at   int64 // of the bad sector
		want []string
	}{
		{"none", -1, []string{"/a 2000: 30+2000", "/gone deleted 1500: 32+1500", "/b 307200: 34+3072"}},
		{"the superblock", superOffset, nil},
		{"the descriptors", gdtBlock * unit, []string{}},
		{"the block bitmap", bbitmapBlock * unit, []string{"/a 2000: 30+2000", "/gone deleted incomplete 1500:", "/b 307200: 34+3072"}},
		{"the inode bitmap", ibitmapBlock * unit, []string{"/a 2000: 30+2000", "/gone deleted 1500: 32+1500", "/b 307200: 34+3072"}},
		{"inodes 11 and 12", table + 5*512, []string{"/a incomplete", "/gone deleted 1500: 32+1500", "/b 307200: 34+3072"}},
		{"inodes 13 and 14", table + 6*512, []string{"/a 2000: 30+2000", "/gone deleted incomplete", "/b incomplete"}},
		{"the root's inode", table, []string{"/?/inode-12 2000: 30+2000", "/?/inode-13 deleted 1500: 32+1500", "/?/inode-14 307200: 34+3072"}},
		{"the root's block", rootBlock * unit, []string{"/?/inode-12 2000: 30+2000", "/?/inode-13 deleted 1500: 32+1500", "/?/inode-14 307200: 34+3072"}},
		{"pointers", 60*unit + 512, []string{"/a 2000: 30+2000", "/gone deleted 1500: 32+1500", "/b incomplete 307200: 34+2048"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := build()
			size := int64(len(v.bytes))
			f, err := Open(testtool.Failing(bytes.NewReader(v.bytes), c.at, c.at+fsys.Unit), 0, size)
			if c.want == nil {
				if !errors.Is(err, errUnread) || errors.Is(err, fsys.ErrOther) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			for _, e := range fsystest.Walk(t, f, 0, size) {
				got = append(got, line(e))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if c.at >= 0 && (!slices.Equal(f.Unreadable(), block.Extents{{Offset: c.at, Length: fsys.Unit}})) {
				t.Errorf("unreadable %v", f.Unreadable())
			}
		})
	}
}

// TestConcurrentWalks has two walks of one file system at once.
func TestConcurrentWalks(t *testing.T) {
	f := busy(t, 3).open()
	var counts [2]int
	var wait sync.WaitGroup
	for i := range counts {
		wait.Go(func() {
			if err := f.Walk(context.Background(), func(fsys.Entry) error { counts[i]++; return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if counts[0] != counts[1] || counts[0] == 0 {
		t.Errorf("%d entries, and %d", counts[0], counts[1])
	}
}
