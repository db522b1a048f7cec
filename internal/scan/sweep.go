package scan

import (
	"bytes"
	"context"
	"io"
	"sync"
	"sync/atomic"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/progress"
)

const (
	chunkBytes = 2 << 20
	// lookahead is what a chunk has in memory behind its end, so that most of
	// what starts in it can be confirmed without reading again.
	lookahead = 32 << 10
	// sweepWorkers are more than work at once, so that a slow drive always has a
	// request while what it gave is looked at.
	sweepWorkers = 4
)

// sweep looks at every byte of the drive once, in order.
type sweep struct {
	r     block.Reader
	small io.ReaderAt // the same, for small reads at any offset
	set   *ruleset
	files *fileIndex
	count *progress.Counter
	out   *collector
	next  atomic.Int64 // chunk to do
}

// run sweeps the drive with a few workers. What they find is collected in the
// order of the chunks, so that the outcome does not depend on their pace.
func (s *sweep) run(ctx context.Context) {
	chunks := (s.r.Size() + chunkBytes - 1) / chunkBytes
	var workers sync.WaitGroup
	for range min(sweepWorkers, chunks) {
		workers.Go(func() {
			c := newChecker(s.set, s.out)
			buf := block.Buffer(int(min(chunkBytes+lookahead, s.r.Size())))
			for ctx.Err() == nil {
				n := s.next.Add(1) - 1
				if n >= chunks {
					return
				}
				s.chunk(c, buf, n)
			}
		})
	}
	workers.Wait()
}

// chunk sweeps the chunk with number n.
func (s *sweep) chunk(c *checker, buf []byte, n int64) {
	off := n * chunkBytes
	length := min(chunkBytes, s.r.Size()-off)
	buf = buf[:min(chunkBytes+lookahead, s.r.Size()-off)]
	lost := readAround(s.r, buf, off)
	c.reset()
	raw := &view{file: noFile, r: s.small, size: s.r.Size(), loaded: buf, at: off}
	eachFilled(buf, int(length), func(start, end int) {
		reach := min(len(buf), end+s.set.literals.longest)
		s.set.literals.each(buf[start:reach], end-start, func(id, at int) {
			s.candidate(c, raw, id, off+int64(start+at))
		})
	})
	out := c.outcome()
	out.lost, out.read = lost.Clip(block.Extent{Offset: off, Length: length}), length
	s.out.put(n, out)
	s.count.Add(length)
}

// candidate judges what was found at pos through the bytes of the file that it
// lies in: pieces of a file need not lie side by side.
func (s *sweep) candidate(c *checker, raw *view, id int, pos int64) {
	in, ok := s.files.find(pos)
	if !ok {
		raw.file = noFile
		c.confirm(raw, id, pos)
		return
	}
	raw.file = in.file
	if len(s.files.of(in.file)) == 1 {
		c.confirm(raw, id, pos)
		return
	}
	// Where the pieces of a deleted file lie is a guess, which the bytes side by
	// side may refute.
	before := c.reports
	c.confirm(s.files.view(s.small, in.file), id, in.pos+pos-in.offset)
	if c.reports == before && s.files.files[in.file].deleted {
		c.confirm(raw, id, pos)
	}
}

// blockBytes is the step in which empty parts are skipped.
const blockBytes = 4 << 10

var emptyBlock [blockBytes]byte

// eachFilled calls visit for the runs of blocks in buf[:limit] that are not all
// zero. No literal starts with a zero byte.
func eachFilled(buf []byte, limit int, visit func(start, end int)) {
	start := -1
	for at := 0; at < limit; at += blockBytes {
		end := min(at+blockBytes, limit)
		empty := bytes.Equal(buf[at:end], emptyBlock[:end-at])
		switch {
		case empty && start >= 0:
			visit(start, at)
			start = -1
		case !empty && start < 0:
			start = at
		}
	}
	if start >= 0 {
		visit(start, limit)
	}
}

// maxSeams bounds the reads that fragmented files cost beyond the sweep.
const maxSeams = 1 << 16

// seams looks for literals that begin in one piece of a file and end in the
// next, which the sweep cannot see.
func (s *sweep) seams(ctx context.Context) {
	c := newChecker(s.set, s.out)
	reach := int64(s.set.literals.longest - 1)
	done := 0
	for file := range s.files.files {
		spans := s.files.of(int32(file))
		if len(spans) == 1 {
			continue
		}
		v := s.files.view(s.small, int32(file))
		for _, next := range spans[1:] {
			if done++; done > maxSeams {
				c.limits.add(limitSeams)
				s.out.add(c.outcome())
				return
			}
			if ctx.Err() != nil {
				return
			}
			c.reset()
			v.at = max(0, next.pos-reach)
			v.loaded = nil
			v.loaded = v.bytes(v.at, int(next.pos-v.at+reach))
			c.look(v, 0, min(int(next.pos-v.at), len(v.loaded)))
			s.out.add(c.outcome())
		}
	}
}
