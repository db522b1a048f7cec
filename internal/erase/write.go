package erase

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/panoscrub/panoscrub/internal/block"
)

const (
	// chunkBytes is one write request, and ahead is how many chunks may be
	// generated while one is being written. Few and small ones stay in the
	// processor's cache until they are written: where the drive is as fast as
	// memory, sixteen megabytes of buffers cost a fifth of the speed.
	chunkBytes = 2 << 20
	ahead      = 2

	// retryBytes is how a chunk that failed is tried again, before single
	// sectors are: a drive may take seconds over each request that fails, so that
	// few failures are worth more than few requests.
	retryBytes = 64 << 10
	// maxFailures is how many requests may fail before a failing chunk is given
	// up whole, so that a dead drive does not take days.
	maxFailures = 10_000
)

// flushEvery is how often the drive is asked to store what it has, so that a run that
// ends early can be gone on with. It costs a stick next to nothing.
var flushEvery = 5 * time.Second

// writer writes one pass from the drive's start to its end, one request at a
// time: sticks are fastest, and wear least, when they are written in order.
type writer struct {
	dev      block.Device
	pass     *Pass
	sizes    []int64 // of the pieces in which a failed request is tried again
	failures int
	tried    func(bytes int64)
	stored   func(bytes int64) // may be nil
}

func newWriter(dev block.Device, pass *Pass) *writer {
	sector := max(int64(dev.SectorSize()), int64(dev.Alignment()))
	return &writer{dev: dev, pass: pass, sizes: []int64{max(retryBytes, sector), sector}}
}

// all writes what g makes over all of the drive that is not written yet. While one
// chunk is being written the next ones are generated.
func (w *writer) all(ctx context.Context, g generator) error {
	free, full := make(chan []byte, ahead+1), make(chan []byte, ahead+1)
	length := min(chunkBytes, w.dev.Size())
	for range cap(free) {
		free <- block.Buffer(int(length))
	}
	off := w.pass.Bytes
	go generate(g, off, w.dev.Size(), free, full)
	defer func() {
		close(free) // without buffers to fill the generator ends
		for range full {
		}
	}()
	flushed := time.Now()
	for buf := range full {
		if err := w.write(ctx, buf, off, w.sizes); err != nil {
			return fmt.Errorf("overwriting at byte %d: %w", off, err)
		}
		off += int64(len(buf))
		w.tried(int64(len(buf)))
		free <- buf[:length]
		if time.Since(flushed) >= flushEvery {
			if err := w.flush(); err != nil {
				return err
			}
			flushed = time.Now()
		}
	}
	return nil
}

// flush has the drive store what was written, and notes how far that is: up to the
// first byte that could not be written.
func (w *writer) flush() error {
	if err := w.dev.Sync(); err != nil {
		return fmt.Errorf("flushing the drive: %w", err)
	}
	if len(w.pass.Failed) == 0 {
		w.pass.Stored = w.pass.Bytes
	}
	if w.stored != nil {
		w.stored(w.pass.Stored)
	}
	return nil
}

// generate fills the buffers that come free with the drive's bytes in order.
func generate(g generator, off, size int64, free <-chan []byte, full chan<- []byte) {
	defer close(full)
	for ; off < size; off += chunkBytes {
		buf, ok := <-free
		if !ok {
			return
		}
		buf = buf[:min(chunkBytes, size-off)]
		g.fill(buf, off)
		full <- buf
	}
}

// write writes buf at off. What fails is tried again in pieces of each of the
// sizes in turn, and what then still fails is noted in the pass. An error means
// that going on makes no sense.
func (w *writer) write(ctx context.Context, buf []byte, off int64, sizes []int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := w.dev.WriteAt(buf, off)
	if err == nil {
		w.pass.Bytes += int64(len(buf))
		return nil
	}
	if err := w.fatal(err); err != nil {
		return err
	}
	if w.failures++; w.failures > maxFailures || len(sizes) == 0 {
		w.pass.Failed.Add(block.Extent{Offset: off, Length: int64(len(buf))})
		return nil
	}
	for len(buf) > 0 {
		n := min(sizes[0], int64(len(buf)))
		if err := w.write(ctx, buf[:n], off, sizes[1:]); err != nil {
			return err
		}
		buf, off = buf[n:], off+n
	}
	return nil
}

// fatal returns the error after which nothing more can be written, nil when err
// is about the one place that was to be written. A drive that was pulled may
// answer with plain I/O errors, so that it is asked whether it is still there.
func (w *writer) fatal(err error) error {
	for _, end := range []error{block.ErrGone, block.ErrChanged, block.ErrReadOnly, block.ErrUnaligned, block.ErrOutOfRange} {
		if errors.Is(err, end) {
			return err
		}
	}
	return w.dev.Check()
}
