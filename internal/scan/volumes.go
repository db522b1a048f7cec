package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/panoscrub/panoscrub/internal/exfat"
	"github.com/panoscrub/panoscrub/internal/ext"
	"github.com/panoscrub/panoscrub/internal/fat"
	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/ntfs"
	"github.com/panoscrub/panoscrub/internal/parttable"
)

// volume is a partition, or the whole drive, and the file system in it if there
// is one that can be walked.
type volume struct {
	Partition
	fs   fsys.FS
	lost bool // it is what is left of a former one: all in it is deleted
}

// openers are the readers of the file systems that can be walked.
var openers = []fsys.Opener{
	func(r io.ReaderAt, start, size int64) (fsys.FS, error) { return fat.Open(r, start, size) },
	func(r io.ReaderAt, start, size int64) (fsys.FS, error) { return exfat.Open(r, start, size) },
	func(r io.ReaderAt, start, size int64) (fsys.FS, error) { return ntfs.Open(r, start, size) },
	func(r io.ReaderAt, start, size int64) (fsys.FS, error) { return ext.Open(r, start, size) },
}

// openersOfLost look at no backups, which are searched for all over the drive.
var openersOfLost = append(openers[:3:3],
	func(r io.ReaderAt, start, size int64) (fsys.FS, error) { return ext.OpenPrimary(r, start, size) })

// openVolumes finds the partitions and what is in them, and what is left of former
// ones. What is wrong with them goes to the limits.
func openVolumes(drive io.ReaderAt, size int64, sectorSize int, limits limits) []volume {
	table, err := readTable(drive, size, sectorSize)
	if err != nil {
		limits.add("partition table: " + err.Error())
	}
	for _, w := range table.Warnings {
		limits.add("partition table: " + w)
	}
	var found []volume
	for _, e := range table.Entries {
		p := Partition{Index: e.Index, Offset: e.Start, Size: e.Size, Type: e.Type}
		found = append(found, openPartition(drive, p, limits)...)
	}
	if table.Scheme == parttable.SchemeNone || err != nil {
		found = append(found, openPartition(drive, Partition{Size: size}, limits)...)
	}
	return append(found, lostVolumes(drive, size, found)...)
}

// readTable reads the table with the drive's own sector size. An image says
// nothing of the drive that it was taken from, so that both sizes are tried.
func readTable(drive io.ReaderAt, size int64, sectorSize int) (parttable.Table, error) {
	if sectorSize == 512 {
		table, _, err := parttable.Detect(drive, size)
		return table, err
	}
	return parttable.Read(drive, size, sectorSize)
}

// opened is what the readers make of the bytes at one place.
type opened struct {
	first   fsys.FS   // the file system that stands there
	remains []fsys.FS // what is left of former ones, by their backups
	err     error     // why one that stands there cannot be walked
}

// openAll tries the readers at one place. A file system that only a backup of its
// first sector tells of counts as the one that stands there when nothing else
// does, nor what cannot be walked.
func openAll(openers []fsys.Opener, drive io.ReaderAt, start, size int64, foreign bool) (o opened) {
	var backups []fsys.FS
	for _, open := range openers {
		fs, err := open(drive, start, size)
		switch {
		case err != nil:
			if o.err == nil && !errors.Is(err, fsys.ErrOther) {
				o.err = err
			}
		case fs.FromBackup():
			backups = append(backups, fs)
		case o.first == nil:
			o.first = fs
		default:
			o.remains = append(o.remains, fs)
		}
	}
	if o.first == nil && len(backups) > 0 && !foreign {
		o.first, backups = backups[0], backups[1:]
	}
	o.remains = append(o.remains, backups...)
	return o
}

// openPartition opens what is in a partition, and what is left in it of former
// file systems, as a quick format leaves them.
func openPartition(drive io.ReaderAt, p Partition, limits limits) (found []volume) {
	foreign, first := recognise(drive, p.Offset, p.Size)
	o := openAll(openers, drive, p.Offset, p.Size, foreign != "")
	if first && o.first != nil {
		// ext leaves the first sector alone, and so what took it may have left ext.
		o.first, o.remains = nil, append(o.remains, o.first)
	}
	switch {
	case o.first != nil:
		p.FileSystem = o.first.Type()
	case o.err != nil:
		limits.add(p.name() + ": " + o.err.Error())
	case foreign != "":
		p.FileSystem = foreign
		limits.add(p.name() + ": " + foreign + " was recognised, which cannot be walked: what is in it was looked at without names, and what is encrypted or compressed not at all")
	}
	found = []volume{{Partition: p, fs: o.first}}
	for _, fs := range o.remains {
		found = append(found, volume{Partition: p, fs: fs, lost: true})
	}
	return found
}

// usualStarts are where partitions start, as the programs that make them have it:
// at the old track boundary, and at 1, 4 and 16 MiB.
var usualStarts = []int64{0, 63 * 512, 1 << 20, 4 << 20, 16 << 20}

// lostVolumes finds the file systems of partitions that were deleted or moved, at
// the usual places.
func lostVolumes(drive io.ReaderAt, size int64, known []volume) (lost []volume) {
	for _, start := range usualStarts {
		if start >= size || slices.ContainsFunc(known, func(v volume) bool { return v.Offset == start }) {
			continue
		}
		o := openAll(openersOfLost, drive, start, size-start, false)
		if o.first != nil && !o.first.FromBackup() {
			lost = append(lost, volume{Partition: Partition{Offset: start, Size: size - start}, fs: o.first, lost: true})
		}
	}
	return lost
}

// magics are what file systems and containers that cannot be walked begin with.
var magics = []struct {
	name   string
	offset int64
	magic  string
}{
	{"luks", 0, "LUKS\xBA\xBE"},
	{"bitlocker", 3, "-FVE-FS-"},
	{"refs", 3, "ReFS\x00"},
	{"lvm", 512, "LABELONE"},
	{"linux-raid", 4096, "\xFC\x4E\x2B\xA9"},
	{"linux-raid", 0, "\xFC\x4E\x2B\xA9"},
	{"swap", 4086, "SWAPSPACE2"},
	{"hfsplus", 1024, "H+\x00\x04"},
	{"hfsx", 1024, "HX\x00\x05"},
	{"apfs", 32, "NXSB"},
	{"btrfs", 0x10040, "_BHRfS_M"},
	{"xfs", 0, "XFSB"},
	{"f2fs", 1024, "\x10\x20\xF5\xF2"},
	{"squashfs", 0, "hsqs"},
	{"iso9660", 32769, "CD001"},
	{"udf", 32769, "BEA01"},
	{"zfs", 0x20000, "\x0C\xB1\xBA\x00\x00\x00\x00\x00"},
}

// recognise names what stands at start and cannot be walked, "" for nothing known,
// and reports whether its first sector tells.
func recognise(drive io.ReaderAt, start, size int64) (name string, first bool) {
	for _, m := range magics {
		if m.offset+int64(len(m.magic)) > size {
			continue
		}
		b := make([]byte, len(m.magic))
		if _, err := drive.ReadAt(b, start+m.offset); err == nil && string(b) == m.magic {
			return m.name, m.offset < sectorBytes
		}
	}
	return "", false
}

func (v *volume) walk(ctx context.Context, visit func(fsys.Entry) error) error {
	if v.fs == nil {
		return nil
	}
	return v.fs.Walk(ctx, func(e fsys.Entry) error {
		e.Deleted = e.Deleted || v.lost
		return visit(e)
	})
}

func (p Partition) name() string {
	if p.Index == 0 {
		return "drive without partitions"
	}
	return fmt.Sprintf("partition %d", p.Index)
}

// clean makes a name from the drive fit for JSON. It may still hold anything
// that a terminal would obey.
func clean(name string) string { return strings.ToValidUTF8(name, "\uFFFD") }

// account adds what could not be walked or read of a volume. That a former file
// system is not whole any more goes without saying.
func (v *volume) account(c *Coverage, all limits) {
	if v.fs == nil || v.lost {
		return
	}
	for _, w := range v.fs.Warnings() {
		all.add(v.name() + ": " + w)
	}
	for _, e := range v.fs.Unreadable() {
		c.Unreadable.Add(e)
	}
}
