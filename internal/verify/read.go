package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/panoscrub/panoscrub/internal/block"
)

const (
	chunkBytes = 4 << 20 // of one read request
	readAhead  = 3       // chunks read while one is being judged

	// pieceBytes is how a chunk that failed is tried again, before single
	// sectors are: a drive may take seconds over each request that fails, so that
	// few failures are worth more than few requests.
	pieceBytes = 64 << 10
	// maxFailures is how many requests may fail before a failing chunk is no
	// longer looked into, so that a dead drive does not take days.
	maxFailures = 10_000
)

// chunk is a run of bytes that was read.
type chunk struct {
	off  int64
	data []byte
	bad  block.Extents // these could not be read, and data tells nothing there
}

// reader reads a drive, stretch by stretch.
type reader struct {
	block.Reader
	stretches
	skip     block.Extents // is not read at all
	sizes    []int64       // of the pieces in which a failed request is tried again
	failures int
}

func newReader(r block.Reader, s stretches, except block.Extents) *reader {
	sector := max(int64(r.SectorSize()), int64(r.Alignment()))
	skip := skipped(except, sector, r.Size())
	return &reader{Reader: r, stretches: s, skip: skip, sizes: []int64{max(pieceBytes, sector), sector}}
}

// skipped is what of the exceptions is worth not to be read: whole sectors, and
// not so few that reading over them is faster.
func skipped(except block.Extents, sector, size int64) (skip block.Extents) {
	for _, e := range except {
		start, end := (e.Offset+sector-1)/sector*sector, e.End()/sector*sector
		if e.End() == size {
			end = size
		}
		if end-start >= pieceBytes {
			skip.Add(block.Extent{Offset: start, Length: end - start})
		}
	}
	return skip
}

// each calls use with every chunk in turn, while the next ones are being read. It
// returns early, with all that was read until then used, when ctx ends or when
// the drive is no longer there.
func (r *reader) each(ctx context.Context, use func(chunk)) error {
	free, full := make(chan []byte, readAhead+1), make(chan chunk, readAhead)
	length := min(chunkBytes, r.Size())
	for range cap(free) {
		free <- block.Buffer(int(length))
	}
	var err error
	go func() {
		defer close(full)
		err = r.readAll(ctx, free, full)
	}()
	for c := range full {
		use(c)
		free <- c.data[:length]
	}
	return err
}

func (r *reader) readAll(ctx context.Context, free <-chan []byte, full chan<- chunk) error {
	for _, start := range r.starts {
		if err := r.readStretch(ctx, start, free, full); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) readStretch(ctx context.Context, start int64, free <-chan []byte, full chan<- chunk) error {
	stretch := block.Extent{Offset: start, Length: min(r.length, r.Size()-start)}
	for _, run := range without(stretch, r.skip) {
		for off := run.Offset; off < run.End(); off += chunkBytes {
			c := chunk{off: off, data: (<-free)[:min(chunkBytes, run.End()-off)]}
			if err := r.read(ctx, &c, c.data, off, r.sizes); err != nil {
				return err
			}
			full <- c
		}
	}
	return nil
}

// read fills buf, a part of the chunk c. What cannot be read is tried again in
// pieces of each of the sizes in turn; what then still cannot is noted in c. An
// error means that going on makes no sense.
func (r *reader) read(ctx context.Context, c *chunk, buf []byte, off int64, sizes []int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := r.ReadAt(buf, off)
	if err == nil {
		return nil
	}
	if err := r.fatal(err); err != nil {
		return fmt.Errorf("reading back at byte %d: %w", off, err)
	}
	if r.failures++; r.failures > maxFailures || len(sizes) == 0 {
		c.bad.Add(block.Extent{Offset: off, Length: int64(len(buf))})
		return nil
	}
	for len(buf) > 0 {
		n := min(sizes[0], int64(len(buf)))
		if err := r.read(ctx, c, buf[:n], off, sizes[1:]); err != nil {
			return err
		}
		buf, off = buf[n:], off+n
	}
	return nil
}

// fatal returns the error after which nothing more can be read, nil when err is
// about the one place that was to be read. A drive that was pulled may answer
// with plain I/O errors, so that it is asked whether it is still there.
func (r *reader) fatal(err error) error {
	for _, end := range []error{block.ErrGone, block.ErrChanged, block.ErrUnaligned, block.ErrOutOfRange} {
		if errors.Is(err, end) {
			return err
		}
	}
	if dev, ok := r.Reader.(interface{ Check() error }); ok {
		return dev.Check()
	}
	return nil
}

// without returns the parts of e that are not in set.
func without(e block.Extent, set block.Extents) (rest block.Extents) {
	first, _ := slices.BinarySearchFunc(set, e.Offset, func(x block.Extent, off int64) int {
		return cmp.Compare(x.End(), off)
	})
	for _, x := range set[first:] {
		if x.Offset >= e.End() {
			break
		}
		rest.Add(block.Extent{Offset: e.Offset, Length: x.Offset - e.Offset})
		past := max(e.Offset, min(x.End(), e.End()))
		e = block.Extent{Offset: past, Length: e.End() - past}
	}
	rest.Add(e)
	return rest
}
