// Package fsys is what the readers of file systems have in common: what they
// tell of a file system, how they read from a drive that may fail, and how they
// keep account of what is wrong with it.
package fsys

import (
	"context"
	"io"
	"strings"

	"github.com/panoscrub/panoscrub/internal/block"
)

// FS is one opened file system, read as a forensic reader must: live and deleted
// entries, and no trust in any number that stands on the drive. The suite in
// package fsystest checks what each implementation must keep.
type FS interface {
	// Type is the kind of file system: "fat32", "exfat", "ntfs", "ext4".
	Type() string
	// FromBackup reports whether nothing but a backup of its first sector tells of
	// it: it is damaged there, or another file system stands there now.
	FromBackup() bool
	// Label is the volume's label, or "" for none. It is not safe to print.
	Label(ctx context.Context) string
	// Walk calls visit for each entry, live and deleted, in an order that is the
	// same each time. Time and memory are bounded whatever the drive says:
	// Warnings tells what was left out for it, and what could not be read. It
	// returns the error of visit or of ctx, and no other.
	Walk(ctx context.Context, visit func(Entry) error) error
	// Warnings says in words what was wrong with the file system so far: limits
	// hit, loops, tables that differ, bytes that could not be read. It quotes
	// nothing from the drive but numbers.
	Warnings() []string
	// Unreadable is what could not be read of the file system's own structures
	// so far.
	Unreadable() block.Extents
}

// Opener opens the file system in the bytes [start, start+size) of r. Its error
// says what is wrong where there is one of its kind that cannot be walked, and
// wraps [ErrOther] where there is none.
type Opener func(r io.ReaderAt, start, size int64) (FS, error)

// Entry is a name in a file system, in use or deleted, and what it names.
type Entry struct {
	// Path is the entry's way from the root, "/" before each name. The names are
	// as they stand on the drive, and not safe to print; only a "/" within a name
	// becomes U+FFFD, as [Join] has it. An alternate data stream of NTFS follows
	// its file's name and a ":". What lies below a directory that cannot be told
	// any more has the path "/?/name".
	Path    string
	Dir     bool
	Deleted bool
	// NameOnly says that nothing but the name is left. Such an entry is deleted.
	NameOnly bool
	Size     int64 // in bytes, as the entry has it; 0 for a directory
	// Record is where the entry itself stands on the drive: its directory slots,
	// its MFT record, its directory entry.
	Record block.Extent
	// Data is where the content lies, in file order and clipped to Size, without
	// the holes of a sparse file; for a directory, all that holds its entries.
	// Of a deleted file it may be a guess, but never bytes that are known to be
	// another's now.
	Data []block.Extent
	// Incomplete says that Data covers less than the content.
	Incomplete bool
	// Reused says that the place of a deleted entry's content belongs to someone
	// else now: the content is gone, Data is empty, and Was is where it began.
	Reused bool
	Was    int64
	// Journal says that the content is the file system's journal: former copies of
	// what was written, which nobody reaches by a name.
	Journal bool
	// Content returns up to limit bytes of the content from its start, where the
	// bytes in Data are not the content as it is: compressed, or altered by the
	// file system. It is nil for all else.
	Content func(limit int) []byte
}

// Join is the path of name in the directory at dir, which ends in "/".
func Join(dir, name string) string { return dir + strings.ReplaceAll(name, "/", "\uFFFD") }

// Orphans is the directory of what lies below a directory that cannot be told.
const Orphans = "/?/"
