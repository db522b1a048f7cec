package verify

import (
	"context"
	"fmt"
	"time"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/progress"
)

// Run reads spec.Percent of r, but for spec.Except, and compares each byte with
// what the pattern of spec.Pass puts there.
//
// Bytes that are wrong or cannot be read are in the report and no error. The
// error is [ErrSpec], block.ErrEmpty, ctx's when it ended, or what a drive said
// that went away; the report then covers what was read until then and is not
// Complete. count counts bytes that were judged or found unreadable.
func Run(ctx context.Context, r block.Reader, spec Spec, count *progress.Counter) (Report, error) {
	started := time.Now()
	var report Report
	x, err := newExpectation(spec)
	if err != nil {
		return report, err
	}
	if r.Size() <= 0 {
		return report, fmt.Errorf("reading back: the drive %w", block.ErrEmpty)
	}
	except, err := leftOut(spec, r.Size())
	if err != nil {
		return report, err
	}
	report.Excepted = except.Bytes()
	if d, ok := r.(interface{ BypassesHostCache() bool }); ok {
		report.Direct = d.BypassesHostCache()
	}
	order, err := newStretches(r.Size(), spec)
	if err != nil {
		return report, err
	}
	report.Order = order.order()
	count.Start(r.Size() - report.Excepted)
	j := newJudge(x, r.Size(), &report)
	err = newReader(r, order, except).each(ctx, func(c chunk) {
		count.Add(j.chunk(c, except))
	})
	report.Mismatches = j.mismatches()
	report.Complete = err == nil && report.Bytes+report.Excepted+report.Unreadable.Bytes() == r.Size()
	report.Duration = time.Since(started)
	return report, err
}

// chunk judges what of a chunk could be read and is not excepted. It returns how
// many bytes are done with.
func (j *judge) chunk(c chunk, except block.Extents) (done int64) {
	for _, wanted := range without(block.Extent{Offset: c.off, Length: int64(len(c.data))}, except) {
		done += wanted.Length
		readable := without(wanted, c.bad)
		for _, e := range readable {
			j.look(c.data[e.Offset-c.off:e.End()-c.off], e.Offset)
		}
		for _, e := range without(wanted, readable) {
			j.report.Unreadable.Add(e)
		}
	}
	return done
}

// within returns what of set lies inside [0, size), as a proper set.
func within(set block.Extents, size int64) (in block.Extents, err error) {
	for _, e := range set {
		if e.Offset < 0 || e.Length < 0 {
			return nil, fmt.Errorf("%w: an exception of %d bytes at %d", ErrSpec, e.Length, e.Offset)
		}
		in.Add(block.Extent{Offset: e.Offset, Length: min(e.Length, size-e.Offset)})
	}
	return in, nil
}
