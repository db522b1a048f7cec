package ext

import (
	"encoding/binary"
	"hash/fnv"
	"slices"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// maxNames bounds the names of one directory that are kept to tell copies of
// names in use from deleted ones: 2 MiB.
const maxNames = 1 << 18

// directory is one that a walk is in.
type directory struct {
	inode
	data    []block.Extent
	path    string // ends in "/"
	depth   int
	deleted bool
	names   []uint64 // digests of the names in use, sorted; nil until needed
}

// scan calls each with the entries of a directory and their place on the drive.
func (w *walker) scan(d *directory, each func(e dirent, at int64) error) error {
	if d.within() {
		return w.scanWithin(d, each)
	}
	for _, x := range d.data {
		for at := x.Offset; at < x.End(); at += w.f.super.blockBytes {
			number := uint64(at-w.f.start) / uint64(w.f.super.blockBytes)
			b, whole := w.span(number, 0, min(x.End()-at, w.f.super.blockBytes))
			if !whole && w.over == nil {
				w.f.notes.Add("a directory cannot be read in full: block %d", number)
			}
			if err := w.scanBlock(d, b, at, each); err != nil {
				return err
			}
		}
	}
	return nil
}

// scanWithin does it for a directory in its inode, whose first part begins with
// the number of the parent instead of "." and "..".
func (w *walker) scanWithin(d *directory, each func(e dirent, at int64) error) error {
	skip := int64(4)
	for _, x := range d.data {
		skip = min(skip, x.Length)
		if err := w.scanBlock(d, d.raw[x.Offset-d.at:][skip:x.Length], x.Offset+skip, each); err != nil {
			return err
		}
		skip = 0
	}
	return nil
}

// scanBlock does it for one block at a place on the drive.
func (w *walker) scanBlock(d *directory, b []byte, at int64, each func(e dirent, at int64) error) error {
	w.step(int64(len(b)) / 64)
	if err := w.check(); err != nil {
		return err
	}
	format := entries{w.f.super.incompat&incompatFiletype != 0, w.f.inodes}
	var err error
	intact := format.scan(b, func(e dirent) bool {
		if d.flags&flagEncrypted == 0 || e.state == inUse {
			err = each(e, at+int64(e.at))
		}
		return err == nil
	})
	if !intact && !d.deleted {
		w.f.notes.Add("inode %d: a block of the directory is damaged; names in it may be told wrong", d.number)
	}
	return err
}

// copied reports whether an entry in slack is what the movement of entries left of
// a name in use of the same directory.
func (w *walker) copied(d *directory, e dirent) (bool, error) {
	if d.deleted || !w.named.Has(e.inode) {
		return false, nil
	}
	if d.names == nil {
		if err := w.collect(d); err != nil {
			return false, err
		}
	}
	_, found := slices.BinarySearch(d.names, e.digest())
	return found, nil
}

// collect fills in the names of d.
func (w *walker) collect(d *directory) error {
	d.names = []uint64{}
	err := w.scan(d, func(e dirent, _ int64) error {
		if e.state == inUse && len(d.names) < maxNames {
			d.names = append(d.names, e.digest())
		}
		return nil
	})
	if len(d.names) == maxNames {
		w.f.notes.Add("a directory has more than %d names; copies of some may be told as deleted", maxNames)
	}
	slices.Sort(d.names)
	return err
}

// digest stands for name and inode.
func (d dirent) digest() uint64 {
	h := fnv.New64a()
	_, _ = h.Write(binary.LittleEndian.AppendUint32(nil, d.inode)) // never fails
	_, _ = h.Write(d.name)
	return h.Sum64()
}

// below is the directory that an entry stands for.
func (d *directory) below(e fsys.Entry, n inode) *directory {
	return &directory{inode: n, data: e.Data, path: e.Path + "/", depth: d.depth + 1, deleted: e.Deleted}
}
