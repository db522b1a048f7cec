package verify

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/progress"
)

// memory is a drive that holds data.
func memory(data []byte, sector int) *block.Memory {
	m := block.NewMemory(int64(len(data)), sector)
	copy(m.Bytes(), data)
	return m
}

func report(t testing.TB, data []byte, s Spec) Report {
	t.Helper()
	r, err := Run(t.Context(), memory(data, 512), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Complete {
		t.Fatalf("the read-back is not complete: %+v", r)
	}
	return r
}

func TestSizesOfEveryKind(t *testing.T) {
	s := spec(2, 2)
	full := bytesOf(t, s, 2, 0, 10<<20+17)
	for _, size := range []int64{1, 511, 512, 513, 4095, 4096, 4097, stride - 1, stride + 513, chunkBytes - 1, chunkBytes, chunkBytes + 1, 2 * chunkBytes, 10<<20 + 17} {
		for _, sector := range []int{512, 4096} {
			var count progress.Counter
			r, err := Run(t.Context(), memory(full[:size], sector), s, &count)
			if err != nil || !r.OK() || r.Bytes != size || r.Matched != size || !r.Direct {
				t.Errorf("%d bytes in sectors of %d: %+v, %v", size, sector, r, err)
			}
			if done, total := count.Load(); done != size || total != size {
				t.Errorf("%d bytes: counted %d of %d", size, done, total)
			}
			data := bytes.Clone(full[:size])
			data[size-1] ^= 1
			if r, err := Run(t.Context(), memory(data, sector), s, nil); err != nil || r.OK() {
				t.Errorf("%d bytes, the last one changed: %+v, %v", size, r, err)
			}
		}
	}
}

func TestSpecMustBeUsable(t *testing.T) {
	for name, spoil := range map[string]func(*Spec){
		"short seed":             func(s *Spec) { s.Seed = s.Seed[1:] },
		"no seed":                func(s *Spec) { s.Seed = nil },
		"long digest":            func(s *Spec) { s.DriveDigest = append(s.DriveDigest, 0) },
		"pass zero":              func(s *Spec) { s.Pass = 0 },
		"pass behind last":       func(s *Spec) { s.Pass = 3 },
		"no passes":              func(s *Spec) { s.Pass, s.Passes = 0, nil },
		"too many passes":        func(s *Spec) { s.Passes = slices.Repeat(s.Passes, maxPasses) },
		"unknown pattern":        func(s *Spec) { s.Passes[1] = "gutmann" },
		"unknown pattern before": func(s *Spec) { s.Passes[0], s.Pass = "", 2 },
		"no bytes":               func(s *Spec) { s.Passes[0] = "fixed-" },
		"too many bytes":         func(s *Spec) { s.Passes[0] = "fixed-" + strings.Repeat("00", 17) },
		"half a byte":            func(s *Spec) { s.Passes[0] = "fixed-0" },
		"complement of nothing":  func(s *Spec) { s.Passes[0] = nameComplement },
		"complement of bytes":    func(s *Spec) { s.Passes = []string{"fixed-00", nameComplement} },
		"nothing to read":        func(s *Spec) { s.Percent = 0 },
		"more than all":          func(s *Spec) { s.Percent = 101 },
		"negative exception":     func(s *Spec) { s.Except = block.Extents{{Offset: -1, Length: 10}} },
		"endless exception":      func(s *Spec) { s.Except = block.Extents{{Offset: 10, Length: -1}} },
	} {
		s := spec(1, 2)
		spoil(&s)
		if r, err := Run(t.Context(), memory(make([]byte, 512), 512), s, nil); !errors.Is(err, ErrSpec) || r.OK() || r.Complete {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	if r, err := Run(t.Context(), memory(nil, 512), spec(1, 1), nil); !errors.Is(err, block.ErrEmpty) || r.OK() {
		t.Errorf("an empty drive: %+v, %v", r, err)
	}
}

func TestOK(t *testing.T) {
	good := Report{Complete: true, Bytes: 512, Matched: 512}
	if !good.OK() {
		t.Fatal("a good report is not OK")
	}
	for name, spoil := range map[string]func(*Report){
		"not complete":   func(r *Report) { r.Complete = false },
		"a mismatch":     func(r *Report) { r.Mismatches = []Mismatch{{Class: Corrupt}} },
		"unreadable":     func(r *Report) { r.Unreadable = block.Extents{{Offset: 0, Length: 512}} },
		"nothing read":   func(r *Report) { r.Bytes, r.Matched = 0, 0 },
		"does not match": func(r *Report) { r.Matched-- },
		"the zero value": func(r *Report) { *r = Report{} },
	} {
		r := good
		spoil(&r)
		if r.OK() {
			t.Errorf("%s: %+v is OK", name, r)
		}
	}
}

func TestExceptions(t *testing.T) {
	const size = 3*chunkBytes + 100
	s := spec(1, 1)
	good := bytesOf(t, s, 1, 0, size)
	for _, except := range []block.Extents{
		{{Offset: 0, Length: 1}},
		{{Offset: 100, Length: 1}, {Offset: 102, Length: 700}},
		{{Offset: 512 * 9, Length: 512 * 3}},
		{{Offset: chunkBytes - 5, Length: 10}},
		{{Offset: chunkBytes - 5, Length: chunkBytes + 10}},
		{{Offset: chunkBytes, Length: 2 * chunkBytes}},
		{{Offset: size - 1, Length: 1}},
		{{Offset: size - 90, Length: 1 << 60}},
		{{Offset: size, Length: 10}, {Offset: 0, Length: 10}},
		{{Offset: 5, Length: 10}, {Offset: 7, Length: 2}, {Offset: 5, Length: 0}},
	} {
		inside := [size]bool{}
		left := int64(0)
		for _, e := range except {
			for i := e.Offset; i < min(e.End(), size); i++ {
				if !inside[i] {
					left++
				}
				inside[i] = true
			}
		}
		s.Except = except
		data := bytes.Clone(good)
		edges := []int64{}
		for i := range data {
			if inside[i] {
				data[i] ^= 0xff
			} else if i > 0 && inside[i-1] || i+1 < size && inside[i+1] {
				edges = append(edges, int64(i))
			}
		}
		if r := report(t, data, s); !r.OK() || r.Excepted != left || r.Bytes != size-left {
			t.Errorf("%v: %+v", except, r)
		}
		for _, i := range edges {
			data[i] ^= 1
			if r := report(t, data, s); r.OK() || r.Matched < size-left-512 || !r.Mismatches[0].Extents.Contains(i) {
				t.Errorf("%v: byte %d beside it was not judged: %+v", except, i, r)
			}
			data[i] ^= 1
		}
	}
	s.Except = block.Extents{{Offset: 0, Length: size}}
	if r := report(t, good, s); r.OK() {
		t.Error("a read-back that compared nothing is OK")
	}
}

// faulty is a drive whose reads can be made to fail.
type faulty struct {
	*block.Memory
	fail     block.Extents // reads that touch these fail with EIO
	requests int
	before   func(off int64) error // asked before each read
	check    func() error
}

func (f *faulty) ReadAt(p []byte, off int64) (int, error) {
	f.requests++
	if f.before != nil {
		if err := f.before(off); err != nil {
			return 0, err
		}
	}
	if f.fail.Clip(block.Extent{Offset: off, Length: int64(len(p))}) != nil {
		clear(p) // what a failed read leaves behind is anything
		return 0, syscall.EIO
	}
	return f.Memory.ReadAt(p, off)
}

func (f *faulty) Check() error {
	if f.check != nil {
		return f.check()
	}
	return nil
}

func TestUnreadableSectors(t *testing.T) {
	const size = 3*chunkBytes + 3*512 + 5
	s := spec(1, 1)
	good := bytesOf(t, s, 1, 0, size)
	for _, c := range []struct {
		sector int
		fail   block.Extents
		want   block.Extents
	}{
		{512, block.Extents{{Offset: 1000, Length: 1}}, block.Extents{{Offset: 512, Length: 512}}},
		{4096, block.Extents{{Offset: 5000, Length: 1}}, block.Extents{{Offset: 4096, Length: 4096}}},
		{512, block.Extents{{Offset: chunkBytes - 512, Length: 1024}}, block.Extents{{Offset: chunkBytes - 512, Length: 1024}}},
		{512, block.Extents{{Offset: 0, Length: 1}, {Offset: chunkBytes + 512*77, Length: 512}}, block.Extents{{Offset: 0, Length: 512}, {Offset: chunkBytes + 512*77, Length: 512}}},
		{512, block.Extents{{Offset: size - 1, Length: 1}}, block.Extents{{Offset: size - 5, Length: 5}}},
		{512, block.Extents{{Offset: size - 600, Length: 1}}, block.Extents{{Offset: 3*chunkBytes + 2*512 - 512, Length: 512}}},
	} {
		drive := &faulty{Memory: memory(good, c.sector), fail: c.fail}
		r, err := Run(t.Context(), drive, s, nil)
		if err != nil || !r.Complete || r.OK() || r.Mismatches != nil || !slices.Equal(r.Unreadable, c.want) {
			t.Errorf("%v in sectors of %d: %+v, %v", c.fail, c.sector, r, err)
		}
		if r.Bytes != size-c.want.Bytes() || r.Matched != r.Bytes {
			t.Errorf("%v: %d bytes were read, %d matched", c.fail, r.Bytes, r.Matched)
		}
	}
}

// TestUnreadableMeetsException has sectors that cannot be read partly inside an
// exception: that part is not judged at all.
func TestUnreadableMeetsException(t *testing.T) {
	s := spec(1, 1)
	s.Except = block.Extents{{Offset: 512 * 3, Length: 600}}
	drive := &faulty{Memory: memory(bytesOf(t, s, 1, 0, 8*512), 512), fail: block.Extents{{Offset: 512 * 3, Length: 1024}}}
	r, err := Run(t.Context(), drive, s, nil)
	if err != nil || !r.Complete || r.Excepted != 600 || !slices.Equal(r.Unreadable, block.Extents{{Offset: 512*3 + 600, Length: 424}}) || r.Bytes != 6*512 {
		t.Errorf("%+v, %v", r, err)
	}
	s.Except = block.Extents{{Offset: 512 * 3, Length: 1024}}
	if r, err = Run(t.Context(), drive, s, nil); err != nil || !r.OK() {
		t.Errorf("all of it is excepted: %+v, %v", r, err)
	}
}

func TestExceptedChunksAreNotRead(t *testing.T) {
	s := spec(1, 1)
	s.Except = block.Extents{{Offset: chunkBytes, Length: chunkBytes}}
	drive := &faulty{Memory: memory(bytesOf(t, s, 1, 0, 3*chunkBytes), 512), fail: s.Except}
	if r, err := Run(t.Context(), drive, s, nil); err != nil || !r.OK() || drive.requests != 2 {
		t.Errorf("%+v, %v after %d requests", r, err, drive.requests)
	}
}

// TestDeadDriveIsGivenUpInTime has a drive of which nothing can be read.
func TestDeadDriveIsGivenUpInTime(t *testing.T) {
	const size = 40 * chunkBytes
	drive := &faulty{Memory: block.NewMemory(size, 512), fail: block.Extents{{Offset: 0, Length: size}}}
	r, err := Run(t.Context(), drive, spec(1, 1), nil)
	if err != nil || !r.Complete || r.OK() || r.Bytes != 0 || !slices.Equal(r.Unreadable, block.Extents{{Offset: 0, Length: size}}) {
		t.Errorf("%+v, %v", r, err)
	}
	if most := maxFailures + size/chunkBytes + chunkBytes/pieceBytes + pieceBytes/512; drive.requests > most {
		t.Errorf("%d requests, want at most %d", drive.requests, most)
	}
}

// TestDriveThatGoes ends a read-back early in each way that a drive can: what
// was judged until then is in the report, and it is never complete.
func TestDriveThatGoes(t *testing.T) {
	const size = 5 * chunkBytes
	s := spec(1, 1)
	good := bytesOf(t, s, 1, 0, size)
	for off := 0; off < size; off += chunkBytes {
		clear(good[off+512 : off+1024])
	}
	for name, c := range map[string]struct{ fails, check error }{
		"gone":                 {block.ErrGone, nil},
		"changed":              {block.ErrChanged, nil},
		"gone, as Check knows": {syscall.EIO, block.ErrGone},
		"refuses requests":     {block.ErrUnaligned, nil},
	} {
		drive := &faulty{Memory: memory(good, 512), check: func() error { return c.check }}
		drive.before = func(int64) error {
			if drive.requests > 3 {
				return c.fails
			}
			return nil
		}
		var count progress.Counter
		r, err := Run(t.Context(), drive, s, &count)
		if !errors.Is(err, block.ErrGone) && !errors.Is(err, block.ErrChanged) && !errors.Is(err, block.ErrUnaligned) {
			t.Errorf("%s: error is %v", name, err)
		}
		if r.Complete || r.OK() || r.Bytes != 3*chunkBytes || len(r.Mismatches) != 1 || r.Mismatches[0].Bytes != 3*512 || r.Unreadable != nil {
			t.Errorf("%s: %+v", name, r)
		}
		if done, total := count.Load(); done != 3*chunkBytes || total != size {
			t.Errorf("%s: counted %d of %d", name, done, total)
		}
	}
}

func TestCancellation(t *testing.T) {
	const size = 5 * chunkBytes
	s := spec(1, 1)
	ctx, cancel := context.WithCancel(t.Context())
	drive := &faulty{Memory: memory(bytesOf(t, s, 1, 0, size), 512)}
	drive.before = func(int64) error {
		if drive.requests == 3 {
			cancel()
		}
		return nil
	}
	r, err := Run(ctx, drive, s, nil)
	if !errors.Is(err, context.Canceled) || r.Complete || r.OK() || r.Bytes != 3*chunkBytes || r.Matched != r.Bytes {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err = Run(ctx, drive, s, nil); !errors.Is(err, context.Canceled) || r.OK() || r.Bytes != 0 {
		t.Errorf("cancelled before: %+v, %v", r, err)
	}
}

// TestCancellationWhileRetrying must not wait for thousands of sectors.
func TestCancellationWhileRetrying(t *testing.T) {
	const size = chunkBytes
	ctx, cancel := context.WithCancel(t.Context())
	drive := &faulty{Memory: block.NewMemory(size, 512), fail: block.Extents{{Offset: 0, Length: size}}}
	drive.before = func(int64) error {
		if drive.requests == 100 {
			cancel()
		}
		return nil
	}
	r, err := Run(ctx, drive, spec(1, 1), nil)
	if !errors.Is(err, context.Canceled) || r.Complete || drive.requests != 100 {
		t.Errorf("%+v, %v after %d requests", r, err, drive.requests)
	}
}

// wrapping is a drive with less room than it says: addresses wrap around.
type wrapping struct {
	*block.Memory
	real int64
}

func (w wrapping) ReadAt(p []byte, off int64) (int, error) {
	for n := 0; n < len(p); n += 512 {
		if _, err := w.Memory.ReadAt(p[n:][:512], (off+int64(n))%w.real); err != nil {
			return n, err
		}
	}
	return len(p), nil
}

func TestWrappingDriveShowsItsRealSize(t *testing.T) {
	const size, real = 10 << 20, 3<<20 + 512*7
	s := spec(1, 1)
	drive := wrapping{block.NewMemory(size, 512), real}
	for off := int64(0); off < size; off += 512 { // what is written last stays
		copy(drive.Bytes()[off%real:], bytesOf(t, s, 1, off, 512))
	}
	r, err := Run(t.Context(), drive, s, nil)
	if err != nil || !r.Complete || r.OK() || r.Matched != real || len(r.Mismatches) != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	// The first sector holds what was written to it on the last way round.
	if m := r.Mismatches[0]; m.Class != Wrapped || m.Bytes != size-real || m.Source != size/real*real {
		t.Errorf("%+v", m)
	}
}
