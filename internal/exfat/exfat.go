// Package exfat reads exFAT as a forensic reader must: live and deleted entries,
// the backup boot region where the first is damaged, and no trust in any number
// that it reads. It writes nothing.
//
// Source of the format: Microsoft, "exFAT file system specification", revision
// 1.00. Where drivers do otherwise, comments say so.
package exfat

import (
	"context"
	"io"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// ErrNotExFAT says that there is no exFAT file system at the place.
var ErrNotExFAT error = fsys.Other("exFAT")

var _ fsys.FS = (*FS)(nil)

// FS is one opened file system. Its methods are safe for concurrent use; each
// Walk keeps its own state.
type FS struct {
	boot     boot
	src      *fsys.Source
	clusters uint32 // that the table, the boot sector and the volume all have room for
	end      int64  // first byte behind the volume
	notes    fsys.Notes

	fromBackup bool
}

// Open reads the file system in the bytes [start, start+size) of r.
//
// Where the main boot region is damaged the backup behind it is used, with a
// warning. The error wraps [ErrNotExFAT] where there is neither; where there is
// one that cannot be walked it names the field, and else it is that of reading.
func Open(r io.ReaderAt, start, size int64) (*FS, error) {
	f := &FS{src: fsys.NewSource(r), end: start + size}
	if err := f.readBoot(r, start, size); err != nil {
		return nil, err
	}
	b := f.boot
	room := (f.end - b.heap + b.clusterBytes - 1) / b.clusterBytes
	f.clusters = uint32(min(int64(b.clusters), b.table.Length/entryBytes-2, room))
	f.warnBoot(size)
	return f, nil
}

func (f *FS) warnBoot(size int64) {
	b := f.boot
	if b.bytes > size {
		f.notes.Add("the file system claims %d bytes, but there are %d", b.bytes, size)
	}
	if entries := b.table.Length / entryBytes; int64(b.clusters)+2 > entries {
		f.notes.Add("the file system claims %d clusters, but its table has entries for %d", b.clusters, entries-2)
	}
	if b.overlap {
		f.notes.Add("the table reaches into the clusters")
	}
}

// clusterExtent is where cluster c lies; false when there is no such cluster.
func (f *FS) clusterExtent(c uint32) (block.Extent, bool) {
	if !f.valid(c) {
		return block.Extent{}, false
	}
	e := block.Extent{Offset: f.boot.heap + int64(c-2)*f.boot.clusterBytes, Length: f.boot.clusterBytes}
	e.Length = min(e.Length, f.end-e.Offset)
	return e, true
}

func (f *FS) valid(c uint32) bool { return c >= 2 && c-2 < f.clusters }

// Type implements [fsys.FS]: it is "exfat".
func (f *FS) Type() string { return "exfat" }

// FromBackup implements [fsys.FS].
func (f *FS) FromBackup() bool { return f.fromBackup }

// Label implements [fsys.FS]. exFAT keeps its label in the root directory alone.
func (f *FS) Label(ctx context.Context) string { return f.walker(ctx, nil).label }

// Walk implements [fsys.FS], depth first: a directory's entries in the order in
// which they stand, and below an entry for a directory at once what is in it.
// What the volume keeps for itself – its label, allocation bitmap and up-case
// table – are no entries. Behind the mark that ends a directory, what looks like
// entries is told as deleted. Deleted directories are entered while their first
// cluster is free and still begins with entries; all in them is deleted.
func (f *FS) Walk(ctx context.Context, visit func(fsys.Entry) error) error {
	return f.walker(ctx, visit).walk()
}

// Warnings implements [fsys.FS].
func (f *FS) Warnings() []string { return f.notes.List() }

// Unreadable is what could not be read of the file system's own structures so
// far: boot regions, table, allocation bitmap and directories.
func (f *FS) Unreadable() block.Extents { return f.src.Unreadable() }
