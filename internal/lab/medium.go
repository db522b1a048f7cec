package lab

import (
	"io"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Medium is what is inside a stick: where its bytes really go. One that is wrapped
// around the backing file makes the stick misbehave. It is used by one goroutine.
// What is to happen on SYNCHRONIZE CACHE is in a method Flush() error.
type Medium interface {
	io.ReaderAt
	io.WriterAt
}

// Span is the bytes from one offset up to another.
type Span struct{ From, To int64 }

func (s Span) meets(n int, off int64) bool { return off < s.To && off+int64(n) > s.From }

// Broken is a medium that answers every read that touches one span, and every
// write that touches another, with an I/O error.
type Broken struct {
	Medium
	Reads, Writes Span
}

func (b Broken) ReadAt(p []byte, off int64) (int, error) {
	if b.Reads.meets(len(p), off) {
		return 0, syscall.EIO
	}
	return b.Medium.ReadAt(p, off)
}

func (b Broken) WriteAt(p []byte, off int64) (int, error) {
	if b.Writes.meets(len(p), off) {
		return 0, syscall.EIO
	}
	return b.Medium.WriteAt(p, off)
}

// Wrapping is a counterfeit medium: it has fewer bytes than the stick announces,
// and begins again where they end.
type Wrapping struct {
	Medium
	Real int64 // bytes
}

func (w Wrapping) ReadAt(p []byte, off int64) (int, error) { return w.each(p, off, w.Medium.ReadAt) }

func (w Wrapping) WriteAt(p []byte, off int64) (int, error) { return w.each(p, off, w.Medium.WriteAt) }

func (w Wrapping) each(p []byte, off int64, do func([]byte, int64) (int, error)) (done int, err error) {
	for done < len(p) && err == nil {
		at := (off + int64(done)) % w.Real
		n := min(int64(len(p)-done), w.Real-at)
		var did int
		did, err = do(p[done:][:n], at)
		done += did
	}
	return done, err
}

// Slowing is a medium that becomes very slow when it comes to some point of its
// work, so that what a test then does is done in the middle of it.
type Slowing struct {
	from     int64
	readBack bool

	medium  Medium
	reached chan struct{} // closed when the point is reached
	written bool
	read    int64 // bytes, since then
	slow    atomic.Bool
	once    sync.Once
}

// pause is how long each request then takes: enough to pull a stick in, and less
// than kernels wait for a drive.
const pause = time.Second

// SlowWrites slows down at the first write that touches a byte or a later one.
func SlowWrites(from int64) *Slowing { return &Slowing{from: from, reached: make(chan struct{})} }

// SlowReadBack slows down when so many bytes were read after anything was written,
// in whatever order.
func SlowReadBack(after int64) *Slowing {
	return &Slowing{from: after, readBack: true, reached: make(chan struct{})}
}

// Inside is for [Stick.Inside].
func (s *Slowing) Inside(m Medium) Medium {
	s.medium = m
	return s
}

// Await waits until the point is reached.
func (s *Slowing) Await(t testing.TB) {
	t.Helper()
	select {
	case <-s.reached:
	case <-time.After(patience):
		t.Fatalf("the stick never came to byte %d", s.from)
	}
}

// Recover makes it fast again, for good.
func (s *Slowing) Recover() { s.slow.Store(false) }

func (s *Slowing) ReadAt(p []byte, off int64) (int, error) {
	if s.written {
		s.read += int64(len(p))
	}
	s.come(s.readBack && s.read > s.from)
	return s.medium.ReadAt(p, off)
}

func (s *Slowing) WriteAt(p []byte, off int64) (int, error) {
	s.written = true
	s.come(!s.readBack && off+int64(len(p)) > s.from)
	return s.medium.WriteAt(p, off)
}

func (s *Slowing) come(there bool) {
	if there {
		s.once.Do(func() {
			s.slow.Store(true)
			close(s.reached)
		})
	}
	if s.slow.Load() {
		time.Sleep(pause)
	}
}
