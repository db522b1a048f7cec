package block

import (
	"fmt"
	"io"
	"sync"
)

// windowBytes bounds the memory of a [Window], and the size of a request that
// has to be copied.
const windowBytes = 1 << 20

// Window reads and writes a device at any offset and length, for a library that
// knows nothing of sectors. What does not fill whole blocks is read, modified and
// written back. Nothing is kept: each write has reached the device when WriteAt
// returns, though it is durable only after the device's Sync.
//
// It is safe for concurrent use, one request at a time.
type Window struct {
	dev   Device
	mu    sync.Mutex
	buf   []byte // from Buffer
	first error
}

// AnyWriter returns a window over dev.
func AnyWriter(dev Device) *Window {
	return &Window{dev: dev, buf: Buffer(max(windowBytes, dev.Alignment()))}
}

// Err returns the first error that any ReadAt or WriteAt met, whether or not the
// library in between passed it on; a read that ends at the end of the device is
// none.
func (w *Window) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.first
}

// ReadAt reads in the ways of [io.ReaderAt]: beyond the end it gives what there
// is, and [io.EOF].
func (w *Window) ReadAt(p []byte, off int64) (n int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	size := w.dev.Size()
	if off >= size {
		return 0, io.EOF
	}
	var end error
	if off >= 0 && int64(len(p)) > size-off {
		p, end = p[:size-off], io.EOF
	}
	if n, err = w.each(p, off, w.read); err != nil {
		return n, err
	}
	return n, end
}

// WriteAt writes all of p or returns an error; it refuses to write outside the
// device with [ErrOutOfRange].
func (w *Window) WriteAt(p []byte, off int64) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.each(p, off, w.write)
}

// each carries out a request step by step and remembers the first error.
func (w *Window) each(p []byte, off int64, step func([]byte, int64) (int, error)) (n int, err error) {
	if size := w.dev.Size(); off < 0 || int64(len(p)) > size || off > size-int64(len(p)) {
		err = fmt.Errorf("%w: %d bytes at %d, of %d", ErrOutOfRange, len(p), off, size)
	}
	for err == nil && n < len(p) {
		var m int
		m, err = step(p[n:], off+int64(n))
		n += m
	}
	if err != nil && w.first == nil {
		w.first = err
	}
	return n, err
}

// read reads the start of p: as much as goes in one request.
func (w *Window) read(p []byte, off int64) (int, error) {
	if whole := w.whole(p, off); whole > 0 && Admit(w.dev, p[:whole], off) == nil {
		return w.dev.ReadAt(p[:whole], off)
	}
	start, buf := w.around(p, off)
	if _, err := w.dev.ReadAt(buf, start); err != nil {
		return 0, err
	}
	return copy(p, buf[off-start:]), nil
}

// write writes the start of p: whole blocks as they are or copied to aligned
// memory, a part of a block around what is on the device.
func (w *Window) write(p []byte, off int64) (int, error) {
	if whole := w.whole(p, off); whole > 0 {
		if Admit(w.dev, p[:whole], off) == nil {
			return w.dev.WriteAt(p[:whole], off)
		}
		return w.dev.WriteAt(w.buf[:copy(w.buf, p[:whole])], off)
	}
	align := w.dev.Alignment()
	start := off &^ int64(align-1)
	buf := w.buf[:min(int64(align), w.dev.Size()-start)]
	if _, err := w.dev.ReadAt(buf, start); err != nil {
		return 0, fmt.Errorf("reading what a write leaves standing: %w", err)
	}
	n := copy(buf[off-start:], p)
	if _, err := w.dev.WriteAt(buf, start); err != nil {
		return 0, err
	}
	return n, nil
}

// whole is how many bytes of p, from off, fill whole blocks; the last block of a
// device may be short.
func (w *Window) whole(p []byte, off int64) int {
	align := int64(w.dev.Alignment())
	switch {
	case off%align != 0:
		return 0
	case off+int64(len(p)) == w.dev.Size():
		return len(p)
	}
	return len(p) &^ int(align-1)
}

// around is the aligned memory, and its place on the device, for the blocks that
// hold the start of p.
func (w *Window) around(p []byte, off int64) (start int64, buf []byte) {
	align := int64(w.dev.Alignment())
	start = off &^ (align - 1)
	end := min((off+int64(len(p))+align-1)&^(align-1), start+int64(len(w.buf)), w.dev.Size())
	return start, w.buf[:end-start]
}
