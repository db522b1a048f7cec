package fat

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
	maxDirectory = 65536 * slotBytes
)

// Entry is one directory entry, in use or deleted, with what only FAT has. Of a
// deleted file, Data is a guess: as many clusters as it had from the first one
// on, among those that are free now.
type Entry struct {
	fsys.Entry
	// ShortName is the 8.3 name. The first character of a deleted one is lost:
	// "_" stands for it where the long name does not tell.
	ShortName string
	Attr      byte
	// FirstCluster is 0 for none. Windows clears its upper half when it deletes
	// from FAT32, so that a deleted file behind cluster 65535 may be sought in the
	// wrong place.
	FirstCluster uint32
	// SlotOffset is where the entry's own slot stands on the drive; its long name
	// precedes it.
	SlotOffset int64
}

// Walk implements [fsys.FS]: it visits what [FS.WalkSlots] does, but for labels.
func (f *FS) Walk(ctx context.Context, visit func(fsys.Entry) error) error {
	return f.WalkSlots(ctx, func(e Entry) error {
		if e.Attr&AttrVolume != 0 {
			return nil
		}
		return visit(e.Entry)
	})
}

// WalkSlots calls visit for each entry of the file system, live and deleted, depth
// first: a directory's slots in the order in which they stand, and below an
// entry for a directory at once what is in it. "." and ".." are left out; the
// volume's label is an entry with AttrVolume. Deleted directories are entered
// while their first cluster is free and still holds them; all in them is
// deleted.
//
// Time and memory are bounded whatever the drive says; Warnings tells what was
// left out for it, and what could not be read. WalkSlots returns the error of visit
// or of ctx, and no other.
func (f *FS) WalkSlots(ctx context.Context, visit func(Entry) error) error {
	if err := f.compareCopies(ctx); err != nil {
		return err
	}
	w := f.walker(ctx, visit)
	err := w.directory(w.root(), place{path: "/"})
	if errors.Is(err, fsys.ErrLimit) {
		return nil
	}
	return err
}

// walker is the state of one walk.
type walker struct {
	fsys.Budget
	f     *FS
	visit func(Entry) error
	seen  fsys.Set // clusters that were read as part of a directory
}

func (f *FS) walker(ctx context.Context, visit func(Entry) error) *walker {
	f.table.begin()
	return &walker{Budget: fsys.NewBudget(ctx, &f.notes, f.clusters), f: f, visit: visit, seen: fsys.Set{}}
}

// place is the directory that a walk is in.
type place struct {
	path    string // ends in "/"
	cluster uint32 // its first
	depth   int
	deleted bool
}

// root returns the extents of the root directory.
func (w *walker) root() []block.Extent {
	b := w.f.Boot
	if b.Type == FAT32 {
		return w.liveDirectory(b.RootCluster & 0x0FFFFFFF)
	}
	return []block.Extent{{Offset: b.RootOffset, Length: int64(b.RootEntries) * slotBytes}}
}

// directory visits what is in the slots of the extents.
func (w *walker) directory(extents []block.Extent, in place) error {
	d := reader{w: w, in: in}
	for _, e := range extents {
		for at := e.Offset; at < e.End(); at += chunkBytes {
			if err := d.chunk(at, min(chunkBytes, e.End()-at)); err != nil {
				return err
			}
		}
	}
	return d.flush()
}

// enter visits what is below the directory e.
func (w *walker) enter(e Entry, in place) error {
	switch {
	case in.depth == maxDepth:
		w.f.notes.Add("directories nest deeper than %d; what is below is left out", maxDepth)
		return nil
	case len(e.Data) == 0:
		return nil
	}
	return w.directory(e.Data, place{path: e.Path + "/", cluster: e.FirstCluster, depth: in.depth + 1, deleted: e.Deleted})
}

// emit hands e to the visitor, within the budget.
func (w *walker) emit(e Entry) error {
	if err := w.Entry(); err != nil {
		return err
	}
	return w.visit(e)
}
