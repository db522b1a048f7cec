// Package fat reads FAT12, FAT16 and FAT32 as a forensic reader must: live and
// deleted entries, both copies of the table, and no trust in any number that it
// reads. It writes nothing.
//
// Source of the format: Microsoft, "FAT: General Overview of On-Disk Format",
// version 1.03. Where formatters do otherwise, comments say so.
package fat

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// ErrNotFAT says that there is no FAT file system at the place.
var ErrNotFAT error = fsys.Other("FAT")

// FS is one opened file system. Its methods are safe for concurrent use; each
// Walk keeps its own state.
type FS struct {
	Boot Boot

	src      *fsys.Source
	table    *table
	clusters uint32 // that the table, the boot sector and the partition all have room for
	end      int64  // first byte behind the partition

	notes    fsys.Notes
	compared atomic.Bool // the copies of the table were compared
}

// Open reads the file system in the bytes [start, start+size) of r.
//
// Where the first sector is no boot sector of FAT, or cannot be read, the backup
// that FAT32 keeps is used, and Boot.FromBackup says so. The error wraps
// [ErrNotFAT] when there is neither; other errors are those of reading.
func Open(r io.ReaderAt, start, size int64) (*FS, error) {
	boot, err := readBoot(r, start, size)
	if err != nil {
		return nil, err
	}
	f := &FS{Boot: boot, src: fsys.NewSource(r), end: start + size}
	entries := boot.TableEntries()
	room := (size - (boot.DataOffset - start) + int64(boot.ClusterBytes) - 1) / int64(boot.ClusterBytes)
	f.clusters = uint32(min(int64(boot.Clusters), entries-2, room))
	f.table = newTable(f.src, &f.notes, boot)
	f.warnBoot(entries, size)
	return f, nil
}

func (f *FS) warnBoot(entries, size int64) {
	if f.Boot.FromBackup {
		f.notes.Add("the boot sector is damaged; its backup is used")
	}
	if claimed := f.Boot.TotalSectors * int64(f.Boot.SectorBytes); claimed > size {
		f.notes.Add("the file system claims %d bytes, but there are %d", claimed, size)
	}
	if int64(f.Boot.Clusters)+2 > entries {
		f.notes.Add("the file system claims %d clusters, but its table has entries for %d", f.Boot.Clusters, entries-2)
	}
}

// ClusterOf returns the cluster that the byte at off lies in; false when it lies
// in none that is in use by the format.
func (f *FS) ClusterOf(off int64) (uint32, bool) {
	if off < f.Boot.DataOffset || off >= f.end {
		return 0, false
	}
	c := (off-f.Boot.DataOffset)/int64(f.Boot.ClusterBytes) + 2
	return uint32(c), c < int64(f.clusters)+2
}

// ClusterExtent is where cluster c lies; false when there is no such cluster.
func (f *FS) ClusterExtent(c uint32) (block.Extent, bool) {
	if !f.valid(c) {
		return block.Extent{}, false
	}
	e := block.Extent{
		Offset: f.Boot.DataOffset + int64(c-2)*int64(f.Boot.ClusterBytes),
		Length: int64(f.Boot.ClusterBytes),
	}
	e.Length = min(e.Length, f.end-e.Offset)
	return e, true
}

// ClusterFree reports whether the table says that cluster c is free. A cluster
// that does not exist, or whose entry cannot be read, is not free.
func (f *FS) ClusterFree(c uint32) bool {
	return f.valid(c) && f.table.next(c).kind == linkFree
}

func (f *FS) valid(c uint32) bool { return c >= 2 && c-2 < f.clusters }

// Label is the volume's label as the root directory has it, which is what
// operating systems show, or else as the boot sector has it: without padding,
// and not safe to print. It is empty when there is none.
func (f *FS) Label(ctx context.Context) string {
	w := f.walker(ctx, nil)
	buf := make([]byte, chunkBytes)
	for _, e := range w.root() {
		for at := e.Offset; at < e.End() && ctx.Err() == nil; at += chunkBytes {
			buf = buf[:min(chunkBytes, e.End()-at)]
			f.src.Read(buf, at)
			for i := 0; i+slotBytes <= len(buf); i += slotBytes {
				s := slot(buf[i:])
				if s[0] == slotEnd {
					return f.Boot.label()
				}
				if s[0] != slotDeleted && s.volume() {
					return s.shortName()
				}
			}
		}
	}
	return f.Boot.label()
}

// FromBackup implements [fsys.FS].
func (f *FS) FromBackup() bool { return f.Boot.FromBackup }

// Type is FAT12, FAT16 or FAT32.
func (f *FS) Type() string { return f.Boot.Type }

// Warnings implements [fsys.FS].
func (f *FS) Warnings() []string { return f.notes.List() }

// Unreadable is what could not be read of the file system's own structures so
// far: boot sector, tables and directories.
func (f *FS) Unreadable() block.Extents { return f.src.Unreadable() }
