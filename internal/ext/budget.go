package ext

import (
	"context"

	"github.com/panoscrub/panoscrub/internal/fsys"
)

// Limits of one walk. What lies beyond them is left out, with a warning.
const (
	maxEntries = 1_000_000
	maxDepth   = 128
	maxSteps   = 64 << 20 // and four for each block
	maxRereads = 32       // how often the volume's bytes may be read
)

// walker is the state of one walk.
type walker struct {
	f     *FS
	ctx   context.Context
	visit func(fsys.Entry) error
	cache cache

	named   fsys.Set // inodes that entries in use name
	told    fsys.Set // inodes that deleted entries told the content of
	entered fsys.Set // inodes of directories that were visited

	entries int64 // that may still be told
	bytes   int64 // that may still be read
	steps   int64 // that may still be taken, each some ten instructions
	over    error // fsys.ErrLimit when one of them has run out
}

func (f *FS) walker(ctx context.Context, visit func(fsys.Entry) error) *walker {
	return &walker{
		f: f, ctx: ctx, visit: visit, cache: newCache(f.super.blockBytes),
		named: fsys.Set{}, told: fsys.Set{}, entered: fsys.Set{},
		// Entries stand beside each other, in use or not.
		entries: min(maxEntries, f.size/direntLeast),
		bytes:   maxRereads * f.size,
		steps:   maxSteps + 4*int64(f.blocks),
	}
}

// limit ends the walk, and says why.
func (w *walker) limit(format string, args ...any) {
	if w.over == nil {
		w.f.notes.Add(format, args...)
		w.over = fsys.ErrLimit
	}
}

// step takes n steps; false when there were too many, or the walk is cancelled.
func (w *walker) step(n int64) bool {
	before := w.steps
	if w.steps -= n; w.steps < 0 {
		w.limit("the structures take too many steps to follow; the rest is left out")
	}
	if before>>12 != w.steps>>12 && w.over == nil && w.ctx.Err() != nil {
		w.over = w.ctx.Err()
	}
	return w.over == nil
}

// check reports that the walk is at an end.
func (w *walker) check() error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	return w.over
}

// emit hands e to the visitor, within the limits. What was located while a limit
// was hit is not told.
func (w *walker) emit(e fsys.Entry) error {
	if w.entries--; w.entries < 0 {
		w.limit("there are more entries than are told; the rest is left out")
	}
	if err := w.check(); err != nil {
		return err
	}
	return w.visit(e)
}
