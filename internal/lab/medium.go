package lab

import (
	"io"
	"sync"
	"syscall"
	"time"
)

// Medium is what is inside a stick: where its bytes really go. One that is wrapped
// around the backing file makes the stick misbehave. It is used by one goroutine.
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
	Medium
	From     int64 // the first request that touches this byte
	ReadBack bool  // a read after the first write; else a write
	// Reached is closed when the point is reached.
	Reached chan struct{}

	written bool
	once    sync.Once
	slow    bool
}

// pause is how long each request then takes: enough to pull a stick in, and to
// tell several programs of it, and less than kernels wait for a drive.
const pause = time.Second

func (s *Slowing) ReadAt(p []byte, off int64) (int, error) {
	s.come(s.ReadBack && s.written, len(p), off)
	return s.Medium.ReadAt(p, off)
}

func (s *Slowing) WriteAt(p []byte, off int64) (int, error) {
	s.written = true
	s.come(!s.ReadBack, len(p), off)
	return s.Medium.WriteAt(p, off)
}

func (s *Slowing) come(concerned bool, n int, off int64) {
	if concerned && off+int64(n) > s.From {
		s.slow = true
		s.once.Do(func() { close(s.Reached) })
	}
	if s.slow {
		time.Sleep(pause)
	}
}
