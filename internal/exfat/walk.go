package exfat

import (
	"context"
	"errors"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// Limits of one walk. What lies beyond them is left out, with a warning.
const (
	maxEntries = 1_000_000
	maxSlots   = 16 << 20
	maxDepth   = 128
	// maxDirectory is the most that the format allows a directory to have.
	maxDirectory = 256 << 20
	// maxDirectoryPieces and maxSeenParts bound the memory for directories: 128 KiB
	// for each level, and 16 MiB in all, on a volume of more than 2^27 clusters.
	maxDirectoryPieces = 8 << 10
	maxSeenParts       = 16 << 10
	// spareSteps is for guesses about deleted files, which may overlap.
	spareSteps = 64 << 20
)

// walker is the state of one walk.
type walker struct {
	f       *FS
	ctx     context.Context
	visit   func(fsys.Entry) error
	label   string
	root    []block.Extent
	table   *pages
	bitmap  *pages   // nil where there is none
	seen    fsys.Set // clusters that were read as part of a directory
	entries int
	slots   int
	steps   int64 // along chains that may still be taken
}

// walker reads the table, the root's place, the label and the bitmap.
func (f *FS) walker(ctx context.Context, visit func(fsys.Entry) error) *walker {
	w := &walker{
		f: f, ctx: ctx, visit: visit, seen: fsys.Set{}, table: newPages(f, f.boot.table),
		// Each cluster belongs to one chain at most, so that following them all
		// takes a step for each.
		steps: 2*int64(f.clusters) + spareSteps,
	}
	w.root = w.liveDirectory(f.boot.root, maxDirectory, false)
	w.system()
	return w
}

// place is the directory that a walk is in.
type place struct {
	path    string // ends in "/"
	depth   int
	deleted bool
}

func (w *walker) walk() error {
	err := w.directory(w.root, place{path: "/"})
	if errors.Is(err, fsys.ErrLimit) {
		return nil
	}
	return err
}

// step takes one step along a chain; false when there were too many, or the
// walk is cancelled.
func (w *walker) step() bool {
	w.steps--
	if w.steps < 0 {
		w.f.notes.Add("the chains of clusters take too many steps; some files are not followed to their end")
		return false
	}
	return w.steps%4096 != 0 || w.ctx.Err() == nil
}

// directory visits what is in the slots of the extents.
func (w *walker) directory(extents []block.Extent, in place) error {
	d := reader{w: w, in: in}
	buf := make([]byte, min(chunkBytes, w.f.boot.clusterBytes))
	for _, e := range extents {
		for at := e.Offset; at < e.End(); at += int64(len(buf)) {
			if err := d.chunk(buf[:min(int64(len(buf)), e.End()-at)], at); err != nil {
				return err
			}
		}
	}
	return d.flush()
}

// enter visits what is below the directory e.
func (w *walker) enter(e fsys.Entry, in place) error {
	switch {
	case in.depth == maxDepth:
		w.f.notes.Add("directories nest deeper than %d; what is below is left out", maxDepth)
		return nil
	case len(e.Data) == 0:
		return nil
	}
	return w.directory(e.Data, place{path: e.Path + "/", depth: in.depth + 1, deleted: e.Deleted})
}

// emit hands e to the visitor, within the limits.
func (w *walker) emit(e fsys.Entry) error {
	if w.entries == maxEntries {
		w.f.notes.Add("there are more than %d entries; the rest is left out", maxEntries)
		return fsys.ErrLimit
	}
	if err := w.ctx.Err(); err != nil {
		return err
	}
	w.entries++
	return w.visit(e)
}
