package ntfs

import (
	"context"
	"errors"

	"github.com/panoscrub/panoscrub/internal/fsys"
)

// maxRecords bounds a walk; what lies beyond it is left out, with a warning.
const maxRecords = 16 << 20

// chunkBytes is how much of $MFT is held at a time.
const chunkBytes = 64 << 10

// Walk implements [fsys.FS]. It visits the records in the order of their numbers,
// in use or not; of each the file, its further names, its alternate streams, and
// below a directory the names that only the slack of its index still has, with
// the file where the record has no name any more. The file system's own files are
// entries like others, and so is the root directory, as "/.". Files of whose
// names nothing is left come last, called after their records.
//
// Data leaves out what a file has beyond its initialized size, as if it were a
// hole: the clusters are the file's, but what stands in them is not. Of a deleted
// file it leaves out the clusters that are in use now.
func (f *FS) Walk(ctx context.Context, visit func(fsys.Entry) error) error {
	w := f.walker(ctx, visit)
	w.bitmap = w.newBitmap()
	err := w.walk()
	if errors.Is(err, fsys.ErrLimit) {
		return nil
	}
	return err
}

// walk goes through all records.
func (w *walker) walk() error {
	size, count := w.f.boot.recordBytes, w.f.records()
	if count > maxRecords {
		w.f.notes.Add("there are more than %d MFT records; the rest is left out", maxRecords)
		count = maxRecords
	}
	chunk := make([]byte, chunkBytes)
	for n := int64(0); n < count; {
		chunk = chunk[:min(chunkBytes, (count-n)*size)]
		lost := w.read(&w.f.mft, chunk, n*size)
		for at := 0; at < len(chunk); at, n = at+int(size), n+1 {
			damaged := len(lost) > 0 && lost[0] < at+int(size)
			for len(lost) > 0 && lost[0] < at+int(size) {
				lost = lost[1:]
			}
			if err := w.one(n, chunk[at:at+int(size)], damaged); err != nil {
				return err
			}
		}
	}
	return w.unnamed(count)
}

// one visits what record n, which is b, tells.
func (w *walker) one(n int64, b []byte, lost bool) error {
	if err := w.goOn(); err != nil {
		return err
	}
	rec, ok := w.judge(n, b, lost)
	if n == 0 {
		rec, ok = w.f.first, true
	}
	if !ok || rec.extension() && w.told(rec) {
		return nil
	}
	f := w.gather(rec)
	if !f.whole && rec.inUse() {
		w.f.notes.Add("MFT record %d tells less than the whole of its file", n)
	}
	return w.file(f)
}

// told reports whether the extension rec still has the file that it belongs to,
// which tells what is in it.
func (w *walker) told(rec record) bool {
	base, ok := w.record(rec.base.number)
	return ok && !base.extension() && base.has(rec)
}
