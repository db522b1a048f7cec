package exfat

import (
	"context"
	"errors"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// Limits of one walk. What lies beyond them is left out, with a warning.
const (
	maxDepth = 128
	// maxDirectory is the most that the format allows a directory to have.
	maxDirectory = 256 << 20
	// maxDirectoryPieces and maxSeenParts bound the memory for directories: 128 KiB
	// for each level, and 16 MiB in all, on a volume of more than 2^27 clusters.
	maxDirectoryPieces = 8 << 10
	maxSeenParts       = 16 << 10
)

// walker is the state of one walk.
type walker struct {
	fsys.Budget
	f      *FS
	visit  func(fsys.Entry) error
	label  string
	root   []block.Extent
	table  *pages
	bitmap *pages   // nil where there is none
	seen   fsys.Set // clusters that were read as part of a directory
}

// walker reads the table, the root's place, the label and the bitmap.
func (f *FS) walker(ctx context.Context, visit func(fsys.Entry) error) *walker {
	w := &walker{
		Budget: fsys.NewBudget(ctx, &f.notes, f.clusters),
		f:      f, visit: visit, seen: fsys.Set{}, table: newPages(f, f.boot.table),
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

// emit hands e to the visitor, within the budget.
func (w *walker) emit(e fsys.Entry) error {
	if err := w.Entry(); err != nil {
		return err
	}
	return w.visit(e)
}
