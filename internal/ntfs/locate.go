package ntfs

import (
	"bytes"
	"slices"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// indexName is the name of the attributes that make up a directory.
const indexName = "$I30"

// locate fills in where the content of e lies, whose attribute has these parts.
func (w *walker) locate(e *fsys.Entry, parts []attr) {
	first := parts[0]
	e.Size = first.size
	if first.resident {
		value := bytes.Clone(first.value)
		e.Data = w.f.pieces(&w.f.mft, first.at, first.size)
		e.Content = func(limit int) []byte { return value[:max(0, min(limit, len(value)))] }
		return
	}
	s := w.f.stream(parts)
	e.Size = s.size
	compressed := s.flags&attrCompressed != 0
	if !compressed || w.f.unitBytes(&s) == 0 {
		w.locateStream(e, &s, s.written())
		e.Incomplete = e.Incomplete || compressed || s.encrypted()
		return
	}
	stored := s.end() * w.f.boot.clusterBytes // what a unit has stands anywhere in it
	w.locateStream(e, &s, stored)
	e.Incomplete = e.Incomplete || s.encrypted() || stored < s.written()
	if !e.Reused {
		e.Content = func(limit int) []byte { return w.f.inflate(&s, limit) }
	}
}

// locateStream fills in where the first n bytes of s lie, and has in s the runs
// that are e's still.
func (w *walker) locateStream(e *fsys.Entry, s *stream, n int64) {
	if e.Deleted {
		left, taken := w.stillFree(s.runs, n)
		if taken >= 0 {
			e.Reused, e.Was, e.Incomplete = true, w.f.offset(taken), true
			return
		}
		s.runs = left
	}
	whole := false
	e.Data, whole = w.f.extents(s, n)
	e.Incomplete = !whole
}

// locateIndex fills in where the entries of the directory e lie: in its record,
// and in index blocks.
func (w *walker) locateIndex(e *fsys.Entry, f file) {
	var root []block.Extent
	if parts := f.parts(attrIndexRoot, indexName); len(parts) > 0 {
		root = w.f.pieces(&w.f.mft, parts[0].at, parts[0].size)
	}
	if parts := f.parts(attrIndexAllocation, indexName); len(parts) > 0 && !parts[0].resident {
		s := w.f.stream(parts)
		w.locateStream(e, &s, s.written())
	}
	if !e.Reused {
		e.Data = slices.Concat(root, e.Data)
	}
}

// recordExtent is where record n stands. One that lies in pieces has the first.
func (w *walker) recordExtent(n int64) block.Extent {
	size := w.f.boot.recordBytes
	return w.f.pieces(&w.f.mft, n*size, size)[0]
}
