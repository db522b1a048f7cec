package ntfs

import (
	"fmt"
	"slices"

	"github.com/panoscrub/panoscrub/internal/fsys"
)

// systemCompressed is the stream that has a file's content when Windows compresses
// it above NTFS: the file's own is one hole then.
const systemCompressed = "WofCompressedData"

// file visits the entries of one file. One that has no name waits until it is
// known whether the slack of a directory names it: not all that delete files
// leave the name in the record.
func (w *walker) file(f file) error {
	names := f.names()
	if len(names) == 0 {
		w.nameless.Add(uint32(f.number))
		return nil
	}
	return w.tell(f, w.path(names[0]), names[1:])
}

// unnamed visits the files of whose names nothing was found, among the first
// count records. Where there is no content either, there never was a file.
func (w *walker) unnamed(count int64) error {
	for n := range count {
		if !w.nameless.Has(uint32(n)) || w.found.Has(uint32(n)) {
			continue
		}
		rec, ok := w.record(n)
		if !ok {
			continue
		}
		f := w.gather(rec)
		if e := w.describe(f); e.Size == 0 && !e.Dir && len(f.streams()) == 0 {
			continue
		}
		if err := w.tell(f, fmt.Sprintf("%srecord %d", fsys.Orphans, n), nil); err != nil {
			return err
		}
	}
	return nil
}

// tell visits f under its path and its other names, its streams, and what only
// the slack of a directory still names.
func (w *walker) tell(f file, path string, links []name) error {
	e := w.describe(f)
	e.Path = path
	if err := w.emit(e); err != nil {
		return err
	}
	if len(links) >= maxLinks {
		w.f.notes.Add("a file has more than %d names; the rest is left out", maxLinks)
		links = links[:maxLinks-1]
	}
	for _, n := range links {
		e.Path, e.Data = w.path(n), slices.Clone(e.Data)
		if err := w.emit(e); err != nil {
			return err
		}
	}
	if err := w.alternates(path, f); err != nil || !e.Dir {
		return err
	}
	if f.number == recordRoot {
		path = ""
	}
	return w.residue(f, path+"/")
}

// describe is the entry of f without its path.
func (w *walker) describe(f file) fsys.Entry {
	e := fsys.Entry{Dir: f.directory(), Deleted: !f.inUse(), Record: w.recordExtent(f.number)}
	parts := f.parts(attrData, "")
	switch {
	case e.Dir:
		w.locateIndex(&e, f)
	case len(parts) == 0:
		e.Incomplete = !f.whole
	default:
		w.locate(&e, parts)
		e.Incomplete = e.Incomplete || len(f.parts(attrData, systemCompressed)) > 0
	}
	return e
}

// alternates visits the alternate data streams of the file at path.
func (w *walker) alternates(path string, f file) error {
	for _, parts := range f.streams() {
		e := fsys.Entry{Deleted: !f.inUse(), Record: w.recordExtent(f.number)}
		e.Path = fsys.Join(path+":", parts[0].name)
		w.locate(&e, parts)
		if err := w.emit(e); err != nil {
			return err
		}
	}
	return nil
}
