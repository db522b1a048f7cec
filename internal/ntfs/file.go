package ntfs

import (
	"slices"
)

// Limits of one file. What lies beyond them is left out, with a warning.
const (
	maxExtensions = 1024      // records besides its first
	maxListBytes  = 256 << 10 // of its attribute list, as the format has it
)

// listEntryBytes is the least that an entry of an attribute list has.
const listEntryBytes = 26

// file is a record together with its extensions.
type file struct {
	record
	attrs []attr
	whole bool // there is nothing of it that could not be found
}

// gather reads all attributes of the file whose first record is rec.
func (w *walker) gather(rec record) file {
	f := file{record: rec}
	f.attrs, f.whole = w.attributes(rec)
	i := slices.IndexFunc(f.attrs, func(a attr) bool { return a.kind == attrList })
	if i < 0 {
		return f
	}
	for _, n := range w.extensions(&f, f.attrs[i]) {
		ext, ok := w.record(n)
		if !ok || !rec.has(ext) {
			f.whole = false
			continue
		}
		more, whole := w.attributes(ext)
		f.attrs, f.whole = append(f.attrs, more...), f.whole && whole
	}
	return f
}

func (w *walker) attributes(rec record) ([]attr, bool) {
	list, whole := rec.attributes()
	if !whole {
		w.f.notes.Add("the attributes of MFT record %d break off", rec.number)
	}
	return list, whole
}

// extensions returns the numbers of the other records that the attribute list
// names, in order.
func (w *walker) extensions(f *file, list attr) (numbers []int64) {
	b := list.value
	if !list.resident {
		b = w.content(w.f.stream([]attr{list}), maxListBytes)
	}
	whole := int64(len(b)) == list.size
	for len(b) >= listEntryBytes && len(numbers) < maxExtensions {
		if n := parseRef(b, 16).number; n != f.number && !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
		length := int(le16(b, 4))
		if length < listEntryBytes || length > len(b) {
			break
		}
		b = b[length:]
	}
	if !whole || len(b) > 0 {
		w.f.notes.Add("the attribute list of MFT record %d breaks off, or names more than %d records", f.number, maxExtensions)
		f.whole = false
	}
	return numbers
}

// content reads the first bytes of a stream that the file system needs itself, up
// to limit.
func (w *walker) content(s stream, limit int64) []byte {
	b := make([]byte, min(s.written(), limit, s.end()*w.f.boot.clusterBytes))
	w.read(&s, b, 0)
	return b
}

// parts returns the parts of the attribute of that kind and name.
func (f file) parts(kind uint32, name string) (list []attr) {
	for _, a := range f.attrs {
		if a.kind == kind && a.name == name {
			list = append(list, a)
		}
	}
	return list
}

// streams returns the parts of each alternate data stream, in the order in which
// their first parts stand.
func (f file) streams() (list [][]attr) {
	index := map[string]int{}
	for _, a := range f.attrs {
		if a.kind != attrData || a.name == "" {
			continue
		}
		i, ok := index[a.name]
		if !ok {
			i = len(list)
			index[a.name], list = i, append(list, nil)
		}
		list[i] = append(list[i], a)
	}
	return list
}
