package scan

import (
	"context"

	"github.com/panoscrub/panoscrub/internal/fsys"
)

// batch is some entries of a walk, in its order.
type batch struct {
	entries []fsys.Entry
	taken   chan struct{} // closed when they were, if somebody waits for it
}

const (
	batchEntries = 256
	batchesAhead = 4
)

// walkAhead is walk with the walker in a goroutine of its own, some entries ahead
// of visit: on a drive with a million of them, reading and judging take as long.
func (v *volume) walkAhead(ctx context.Context, visit func(fsys.Entry)) error {
	batches := make(chan batch, batchesAhead)
	var failed error
	go func() {
		defer close(batches)
		next := make([]fsys.Entry, 0, batchEntries)
		failed = v.walk(ctx, func(e fsys.Entry) error {
			if next = append(next, e); e.Content != nil {
				// The walker may need what Content reads from.
				b := batch{next, make(chan struct{})}
				batches <- b
				<-b.taken
				next = next[:0]
			} else if len(next) == batchEntries {
				batches <- batch{entries: next}
				next = make([]fsys.Entry, 0, batchEntries)
			}
			return nil
		})
		batches <- batch{entries: next}
	}()
	for b := range batches {
		for _, e := range b.entries {
			visit(e)
		}
		if b.taken != nil {
			close(b.taken)
		}
	}
	return failed
}
