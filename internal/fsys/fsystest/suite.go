// Package fsystest checks that a reader of a file system keeps what
// [fsys.FS] promises.
package fsystest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// Sample is a volume that other people's programs made, and what is on it.
type Sample struct {
	Image []byte // the volume alone
	Open  fsys.Opener
	Type  string
	Label string
	// Files is the content of each live file by path; all live files that the
	// file system's own structures do not make.
	Files map[string][]byte
	// Own reports whether a live entry is one of the file system's own.
	Own func(path string) bool
}

// Run checks everything on one sample.
func (s Sample) Run(t *testing.T) {
	t.Run("content", s.content)
	t.Run("elsewhere on a drive", s.moved)
	t.Run("errors of the visitor", s.stops)
	t.Run("unreadable sectors", s.unreadable)
	t.Run("cut short", s.cut)
	t.Run("damage", s.damaged)
}

func (s Sample) open(t *testing.T, r io.ReaderAt, start, size int64) fsys.FS {
	t.Helper()
	f, err := s.Open(r, start, size)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Walk returns all entries, and fails when they are not what every reader must
// give for a volume in the bytes [start, start+size).
func Walk(t testing.TB, f fsys.FS, start, size int64) (list []fsys.Entry) {
	t.Helper()
	err := f.Walk(context.Background(), func(e fsys.Entry) error {
		list = append(list, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if err := Check(e, start, size); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// Check says what is wrong with an entry of a volume in [start, start+size).
func Check(e fsys.Entry, start, size int64) error {
	fault := func(what string) error { return fmt.Errorf("%s: %+q %+v", what, e.Path, e) }
	inside := func(x block.Extent) bool {
		return x.Length > 0 && x.Offset >= start && x.End() <= start+size && x.End() > x.Offset
	}
	total := int64(0)
	for _, x := range e.Data {
		if total += x.Length; !inside(x) {
			return fault("data outside the volume")
		}
	}
	switch {
	case !strings.HasPrefix(e.Path, "/") || strings.HasSuffix(e.Path, "/") || strings.Contains(e.Path, "//"):
		return fault("not a path")
	case !inside(e.Record):
		return fault("record outside the volume")
	case !e.Deleted && (e.NameOnly || e.Reused):
		return fault("live, and only a name or reused")
	case (e.NameOnly || e.Reused) && len(e.Data) > 0:
		return fault("data of nothing")
	case e.Reused && (e.Was < start || e.Was >= start+size):
		return fault("was outside the volume")
	case e.Size < 0 || e.Dir && e.Size != 0:
		return fault("size")
	case !e.Dir && e.Content == nil && total > e.Size:
		return fault("more data than its size")
	}
	return nil
}

// content compares all live files with what was put there.
func (s Sample) content(t *testing.T) {
	f := s.open(t, bytes.NewReader(s.Image), 0, int64(len(s.Image)))
	if f.Type() != s.Type || f.Label(context.Background()) != s.Label {
		t.Errorf("%s with label %q, want %s with %q", f.Type(), f.Label(context.Background()), s.Type, s.Label)
	}
	left := map[string]bool{}
	for path := range s.Files {
		left[path] = true
	}
	for _, e := range Walk(t, f, 0, int64(len(s.Image))) {
		if e.Deleted || e.Dir || s.Own != nil && s.Own(e.Path) {
			continue
		}
		want, ok := s.Files[e.Path]
		if !ok || !left[e.Path] {
			t.Errorf("%q is not there, or twice", e.Path)
			continue
		}
		delete(left, e.Path)
		if got := ReadAll(s.Image, e); !bytes.Equal(got, want) || e.Size != int64(len(want)) || e.Incomplete {
			t.Errorf("%q: %d bytes of size %d, incomplete %v, want %d bytes", e.Path, len(got), e.Size, e.Incomplete, len(want))
		}
	}
	for path := range left {
		t.Errorf("%q was not found", path)
	}
	if w := f.Warnings(); len(w) > 0 || len(f.Unreadable()) > 0 {
		t.Errorf("warnings %q, unreadable %v", w, f.Unreadable())
	}
}

// ReadAll puts the content of an entry together from the bytes of its drive.
func ReadAll(drive []byte, e fsys.Entry) (content []byte) {
	if e.Content != nil {
		return e.Content(int(e.Size))
	}
	for _, x := range e.Data {
		content = append(content, drive[x.Offset:x.End()]...)
	}
	return content
}

// list is everything that a walk tells, for comparison.
func list(t *testing.T, f fsys.FS, start, size int64) (lines []string) {
	t.Helper()
	for _, e := range Walk(t, f, start, size) {
		e.Record.Offset -= start
		e.Was -= min(start, e.Was)
		for i := range e.Data {
			e.Data[i].Offset -= start
		}
		e.Content = nil
		lines = append(lines, fmt.Sprintf("%+v", e))
	}
	return lines
}

// moved has the volume in the middle of a drive: all offsets move with it, and a
// second walk tells the same as the first.
func (s Sample) moved(t *testing.T) {
	const start = 3 << 16
	size := int64(len(s.Image))
	drive := slices.Concat(bytes.Repeat([]byte{0xA5}, start), s.Image, bytes.Repeat([]byte{0x5A}, start))
	f := s.open(t, bytes.NewReader(drive), start, size)
	first := list(t, f, start, size)
	again := list(t, f, start, size)
	alone := list(t, s.open(t, bytes.NewReader(s.Image), 0, size), 0, size)
	if !slices.Equal(first, again) || !slices.Equal(first, alone) || len(first) == 0 {
		t.Errorf("%d entries, %d the second time, %d where the volume is alone", len(first), len(again), len(alone))
	}
}

func (s Sample) stops(t *testing.T) {
	f := s.open(t, bytes.NewReader(s.Image), 0, int64(len(s.Image)))
	mine, visits := errors.New("mine"), 0
	err := f.Walk(context.Background(), func(fsys.Entry) error { visits++; return mine })
	if !errors.Is(err, mine) || visits != 1 {
		t.Errorf("%v after %d visits", err, visits)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := f.Walk(ctx, func(fsys.Entry) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled walk: %v", err)
	}
}

var errMedium = errors.New("medium error")

// flawed fails to read the sectors in bad.
type flawed struct {
	r   io.ReaderAt
	bad map[int64]bool
}

func (f flawed) ReadAt(p []byte, off int64) (int, error) {
	for at := off / fsys.Unit; at*fsys.Unit < off+int64(len(p)); at++ {
		if f.bad[at] {
			return 0, errMedium
		}
	}
	return f.r.ReadAt(p, off)
}

// unreadable fails each sector that a walk reads in turn: what is lost is said.
func (s Sample) unreadable(t *testing.T) {
	size := int64(len(s.Image))
	trace := &tracing{r: bytes.NewReader(s.Image), sectors: map[int64]bool{}}
	before := list(t, s.open(t, trace, 0, size), 0, size)
	sectors := slices.Sorted(func(yield func(int64) bool) {
		for at := range trace.sectors {
			if !yield(at) {
				return
			}
		}
	})
	step := max(1, len(sectors)/200)
	for i := 0; i < len(sectors); i += step {
		bad := sectors[i]
		f, err := s.Open(flawed{bytes.NewReader(s.Image), map[int64]bool{bad: true}}, 0, size)
		if err != nil {
			continue // said, too
		}
		after := list(t, f, 0, size)
		if !slices.Equal(before, after) && len(f.Unreadable()) == 0 {
			t.Errorf("sector %d: %d entries instead of %d, and nothing is said to be unreadable", bad, len(after), len(before))
		}
		for _, x := range f.Unreadable() {
			if x.Offset/fsys.Unit > bad || (x.End()-1)/fsys.Unit < bad {
				t.Errorf("sector %d cannot be read, but %v is said to be", bad, x)
			}
		}
	}
}

// tracing remembers which sectors were read.
type tracing struct {
	r       io.ReaderAt
	sectors map[int64]bool
	bytes   int64
}

func (c *tracing) ReadAt(p []byte, off int64) (int, error) {
	c.bytes += int64(len(p))
	for at := off / fsys.Unit; at*fsys.Unit < off+int64(len(p)); at++ {
		c.sectors[at] = true
	}
	return c.r.ReadAt(p, off)
}

// cut takes the end of the volume away.
func (s Sample) cut(t *testing.T) {
	for part := range 16 {
		size := int64(len(s.Image)) * int64(part) / 16
		Survives(t, s.Open, s.Image[:size])
	}
}

// damaged overwrites bytes of what a walk reads, again and again.
func (s Sample) damaged(t *testing.T) {
	trace := &tracing{r: bytes.NewReader(s.Image), sectors: map[int64]bool{}}
	list(t, s.open(t, trace, 0, int64(len(s.Image))), 0, int64(len(s.Image)))
	var sectors []int64
	for at := range trace.sectors {
		sectors = append(sectors, at)
	}
	slices.Sort(sectors)
	rounds := 300
	if testing.Short() {
		rounds = 50
	}
	for round := range rounds {
		rng := rand.New(rand.NewPCG(uint64(round), 1))
		image := patched{s.Image, map[int64]byte{}}
		for range 1 + rng.IntN(12) {
			at := sectors[rng.IntN(len(sectors))]*fsys.Unit + rng.Int64N(fsys.Unit)
			if at < int64(len(s.Image)) {
				image.bytes[at] = []byte{0, 1, 0x7F, 0x80, 0xFF, s.Image[at] ^ 1<<rng.IntN(8), byte(rng.Uint32())}[rng.IntN(7)]
			}
		}
		survives(t, s.Open, image, int64(len(s.Image)))
	}
}

// patched is a volume with other bytes in some places: a copy of it each time
// would take longer than all else.
type patched struct {
	volume []byte
	bytes  map[int64]byte
}

func (p patched) ReadAt(b []byte, off int64) (int, error) {
	n, err := bytes.NewReader(p.volume).ReadAt(b, off)
	for at, value := range p.bytes {
		if at >= off && at < off+int64(n) {
			b[at-off] = value
		}
	}
	return n, err
}

// Survives opens and walks a volume that may say anything. The reader must not
// panic, must stay within the volume, and must read and tell little more than
// there is.
func Survives(t testing.TB, open fsys.Opener, volume []byte) {
	t.Helper()
	survives(t, open, bytes.NewReader(volume), int64(len(volume)))
}

func survives(t testing.TB, open fsys.Opener, r io.ReaderAt, size int64) {
	t.Helper()
	trace := &tracing{r: r, sectors: map[int64]bool{}}
	f, err := open(trace, 0, size)
	if err != nil {
		return
	}
	f.Label(context.Background())
	entries, told := int64(0), int64(0)
	err = f.Walk(context.Background(), func(e fsys.Entry) error {
		entries++
		if e.Content != nil && told < size {
			told += int64(len(e.Content(1 << 20)))
		}
		return Check(e, 0, size)
	})
	if err != nil {
		t.Fatal(err)
	}
	if limit := 64*size + 1<<20; trace.bytes > limit || entries > size/8 {
		t.Fatalf("%d entries and %d bytes read from a volume of %d bytes", entries, trace.bytes, size)
	}
}
