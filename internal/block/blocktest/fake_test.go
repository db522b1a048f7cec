package blocktest_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
)

func TestHonestFake(t *testing.T) {
	for name, faults := range map[string]blocktest.Faults{
		"plain": {}, "cache": {Cache: true}, "cache that is never emptied": {Cache: true, SyncLies: true, ResetKeeps: true},
	} {
		for _, align := range []int{512, 4096} {
			t.Run(fmt.Sprintf("%s/%d", name, align), func(t *testing.T) {
				blocktest.Run(t, func(_ *testing.T, size int64) block.Device {
					f := blocktest.NewFake(size, 512, faults)
					f.SetAlignment(align)
					return f
				})
			})
		}
	}
}

func TestWriteProtectedFake(t *testing.T) {
	f := blocktest.NewFake(4096+17, 512, blocktest.Faults{WriteProtected: true})
	want := filled('a', 4096+17)
	f.Poke(want, 0)
	blocktest.RunReadOnly(t, f, want)
}

const (
	kib  = 1 << 10
	size = 256 * kib
)

// filled returns n aligned bytes of value b.
func filled(b byte, n int) []byte {
	p := block.Buffer(n)
	for i := range p {
		p[i] = b
	}
	return p
}

// write writes n bytes of value b, which must succeed.
func write(t *testing.T, f *blocktest.Fake, b byte, n int, off int64) {
	t.Helper()
	if got, err := f.WriteAt(filled(b, n), off); got != n || err != nil {
		t.Fatalf("writing %d bytes at %d: %d, %v", n, off, got, err)
	}
}

// holds checks that n bytes at off read as value b.
func holds(t *testing.T, f *blocktest.Fake, b byte, n int, off int64) {
	t.Helper()
	p := block.Buffer(n)
	if got, err := f.ReadAt(p, off); got != n || err != nil {
		t.Fatalf("reading %d bytes at %d: %d, %v", n, off, got, err)
	}
	if !bytes.Equal(p, filled(b, n)) {
		t.Errorf("at %d there is %q, not %q", off, p[0], b)
	}
}

func TestFakeLies(t *testing.T) {
	f := blocktest.NewFake(size, 512, blocktest.Faults{RealSize: 64 * kib, Wrap: true})
	write(t, f, 'a', 64*kib, 0)
	write(t, f, 'b', 64*kib, 32*kib) // 32 KiB at the end, the rest over the start
	holds(t, f, 'b', 32*kib, 0)
	holds(t, f, 'b', 64*kib, 128*kib+32*kib)

	f = blocktest.NewFake(size, 512, blocktest.Faults{RealSize: 64 * kib})
	write(t, f, 'a', size, 0)
	holds(t, f, 'a', 64*kib, 0)
	holds(t, f, 0, 192*kib, 64*kib)

	f = blocktest.NewFake(size, 512, blocktest.Faults{Drop: block.Extents{{Offset: 4 * kib, Length: kib}, {Offset: 8 * kib, Length: kib}}})
	f.Poke(filled('o', size), 0)
	write(t, f, 'a', 32*kib, 0)
	for off := range int64(32) {
		want := byte('a')
		if off == 4 || off == 8 {
			want = 'o'
		}
		holds(t, f, want, kib, off*kib)
	}
}

func TestFakeCache(t *testing.T) {
	f := blocktest.NewFake(size, 512, blocktest.Faults{Cache: true, RealSize: 128 * kib})
	write(t, f, 'a', size, 0)
	holds(t, f, 'a', size, 0) // the cache hides what is missing
	if p := f.Peek(0, 1); p[0] != 0 {
		t.Error("the medium was written before Sync")
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	holds(t, f, 'a', 128*kib, 0)
	holds(t, f, 0, 128*kib, 128*kib)
	write(t, f, 'b', kib, 0)
	f.PowerCycle()
	holds(t, f, 'a', kib, 0)

	f.SetFaults(blocktest.Faults{Cache: true, SyncLies: true})
	write(t, f, 'c', kib, 0)
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	holds(t, f, 'c', kib, 0)
	f.PowerCycle()
	holds(t, f, 'a', kib, 0)
}

// TestFakeReset: a drive that stores nothing, and answers from its cache, is found
// out when it is reset and not before; one that cannot be reset, or whose cache
// outlasts that, when its power is cut.
func TestFakeReset(t *testing.T) {
	lies := blocktest.Faults{Cache: true, SyncLies: true}
	for _, c := range []struct {
		name   string
		change func(*blocktest.Faults)
		want   error
		fooled bool // still, after the reset
	}{
		{"one that is reset", func(*blocktest.Faults) {}, nil, false},
		{"one that keeps its cache", func(f *blocktest.Faults) { f.ResetKeeps = true }, nil, true},
		{"one that cannot be", func(f *blocktest.Faults) { f.ResetError = syscall.EIO }, syscall.EIO, true},
	} {
		faults := lies
		c.change(&faults)
		f := blocktest.NewFake(size, 512, faults)
		f.Poke(filled('o', size), 0)
		write(t, f, 'n', size, 0)
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		holds(t, f, 'n', size, 0)
		if err := f.Reset(); !errors.Is(err, c.want) {
			t.Errorf("%s: Reset: %v, want %v", c.name, err, c.want)
		}
		if c.fooled {
			holds(t, f, 'n', size, 0)
			f.PowerCycle()
		}
		holds(t, f, 'o', size, 0)
		if n := f.Counts().Resets; n != 1 {
			t.Errorf("%s: %d resets were counted", c.name, n)
		}
	}
}

func TestFakeFails(t *testing.T) {
	f := blocktest.NewFake(size, 512, blocktest.Faults{
		ReadErrors:  block.Extents{{Offset: 4 * kib, Length: 512}},
		WriteErrors: blocktest.Everything(8 * kib),
	})
	if n, err := f.WriteAt(filled('a', 16*kib), 0); n != 8*kib || !errors.Is(err, syscall.EIO) {
		t.Errorf("writing where it fails: %d, %v", n, err)
	}
	holds(t, f, 'a', 4*kib, 0)
	p := filled('x', 8*kib)
	if n, err := f.ReadAt(p, 0); n != 4*kib || !errors.Is(err, syscall.EIO) || p[4*kib-1] != 'a' || p[4*kib] == 'x' || p[4*kib] == 'a' {
		t.Errorf("reading where it fails: %d, %v, then %q", n, err, p[4*kib])
	}
	holds(t, f, 0, 8*kib, 8*kib)

	f.SetFaults(blocktest.Faults{FailRequest: 2, SyncError: syscall.ENOSPC})
	holds(t, f, 'a', kib, 0)
	if n, err := f.ReadAt(p, 0); n != 0 || !errors.Is(err, syscall.EIO) {
		t.Errorf("the second request: %d, %v", n, err)
	}
	holds(t, f, 'a', kib, 0)
	write(t, f, 'b', kib, 0)
	if err := f.Sync(); !errors.Is(err, syscall.ENOSPC) || len(f.Synced()) != 0 {
		t.Errorf("Sync: %v, synced: %v", err, f.Synced())
	}
}

// TestFakeShrinks: what lies behind its new end fails, and Check tells why.
func TestFakeShrinks(t *testing.T) {
	f := blocktest.NewFake(size, 512, blocktest.Faults{})
	write(t, f, 'a', size, 0)
	f.SetFaults(blocktest.Faults{ShrunkTo: 8 * kib})
	write(t, f, 'b', 8*kib, 0)
	if n, err := f.WriteAt(filled('b', 8*kib), 4*kib); n != 4*kib || !errors.Is(err, syscall.EIO) {
		t.Errorf("writing over the end: %d, %v", n, err)
	}
	if n, err := f.ReadAt(block.Buffer(kib), 8*kib); n != 0 || !errors.Is(err, syscall.EIO) {
		t.Errorf("reading behind the end: %d, %v", n, err)
	}
	if err := f.Check(); !errors.Is(err, block.ErrChanged) {
		t.Errorf("Check: %v", err)
	}
	if p := f.Peek(8*kib, 1); p[0] != 'a' {
		t.Errorf("behind the end there is %q", p)
	}
}

// TestFakeShown: what a read would show is the cache over the medium, whatever fails.
func TestFakeShown(t *testing.T) {
	f := blocktest.NewFake(size, 512, blocktest.Faults{Cache: true, ReadErrors: blocktest.Everything(0)})
	f.Poke(filled('o', 2*kib), 0)
	write(t, f, 'n', kib, 0)
	if p := f.Shown(kib-1, 2); string(p) != "no" {
		t.Errorf("%q", p)
	}
	f.PowerCycle()
	if p := f.Shown(kib-1, 2); string(p) != "oo" {
		t.Errorf("%q after the power was cut", p)
	}
}

func TestFakeVanishes(t *testing.T) {
	f := blocktest.NewFake(size, 512, blocktest.Faults{VanishAfter: 6 * kib, Cache: true})
	write(t, f, 'a', 4*kib, 0)
	if n, err := f.WriteAt(filled('b', 4*kib), 4*kib); n != 2*kib || !errors.Is(err, block.ErrGone) {
		t.Errorf("pulled in the middle: %d, %v", n, err)
	}
	_, reading := f.ReadAt(block.Buffer(512), 0)
	for _, err := range []error{reading, f.Sync(), f.Check()} {
		if !errors.Is(err, block.ErrGone) {
			t.Errorf("after it was pulled: %v", err)
		}
	}
	f.PowerCycle()
	f.SetFaults(blocktest.Faults{ChangeAfter: 4 * kib})
	if err := f.Check(); err != nil {
		t.Errorf("put back: %v", err)
	}
	holds(t, f, 0, 4*kib, 0)
	if err := f.Check(); !errors.Is(err, block.ErrChanged) {
		t.Errorf("another drive under its name: %v", err)
	}
}

func TestFakeTellsBefore(t *testing.T) {
	var seen []string
	f := blocktest.NewFake(size, 512, blocktest.Faults{})
	f.SetFaults(blocktest.Faults{Before: func(r blocktest.Request) error {
		seen = append(seen, fmt.Sprint(r.Op, r.Extent))
		if r.Op == blocktest.Check {
			f.Vanish() // its methods may be called
		}
		if r.Extent.Offset == 2*kib {
			return os.ErrDeadlineExceeded
		}
		return nil
	}})
	write(t, f, 'a', kib, 0)
	if n, err := f.WriteAt(filled('a', kib), 2*kib); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d, %v", n, err)
	}
	if err := f.Check(); !errors.Is(err, block.ErrGone) {
		t.Error(err)
	}
	if want := []string{"write{0 1024}", "write{2048 1024}", "check{0 0}"}; !slices.Equal(seen, want) {
		t.Errorf("%q", seen)
	}
}

func TestFakeRemembers(t *testing.T) {
	f := blocktest.NewFake(64<<30, 512, blocktest.Faults{})
	write(t, f, 'a', 4*kib, 40<<30)
	write(t, f, 'b', 4*kib, 0)
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	write(t, f, 'c', 4*kib, 4*kib)
	synced := block.Extents{{Offset: 0, Length: 4 * kib}, {Offset: 40 << 30, Length: 4 * kib}}
	written := block.Extents{{Offset: 0, Length: 8 * kib}, {Offset: 40 << 30, Length: 4 * kib}}
	if !slices.Equal(f.Synced(), synced) || !slices.Equal(f.Written(), written) {
		t.Errorf("synced %v, written %v", f.Synced(), f.Written())
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ReadAt(block.Buffer(512), 0); !errors.Is(err, os.ErrClosed) {
		t.Errorf("reading after Close: %v", err)
	}
	if _, err := f.Reopen().ReadAt(block.Buffer(512)[:100], 0); !errors.Is(err, block.ErrUnaligned) {
		t.Errorf("an odd length: %v", err)
	}
	want := blocktest.Counts{Reads: 2, Writes: 3, Syncs: 1, BytesWritten: 12 * kib, Refused: 2}
	if got := f.Counts(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
