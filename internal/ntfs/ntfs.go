// Package ntfs reads NTFS as a forensic reader must: records in use and not,
// names that only a directory's slack still has, and no trust in any number that
// it reads. It writes nothing.
//
// It is a reader of its own because the library that there is loses what a bad
// sector hides without a word, and takes all of the memory there is where the
// size of an index is a lie.
//
// Source of the format: the documentation of the Linux-NTFS project, "NTFS
// Documentation", by Russon and Fledel, for the structures; Microsoft,
// [MS-XCA] section 2.5, for LZNT1.
package ntfs

import (
	"context"
	"errors"
	"io"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// ErrNotNTFS says that there is no NTFS at the place.
var ErrNotNTFS error = fsys.Other("NTFS")

// ErrNoMFT says that there is an NTFS, but neither the first record of its $MFT
// nor the mirror of it can be read, so that nothing can be found.
var ErrNoMFT = errors.New("NTFS without its master file table")

var errBootUnreadable = errors.New("the boot sector cannot be read, and there is no backup of one of NTFS")

// FS is one opened file system. Its methods are safe for concurrent use; each
// Walk keeps its own state.
type FS struct {
	r           io.ReaderAt
	src         *fsys.Source
	start, size int64
	boot        boot
	clusters    int64 // whole ones that are in the partition and in the volume
	mft         stream
	first       record // of $MFT, or the mirror's
	notes       fsys.Notes
	fromBackup  bool // of the boot sector, at the end
}

// Open reads the file system in the bytes [start, start+size) of r. The error is
// [ErrNotNTFS] where there is none, [ErrNoMFT] where there is one that cannot be
// walked, or says that the boot sector cannot be read.
func Open(r io.ReaderAt, start, size int64) (*FS, error) {
	f := &FS{r: r, src: fsys.NewSource(r), start: start, size: size}
	first, readable := f.readSector(0)
	if f.use(first) {
		return f, nil
	}
	f.fromBackup = true
	for _, at := range backupOffsets(first, size) {
		if sector, ok := f.readSector(at); ok && f.use(sector) {
			f.notes.Add("the boot sector is damaged, or of something else; its backup is used")
			return f, nil
		}
	}
	switch _, ours := parseBoot(first); {
	case ours:
		return nil, ErrNoMFT
	case !readable && size >= bootBytes:
		return nil, errBootUnreadable
	}
	return nil, ErrNotNTFS
}

// FromBackup implements [fsys.FS]. mkfs.vfat, for one, leaves the last sector of
// an older NTFS alone.
func (f *FS) FromBackup() bool { return f.fromBackup }

// use takes sector for the boot sector; false when it does not lead to an $MFT.
func (f *FS) use(sector []byte) bool {
	b, ok := parseBoot(sector)
	if !ok {
		return false
	}
	f.boot = b
	f.clusters = min(b.bytes(), f.size) / b.clusterBytes
	if !f.findMFT() {
		return false
	}
	if b.bytes() > f.size {
		f.notes.Add("the file system claims %d bytes, but there are %d", b.bytes(), f.size)
	}
	return true
}

// Type is "ntfs".
func (f *FS) Type() string { return "ntfs" }

// Label implements [fsys.FS].
func (f *FS) Label(ctx context.Context) string {
	w := f.walker(ctx, nil)
	rec, ok := w.record(recordVolume)
	if !ok {
		return ""
	}
	for _, a := range w.gather(rec).attrs {
		if a.kind == attrVolumeName {
			return utf16Text(a.value)
		}
	}
	return ""
}

// Warnings implements [fsys.FS].
func (f *FS) Warnings() []string { return f.notes.List() }

// Unreadable is what could not be read of the file system's own structures so
// far: boot sector, records, directories and bitmaps.
func (f *FS) Unreadable() block.Extents { return f.src.Unreadable() }
