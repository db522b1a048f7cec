package ntfs

import (
	"bytes"
	"unicode/utf16"
)

// Records with a fixed number.
const (
	recordVolume = 3
	recordRoot   = 5
	recordBitmap = 6
)

// Flags of a record.
const (
	flagInUse     = 1
	flagDirectory = 2
)

// stride is the distance of the places that an update sequence protects, whatever
// size a sector has.
const stride = 512

// ref is how one record names another: by its number, and by how often that
// record was used until then.
type ref struct {
	number   int64
	sequence uint16
}

func parseRef(b []byte, at int) ref {
	return ref{number: le64(b, at) & (1<<48 - 1), sequence: le16(b, at+6)}
}

// record is one MFT record.
type record struct {
	ref
	flags uint16
	base  ref    // of an extension: whose; else zero
	bytes []byte // its update sequence is undone
	used  int    // bytes of it
}

func (r record) inUse() bool     { return r.flags&flagInUse != 0 }
func (r record) directory() bool { return r.flags&flagDirectory != 0 }
func (r record) extension() bool { return r.base != ref{} }

// was reports whether the record is still the one that the sequence number was
// given out for. Deleting a record raises its number, past 0.
func (r record) was(sequence uint16) bool {
	next := max(sequence+1, 1)
	return r.sequence == sequence || !r.inUse() && r.sequence == next
}

// has reports whether ext is an extension of the record.
func (r record) has(ext record) bool {
	return ext.base.number == r.number && r.was(ext.base.sequence) && ext.inUse() == r.inUse()
}

// parseRecord reads record number n from b, which it changes; ok is false when it
// is none. whole is false when some sector of it was not written together with
// the others: who found that before us wrote "BAAD" on it.
func parseRecord(n int64, b []byte) (r record, whole, ok bool) {
	signature := string(b[:4])
	if signature != "FILE" && signature != "BAAD" {
		return record{}, true, false
	}
	whole = restore(b) && signature == "FILE"
	return record{
		ref:   ref{n, le16(b, 16)},
		flags: le16(b, 22),
		base:  parseRef(b, 32),
		bytes: b,
		used:  int(min(int64(le32(b, 24)), int64(len(b)))),
	}, whole, true
}

// restore puts back the last two bytes of each sector of a record or index block,
// in whose places a number stands that tells whether all were written together.
// It is false where that is not so; such sectors stay as they are.
func restore(b []byte) (whole bool) {
	at, n := int(le16(b, 4)), int(le16(b, 6))
	if n != len(b)/stride+1 || at+2*n > stride-2 {
		return false
	}
	whole = true
	for i := 1; i < n; i++ {
		tail := b[i*stride-2 : i*stride]
		if !bytes.Equal(tail, b[at:at+2]) {
			whole = false
			continue
		}
		copy(tail, b[at+2*i:at+2*i+2])
	}
	return whole
}

// record reads record n of the $MFT; false when it is none.
func (w *walker) record(n int64) (record, bool) {
	switch {
	case n < 0 || n >= w.f.records():
		return record{}, false
	case n == 0:
		return w.f.first, true
	}
	b := make([]byte, w.f.boot.recordBytes)
	lost := w.read(&w.f.mft, b, n*w.f.boot.recordBytes)
	return w.judge(n, b, len(lost) > 0)
}

// judge reads record n from b and notes what is wrong with it.
func (w *walker) judge(n int64, b []byte, lost bool) (record, bool) {
	rec, whole, ok := parseRecord(n, b)
	switch {
	case lost:
		w.f.notes.Add("MFT record %d cannot be read in full", n)
	case !whole:
		w.f.notes.Add("MFT record %d was not written in one go", n)
	case !ok && len(bytes.Trim(b, "\x00")) > 0:
		w.f.notes.Add("MFT record %d is no record", n)
	}
	return rec, ok
}

// records is how many records the $MFT has.
func (f *FS) records() int64 {
	return min(f.mft.size, f.mft.initialized, f.mft.end()*f.boot.clusterBytes) / f.boot.recordBytes
}

// utf16Text is little-endian UTF-16 as a string; what is no character becomes
// U+FFFD.
func utf16Text(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = le16(b, 2*i)
	}
	return string(utf16.Decode(units))
}
