package ntfs

import (
	"context"

	"github.com/panoscrub/panoscrub/internal/fsys"
)

// maxEntries bounds a walk; what lies beyond it is left out, with a warning.
const maxEntries = 16 << 20

// walker is the state of one walk.
type walker struct {
	f           *FS
	ctx         context.Context
	visit       func(fsys.Entry) error
	bitmap      *bitmap
	directories directories
	nameless    fsys.Set // records that have no name
	found       fsys.Set // of them, those that the slack of a directory names
	depth       int      // of directories that are told in each other
	entries     int
	bytes       int64 // that may still be read
	steps       int64 // along clusters that may still be taken
}

func (f *FS) walker(ctx context.Context, visit func(fsys.Entry) error) *walker {
	return &walker{
		f: f, ctx: ctx, visit: visit, nameless: fsys.Set{}, found: fsys.Set{},
		// Each structure is read once, but for directories and extensions that are
		// asked for again; each cluster belongs to one file, but for deleted ones.
		bytes: 4*f.size + 1<<20,
		steps: 2*f.clusters + 64<<20,
	}
}

// read fills p from byte at of the stream. It leaves zeros where there is nothing,
// or nothing can be read, and returns the offsets in p of what was lost.
func (w *walker) read(s *stream, p []byte, at int64) (lost []int) {
	clear(p)
	for done := 0; done < len(p); {
		e, ok := w.f.place(s, at+int64(done))
		if e.Length == 0 {
			break
		}
		n := int(min(e.Length, int64(len(p)-done)))
		if ok && w.spend(n) {
			for _, l := range w.f.src.Read(p[done:done+n], e.Offset) {
				lost = append(lost, done+l)
			}
		}
		done += n
	}
	return lost
}

// spend accounts for n bytes that are read; false when there were too many.
func (w *walker) spend(n int) bool {
	if w.bytes -= int64(n); w.bytes >= 0 {
		return true
	}
	w.f.notes.Add("the file system's structures are larger than the volume; the rest is left out")
	return false
}

// step takes one step along clusters; false when there were too many, or the walk
// is cancelled.
func (w *walker) step() bool {
	if w.steps--; w.steps < 0 {
		w.f.notes.Add("deleted files have too many clusters; some are not followed to their end")
		return false
	}
	return w.steps%4096 != 0 || w.ctx.Err() == nil
}

// goOn is an error when the walk is cancelled, or has read too much.
func (w *walker) goOn() error {
	if w.bytes < 0 {
		return fsys.ErrLimit
	}
	return w.ctx.Err()
}

// emit hands e to the visitor, within the limits.
func (w *walker) emit(e fsys.Entry) error {
	if w.entries == maxEntries {
		w.f.notes.Add("there are more than %d entries; the rest is left out", maxEntries)
		return fsys.ErrLimit
	}
	if err := w.goOn(); err != nil {
		return err
	}
	w.entries++
	return w.visit(e)
}
