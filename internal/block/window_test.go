package block_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
)

// TestWindowAgainstBytes writes and reads at random places and lengths, beyond
// what the window copies at once too, beside a plain slice.
func TestWindowAgainstBytes(t *testing.T) {
	const size = 5<<20 + 17
	fake := blocktest.NewFake(size, 512, blocktest.Faults{})
	fake.SetAlignment(4096)
	window := block.AnyWriter(fake)
	model := make([]byte, size)
	random := noise(size)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		off := rng.Int64N(size)
		length := min(rng.Int64N(1<<rng.IntN(23))+1, size-off)
		p := random[rng.Int64N(size-length+1):][:length]
		copy(model[off:], p)
		if n, err := window.WriteAt(p, off); n != len(p) || err != nil {
			t.Fatalf("writing %d bytes at %d: %d, %v", len(p), off, n, err)
		}
		off = rng.Int64N(size)
		got := make([]byte, min(rng.Int64N(1<<rng.IntN(23))+1, size-off))
		if n, err := window.ReadAt(got, off); n != len(got) || err != nil || !bytes.Equal(got, model[off:off+int64(n)]) {
			t.Fatalf("reading %d bytes at %d: %d, %v", len(got), off, n, err)
		}
	}
	if !bytes.Equal(fake.Peek(0, size), model) {
		t.Error("the drive does not hold what was written")
	}
	if c := fake.Counts(); c.Refused != 0 {
		t.Errorf("the window made %d requests that a device refuses", c.Refused)
	}
	if err := window.Err(); err != nil {
		t.Errorf("the window remembers %v", err)
	}
}

// TestWindowWritesNoMore than the blocks that a write touches, and reads only
// those that it does not fill.
func TestWindowWritesNoMore(t *testing.T) {
	for _, test := range []struct {
		off, length   int64
		reads, writes int
		bytesRead     int64
		bytesWritten  int64
	}{
		{0, 4096, 0, 1, 0, 4096},
		{1, 1, 1, 1, 4096, 4096},
		{4096, 2 << 20, 0, 2, 0, 2 << 20}, // copied, since its memory is not aligned
		{4000, 200, 2, 2, 8192, 8192},
		{4000, 4096 * 2, 2, 3, 8192, 3 * 4096},
		{4<<20 - 10, 27, 1, 2, 4096, 4096 + 17},
		{4<<20 - 10, 26, 2, 2, 4096 + 17, 4096 + 17},
		{4 << 20, 17, 0, 1, 0, 17},
	} {
		fake := blocktest.NewFake(4<<20+17, 512, blocktest.Faults{})
		fake.SetAlignment(4096)
		p := block.Buffer(int(test.length) + 1)[1:]
		if _, err := block.AnyWriter(fake).WriteAt(p, test.off); err != nil {
			t.Fatal(err)
		}
		got := fake.Counts()
		if got.BytesRead != test.bytesRead || got.BytesWritten != test.bytesWritten ||
			got.Reads != test.reads || got.Writes != test.writes {
			t.Errorf("%d bytes at %d: %+v", test.length, test.off, got)
		}
	}
}

func TestWindowAtTheEnds(t *testing.T) {
	fake := blocktest.NewFake(1000, 512, blocktest.Faults{})
	window := block.AnyWriter(fake)
	p := make([]byte, 100)
	if n, err := window.ReadAt(p, 950); n != 50 || err != io.EOF {
		t.Errorf("reading beyond the end: %d, %v", n, err)
	}
	for _, off := range []int64{1000, math.MaxInt64} {
		if n, err := window.ReadAt(p, off); n != 0 || err != io.EOF {
			t.Errorf("reading at %d: %d, %v", off, n, err)
		}
	}
	if err := window.Err(); err != nil {
		t.Errorf("the window remembers the end of the drive: %v", err)
	}
	for _, off := range []int64{-1, 901, 1000, math.MaxInt64, math.MinInt64} {
		if n, err := window.WriteAt(p, off); n != 0 || !errors.Is(err, block.ErrOutOfRange) {
			t.Errorf("writing at %d: %d, %v", off, n, err)
		}
	}
	if n, err := window.ReadAt(p, -1); n != 0 || !errors.Is(err, block.ErrOutOfRange) {
		t.Errorf("reading at -1: %d, %v", n, err)
	}
	if err := window.Err(); !errors.Is(err, block.ErrOutOfRange) {
		t.Errorf("the window remembers %v", err)
	}
	if c := fake.Counts(); c.Writes != 0 || c.Refused != 0 {
		t.Errorf("%+v", c)
	}
}

// TestWindowRemembers the first error, of a read that a write needed too.
func TestWindowRemembers(t *testing.T) {
	for name, faults := range map[string]blocktest.Faults{
		"a write":              {WriteErrors: blocktest.Everything(8192)},
		"a read":               {ReadErrors: blocktest.Everything(8192)},
		"the drive was pulled": {VanishAfter: 8192},
	} {
		window := block.AnyWriter(blocktest.NewFake(1<<20, 512, faults))
		if _, err := window.WriteAt(make([]byte, 8192), 0); err != nil || window.Err() != nil {
			t.Fatalf("%s: before: %v, %v", name, err, window.Err())
		}
		_, first := window.WriteAt(make([]byte, 100), 8192)
		if first == nil || window.Err() != first {
			t.Errorf("%s: %v failed, %v is remembered", name, first, window.Err())
		}
		if _, err := window.WriteAt(nil, -1); err == nil || window.Err() != first {
			t.Errorf("%s: the first error is not kept: %v", name, window.Err())
		}
	}
}

// TestWindowTogether lets many write into the same blocks at once.
func TestWindowTogether(t *testing.T) {
	fake := blocktest.NewFake(1<<16, 512, blocktest.Faults{Before: func(blocktest.Request) error {
		runtime.Gosched() // let another one in between reading and writing back
		return nil
	}})
	fake.SetAlignment(4096)
	window := block.AnyWriter(fake)
	want := noise(1 << 16)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for off := i; off < len(want); off += 16 * 16 {
				end := min(off+1, len(want))
				if _, err := window.WriteAt(want[off:end], int64(off)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got := fake.Peek(0, len(want))
	for i := range got {
		if written := i%256 < 16; written != (got[i] == want[i]) && want[i] != 0 {
			t.Fatalf("byte %d is %d", i, got[i])
		}
	}
}

func TestAnyReader(t *testing.T) {
	for _, size := range []int64{1, 511, 4096, 64 << 10, 300_017} {
		want := noise(size)
		fake := blocktest.NewFake(size, 512, blocktest.Faults{})
		fake.SetAlignment(4096)
		fake.Poke(want, 0)
		r := block.AnyReader(fake)
		if err := iotest.TestReader(io.NewSectionReader(r, 0, size), want); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		if n, err := r.ReadAt(make([]byte, 2), size-1); n != 1 || err != io.EOF {
			t.Errorf("%d bytes: beyond the end: %d, %v", size, n, err)
		}
		if _, err := r.ReadAt(make([]byte, 1), -1); !errors.Is(err, block.ErrOutOfRange) {
			t.Errorf("before the start: %v", err)
		}
		if c := fake.Counts(); c.Refused != 0 {
			t.Errorf("%d bytes: %d requests that a device refuses", size, c.Refused)
		}
	}
}

// TestAnyReaderReadsAhead counts what small reads cost: one request for each
// piece, also when two places are walked in turns after many others.
func TestAnyReaderReadsAhead(t *testing.T) {
	fake := blocktest.NewFake(8<<20, 512, blocktest.Faults{})
	r := block.AnyReader(fake)
	p := make([]byte, 32)
	for place := range int64(100) {
		if _, err := r.ReadAt(p, place<<16); err != nil {
			t.Fatal(err)
		}
	}
	for off := int64(0); off < 64<<10; off += 32 {
		for _, place := range []int64{0, 4 << 20} {
			if _, err := r.ReadAt(p, place+off); err != nil {
				t.Fatal(err)
			}
		}
	}
	if c := fake.Counts(); c.Reads != 100+2 {
		t.Errorf("%d requests for 102 pieces", c.Reads)
	}
}

// TestAnyReaderAroundBadBlocks: one bad sector costs itself, not its neighbours,
// and is not waited for again with each small read.
func TestAnyReaderAroundBadBlocks(t *testing.T) {
	want := noise(256 << 10)
	fake := blocktest.NewFake(256<<10, 512, blocktest.Faults{ReadErrors: block.Extents{{Offset: 70 << 10, Length: 512}}})
	fake.Poke(want, 0)
	r := block.AnyReader(fake)
	for off := int64(0); off < int64(len(want)); off += 128 {
		p := make([]byte, 128)
		n, err := r.ReadAt(p, off)
		if bad := off >= 70<<10 && off < 70<<10+512; bad {
			if n != 0 || !errors.Is(err, syscall.EIO) {
				t.Errorf("reading at %d: %d, %v", off, n, err)
			}
		} else if err != nil || !bytes.Equal(p, want[off:off+128]) {
			t.Errorf("reading at %d: %v", off, err)
		}
	}
	// The failing pieces, once; then block by block. Good pieces, once.
	if c := fake.Counts(); c.Reads > 4+64<<10/128 {
		t.Errorf("%d requests", c.Reads)
	}
	if _, err := r.ReadAt(make([]byte, 1000), 70<<10-300); !errors.Is(err, syscall.EIO) {
		t.Errorf("reading into the bad sector: %v", err)
	}
}
