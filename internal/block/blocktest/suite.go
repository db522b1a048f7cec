// Package blocktest holds the suite that every block.Device must pass, and a fake
// drive that lies and fails on demand.
package blocktest

import (
	"bytes"
	"errors"
	"math"
	"math/bits"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
)

// sizes are those that the suite asks for: whole blocks of any usual alignment,
// whole sectors only, an odd tail, and less than a block.
var sizes = []int64{1 << 20, 1<<20 + 3*512, 1<<20 + 4096, 300_017, 4097, 511, 1}

// Run checks that a device keeps the contract of block.Device. open returns a
// fresh device for reading and writing of the size asked for; one that has whole
// sectors only rounds it up. It closes what it opened with t.Cleanup where the
// suite's own Close is not enough.
func Run(t *testing.T, open func(t *testing.T, size int64) block.Device) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, block.Device)
	}{
		{"Geometry", geometry},
		{"EveryByte", everyByte},
		{"Neighbours", neighbours},
		{"OutOfRange", outOfRange},
		{"Unaligned", unaligned},
		{"Empty", emptyRequests},
		{"Concurrent", concurrent},
		{"Reset", reset},
		{"AnyReaderAndWindow", anyOffset},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, size := range sizes {
				dev := open(t, size)
				if got, step := dev.Size(), int64(dev.SectorSize()); got != size && got != (size+step-1)/step*step {
					t.Fatalf("a device of %d bytes was asked for, and has %d", size, got)
				}
				test.run(t, dev)
				if err := dev.Check(); err != nil {
					t.Errorf("size %d: Check at the end: %v", size, err)
				}
				if err := dev.Close(); err != nil {
					t.Errorf("size %d: Close: %v", size, err)
				}
				if t.Failed() {
					t.Fatalf("failed at size %d", size)
				}
			}
		})
	}
}

// RunReadOnly checks a device that was opened for looking and holds want.
func RunReadOnly(t *testing.T, dev block.Device, want []byte) {
	geometry(t, dev)
	if got := readAll(t, dev, 64<<10); !bytes.Equal(got, want) {
		t.Error("what was read is not what is there")
	}
	length := min(int64(len(want)), int64(dev.Alignment()))
	if n, err := dev.WriteAt(block.Buffer(int(length)), 0); n != 0 || !errors.Is(err, block.ErrReadOnly) {
		t.Errorf("WriteAt gave %d, %v; want 0 and ErrReadOnly", n, err)
	}
	if err := dev.Sync(); !errors.Is(err, block.ErrReadOnly) {
		t.Errorf("Sync gave %v, want ErrReadOnly", err)
	}
	if err := dev.Reset(); !errors.Is(err, block.ErrReadOnly) {
		t.Errorf("Reset gave %v, want ErrReadOnly", err)
	}
	if err := dev.Check(); err != nil {
		t.Errorf("Check: %v", err)
	}
	if got := readAll(t, dev, 64<<10); !bytes.Equal(got, want) {
		t.Error("the refused write changed something")
	}
}

func geometry(t *testing.T, dev block.Device) {
	if s := dev.SectorSize(); s != 512 && s != 4096 {
		t.Errorf("SectorSize is %d", s)
	}
	align := dev.Alignment()
	if bits.OnesCount(uint(align)) != 1 || align < 1 || align > 64<<10 {
		t.Errorf("Alignment is %d", align)
	}
}

// everyByte writes all of a device in odd chunks and reads it in others, twice,
// so that nothing old can pass for new.
func everyByte(t *testing.T, dev block.Device) {
	for round := range uint64(2) {
		want := random(dev.Size(), round)
		writeAll(t, dev, want, 3*64<<10)
		if err := dev.Sync(); err != nil {
			t.Fatalf("Sync: %v", err)
		}
		for _, chunk := range []int{64 << 10, 5 * 64 << 10, 1 << 21} {
			if !bytes.Equal(readAll(t, dev, chunk), want) {
				t.Fatalf("round %d: what was read in chunks of %d is not what was written", round, chunk)
			}
		}
	}
}

// neighbours writes single blocks, first, last and in between, and looks at all
// the others.
func neighbours(t *testing.T, dev block.Device) {
	want := random(dev.Size(), 3)
	writeAll(t, dev, want, 1<<20)
	align := int64(dev.Alignment())
	last := (dev.Size() - 1) / align * align
	for i, off := range []int64{0, last, last / align / 2 * align, max(0, last-align), last} {
		block := random(min(align, dev.Size()-off), uint64(100+i))
		copy(want[off:], block)
		if n, err := dev.WriteAt(block, off); n != len(block) || err != nil {
			t.Fatalf("writing %d bytes at %d: %d, %v", len(block), off, n, err)
		}
		if !bytes.Equal(readAll(t, dev, 64<<10), want) {
			t.Fatalf("after writing %d bytes at %d, not everything is as it must be", len(block), off)
		}
	}
	if err := dev.Sync(); err != nil {
		t.Fatalf("Sync: %v", err)
	}
	if !bytes.Equal(readAll(t, dev, 1<<20), want) {
		t.Fatal("Sync changed something")
	}
}

func outOfRange(t *testing.T, dev block.Device) {
	want := random(dev.Size(), 4)
	writeAll(t, dev, want, 1<<20)
	align := int64(dev.Alignment())
	end := (dev.Size() + align - 1) / align * align
	for _, e := range []block.Extent{
		{Offset: -align, Length: align},
		{Offset: -align, Length: 2 * align},
		{Offset: 0, Length: end + align},
		{Offset: end, Length: align},
		{Offset: end - align, Length: 2 * align},
		{Offset: end + align, Length: 0},
		{Offset: -1, Length: 0},
		{Offset: math.MaxInt64 &^ (align - 1), Length: align},
		{Offset: math.MinInt64, Length: align},
	} {
		refused(t, dev, block.Buffer(int(e.Length)), e.Offset, block.ErrOutOfRange)
	}
	if !bytes.Equal(readAll(t, dev, 1<<20), want) {
		t.Fatal("a refused write changed something")
	}
}

func unaligned(t *testing.T, dev block.Device) {
	align := dev.Alignment()
	if align == 1 || dev.Size() < int64(3*align) {
		return
	}
	want := random(dev.Size(), 5)
	writeAll(t, dev, want, 1<<20)
	buf := block.Buffer(3 * align)
	for _, by := range []int{1, align / 2, align - 1} {
		refused(t, dev, buf[:align], int64(by), block.ErrUnaligned)
		refused(t, dev, buf[:by], 0, block.ErrUnaligned)
		refused(t, dev, buf[:align+by], int64(align), block.ErrUnaligned)
		refused(t, dev, buf[by:by+align], 0, block.ErrUnaligned)
	}
	if !bytes.Equal(readAll(t, dev, 1<<20), want) {
		t.Fatal("a refused write changed something")
	}
}

// refused tries to read and to write.
func refused(t *testing.T, dev block.Device, buf []byte, off int64, want error) {
	t.Helper()
	if n, err := dev.ReadAt(buf, off); n != 0 || !errors.Is(err, want) {
		t.Errorf("ReadAt of %d bytes at %d gave %d, %v; want 0, %v", len(buf), off, n, err, want)
	}
	if n, err := dev.WriteAt(buf, off); n != 0 || !errors.Is(err, want) {
		t.Errorf("WriteAt of %d bytes at %d gave %d, %v; want 0, %v", len(buf), off, n, err, want)
	}
}

func emptyRequests(t *testing.T, dev block.Device) {
	for _, off := range []int64{0, dev.Size()} {
		if n, err := dev.ReadAt(nil, off); n != 0 || err != nil {
			t.Errorf("ReadAt of nothing at %d gave %d, %v", off, n, err)
		}
		if n, err := dev.WriteAt(nil, off); n != 0 || err != nil {
			t.Errorf("WriteAt of nothing at %d gave %d, %v", off, n, err)
		}
	}
}

// concurrent lets several writers and readers work on places of their own.
func concurrent(t *testing.T, dev block.Device) {
	want := random(dev.Size(), 6)
	const chunk = 64 << 10
	var wg sync.WaitGroup
	for off := int64(0); off < dev.Size(); off += chunk {
		wg.Go(func() {
			mine := want[off:min(off+chunk, dev.Size())]
			got := block.Buffer(len(mine))
			for range 3 {
				if _, err := dev.WriteAt(mine, off); err != nil {
					t.Errorf("writing at %d: %v", off, err)
				}
				if _, err := dev.ReadAt(got, off); err != nil || !bytes.Equal(got, mine) {
					t.Errorf("reading at %d: %v, as written: %v", off, err, bytes.Equal(got, mine))
				}
			}
		})
	}
	wg.Go(func() {
		if err := dev.Sync(); err != nil {
			t.Errorf("Sync meanwhile: %v", err)
		}
	})
	wg.Wait()
	if !bytes.Equal(readAll(t, dev, 1<<20), want) {
		t.Error("what is there is not what was written")
	}
}

// reset loses nothing that was synced, and leaves a device that works.
func reset(t *testing.T, dev block.Device) {
	for round := range uint64(2) {
		want := random(dev.Size(), 9+round)
		writeAll(t, dev, want, 1<<20)
		if err := dev.Sync(); err != nil {
			t.Fatalf("Sync: %v", err)
		}
		err := dev.Reset()
		if none := (*block.NoResetError)(nil); errors.As(err, &none) && none.Because == "" {
			t.Errorf("it does not say why there is no reset: %v", err)
		} else if err != nil && none == nil {
			t.Fatalf("Reset: %v", err)
		}
		if err := dev.Check(); err != nil {
			t.Errorf("Check after Reset: %v", err)
		}
		if !bytes.Equal(readAll(t, dev, 1<<20), want) {
			t.Fatal("what was synced is not what is there after Reset")
		}
	}
}

// anyOffset writes and reads at random through what needs no alignment.
func anyOffset(t *testing.T, dev block.Device) {
	rng := rand.New(rand.NewPCG(uint64(dev.Size()), 7))
	want := random(dev.Size(), 8)
	writeAll(t, dev, want, 1<<20)
	window := block.AnyWriter(dev)
	for range 40 {
		off := rng.Int64N(dev.Size())
		p := random(min(rng.Int64N(1<<rng.IntN(20)), dev.Size()-off)+1, rng.Uint64())[1:]
		copy(want[off:], p)
		if n, err := window.WriteAt(p, off); n != len(p) || err != nil {
			t.Fatalf("writing %d bytes at %d: %d, %v", len(p), off, n, err)
		}
		got := make([]byte, len(p))
		if n, err := window.ReadAt(got, off); n != len(p) || err != nil || !bytes.Equal(got, p) {
			t.Fatalf("reading %d bytes at %d: %d, %v", len(p), off, n, err)
		}
	}
	if err := window.Err(); err != nil {
		t.Errorf("the window remembers %v", err)
	}
	r := block.AnyReader(dev)
	for range 40 {
		off := rng.Int64N(dev.Size())
		got := make([]byte, min(rng.Int64N(1<<rng.IntN(20))+1, dev.Size()-off))
		if n, err := r.ReadAt(got, off); n != len(got) || err != nil || !bytes.Equal(got, want[off:off+int64(n)]) {
			t.Fatalf("reading %d bytes at %d: %d, %v", len(got), off, n, err)
		}
	}
	if !bytes.Equal(readAll(t, dev, 1<<20), want) {
		t.Error("what is there is not what was written")
	}
}

// random returns n aligned bytes that depend on seed.
func random(n int64, seed uint64) []byte {
	p := block.Buffer(int(n))
	source := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), 1})
	if _, err := source.Read(p); err != nil {
		panic(err) // it never fails
	}
	return p
}

func writeAll(t *testing.T, dev block.Device, p []byte, chunk int) {
	t.Helper()
	for off := 0; off < len(p); off += chunk {
		part := p[off:min(off+chunk, len(p))]
		if n, err := dev.WriteAt(part, int64(off)); n != len(part) || err != nil {
			t.Fatalf("writing %d bytes at %d: %d, %v", len(part), off, n, err)
		}
	}
}

func readAll(t *testing.T, dev block.Device, chunk int) []byte {
	t.Helper()
	p := block.Buffer(int(dev.Size()))
	for off := 0; off < len(p); off += chunk {
		part := p[off:min(off+chunk, len(p))]
		if n, err := dev.ReadAt(part, int64(off)); n != len(part) || err != nil {
			t.Fatalf("reading %d bytes at %d: %d, %v", len(part), off, n, err)
		}
	}
	return p
}
