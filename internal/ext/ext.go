// Package ext reads ext2, ext3 and ext4 as a forensic reader must: live and
// deleted entries, inodes that no directory names, and no trust in any number
// that it reads. It writes nothing.
//
// Source of the format: the Linux kernel's Documentation/filesystems/ext4.
// Checksums are not verified: a structure is taken for what it is by its shape,
// so that a damaged one still tells what it can. A journal is not replayed.
//
// What is told beyond the tree that directories span:
//
//   - /?/journal, /?/quota-… and /?/orphan-file are the file system's own files,
//     so that what is found in them can be told apart;
//   - /?/inode-N is inode N, which no directory names: of a file that is deleted,
//     or, not deleted, of one whose directory is lost.
//
// What a deleted file leaves depends on who deleted it. ext2 keeps an inode's
// size and block pointers; Linux clears both on ext3 and ext4, and since version
// 5.13 ext4 wipes the name too. Blocks of extended attributes are not looked
// into.
package ext

import (
	"context"
	"io"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// ErrNotExt says that there is no ext file system at the place.
var ErrNotExt error = fsys.Other("ext")

// FS is one opened file system. Its methods are safe for concurrent use; each
// Walk keeps its own state.
type FS struct {
	super  super
	src    *fsys.Source
	start  int64
	size   int64
	blocks uint64 // that the superblock and the partition both have room for
	inodes uint32 // likewise
	notes  fsys.Notes
}

// Open reads the file system in the bytes [start, start+size) of r.
//
// Where there is no superblock in the first place, or it cannot be read, a
// backup is used, with a warning; [FS.FromBackup] says so. The error wraps
// [ErrNotExt] when there is neither; any other says why what is there cannot be
// walked.
func Open(r io.ReaderAt, start, size int64) (*FS, error) { return open(r, start, size, true) }

// OpenPrimary is [Open] without the backups, whose search takes reads all over
// the volume.
func OpenPrimary(r io.ReaderAt, start, size int64) (*FS, error) { return open(r, start, size, false) }

func open(r io.ReaderAt, start, size int64, backups bool) (*FS, error) {
	f := &FS{src: fsys.NewSource(r), start: start, size: size}
	if err := f.find(backups); err != nil {
		return nil, err
	}
	s := &f.super
	f.blocks = min(s.blocks, uint64(size/s.blockBytes))
	// An inode takes its bytes of the volume, whatever the superblock says.
	f.inodes = uint32(min(uint64(s.inodes), s.groups()*uint64(s.inodesPerGroup), uint64(size/s.inodeBytes)))
	f.warn()
	return f, nil
}

func (f *FS) warn() {
	s := &f.super
	if s.group > 0 {
		f.notes.Add("the superblock is damaged; its backup in block group %d is used", s.group)
	}
	if s.blocks > f.blocks {
		f.notes.Add("the file system claims %d blocks, but there are %d", s.blocks, f.blocks)
	}
	if s.inodes > f.inodes {
		f.notes.Add("the file system claims %d inodes, but there is room for %d", s.inodes, f.inodes)
	}
	if unknown := s.incompat &^ knownIncompat; unknown != 0 {
		f.notes.Add("the file system has features that are not known here (%#x); what was found may be wrong", unknown)
	}
	if s.incompat&incompatCompression != 0 {
		f.notes.Add("contents may be compressed; they are taken as they stand")
	}
	if s.incompat&incompatRecover != 0 {
		f.notes.Add("the journal holds changes that were never applied; the directories are told without them")
	}
}

// FromBackup reports whether a backup of the superblock was used: the file system
// may be a former one that another was written over.
func (f *FS) FromBackup() bool { return f.super.group > 0 }

// Type is "ext2", "ext3" or "ext4": the least of the three that has all features
// that are in use.
func (f *FS) Type() string { return f.super.kind() }

// Label is the label in the superblock. It is not safe to print.
func (f *FS) Label(context.Context) string { return f.super.label }

// Warnings implements [fsys.FS].
func (f *FS) Warnings() []string { return f.notes.List() }

// Unreadable is what could not be read of the file system's own structures so
// far: superblock, descriptors, bitmaps, inodes, trees of blocks and directories.
func (f *FS) Unreadable() block.Extents { return f.src.Unreadable() }

// extent is where n bytes from byte at of block b lie on the drive.
func (f *FS) extent(b uint64, at, n int64) block.Extent {
	return block.Extent{Offset: f.start + int64(b)*f.super.blockBytes + at, Length: n}
}
