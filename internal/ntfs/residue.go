package ntfs

import (
	"slices"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

const (
	entryHeader = 16   // bytes of an index entry, up to its $FILE_NAME
	keptNames   = 4096 // of a directory that are kept in mind, so as not to tell them twice
)

// former is what a name was of.
type former struct {
	of   ref
	text string
}

// scan looks for names in b, which are the bytes of s from at on.
func (d *residual) scan(b []byte, s *stream, at int64) error {
	for i := int(-at & 7); i+entryHeader+nameHeader < len(b); {
		n, of, ok := d.entry(b[i:])
		if !ok {
			i += 8
			continue
		}
		length := entryHeader + n.bytes
		if err := d.name(n, of, s, at+int64(i), int64(length)); err != nil {
			return err
		}
		i += (length + 7) &^ 7
	}
	return nil
}

// entry reads the index entry that b begins with, and whose name it is; false
// when it can be none of this directory.
func (d *residual) entry(b []byte) (n name, of ref, ok bool) {
	n, ok = parseName(b[entryHeader:])
	length, key := int(le16(b, 8)), int(le16(b, 10))
	switch {
	case !ok || key != n.bytes || length < entryHeader+key || length > entryHeader+key+16:
		return n, of, false
	case n.parent.number != d.dir.number || !d.dir.was(n.parent.sequence):
		return n, of, false
	}
	return n, parseRef(b, 0), true
}

// name visits one name, unless a record tells it: with the record that it is of,
// where that is deleted and has lost its name, else alone.
func (d *residual) name(n name, of ref, s *stream, at, length int64) error {
	where := d.w.f.pieces(s, at, length)
	if n.space == spaceDOS || d.seen[former{of, n.text}] || len(where) == 0 {
		return nil
	}
	if len(d.seen) == keptNames {
		clear(d.seen)
	}
	d.seen[former{of, n.text}] = true
	if rec, ok := d.w.record(of.number); ok {
		f := d.w.gather(rec)
		names := f.allNames()
		switch {
		case slices.ContainsFunc(names, n.same):
			return nil
		case len(names) == 0 && !f.inUse() && !f.extension() && f.was(of.sequence) && d.w.found.Add(uint32(f.number)):
			return d.w.tell(f, fsys.Join(d.path, n.text), nil)
		}
	}
	return d.w.emit(d.alone(n, where[0]))
}

// alone is the entry of a name of which nothing else is left.
func (d *residual) alone(n name, where block.Extent) fsys.Entry {
	e := fsys.Entry{
		Path: fsys.Join(d.path, n.text), Dir: n.directory, Deleted: true, NameOnly: true, Record: where,
	}
	if !e.Dir {
		e.Size = n.size
	}
	return e
}
