package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/panoscrub/panoscrub/internal/fat"
	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/parttable"
)

// volume is a partition, or the whole drive, and the file system in it if there
// is one that can be walked.
type volume struct {
	Partition
	fs   fsys.FS
	lost bool // no partition table tells of it any more: all in it is deleted
}

// openers are the readers of the file systems that can be walked.
var openers = []fsys.Opener{
	func(r io.ReaderAt, start, size int64) (fsys.FS, error) { return fat.Open(r, start, size) },
}

// openVolumes finds the partitions and what is in them, and file systems where
// partitions once were. What is wrong with them goes to the limits.
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
		found = append(found, openVolume(drive, p, limits))
	}
	if table.Scheme == parttable.SchemeNone || err != nil {
		found = append(found, openVolume(drive, Partition{Size: size}, limits))
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

func openVolume(drive io.ReaderAt, p Partition, limits limits) volume {
	for _, open := range openers {
		fs, err := open(drive, p.Offset, p.Size)
		if err == nil {
			p.FileSystem = fs.Type()
			return volume{Partition: p, fs: fs}
		}
		if !errors.Is(err, fsys.ErrOther) {
			limits.add(p.name() + ": " + err.Error())
		}
	}
	if p.FileSystem = recognise(drive, p.Offset, p.Size); p.FileSystem != "" {
		limits.add(p.name() + ": " + p.FileSystem + " was recognised, which cannot be walked: what is in it was looked at without names, and what is encrypted or compressed not at all")
	}
	return volume{Partition: p}
}

// usualStarts are where partitions start, as the programs that make them have it:
// at the old track boundary, and at 1, 4 and 16 MiB.
var usualStarts = []int64{0, 63 * 512, 1 << 20, 4 << 20, 16 << 20}

// lostVolumes finds the file systems of partitions that were deleted or moved: at
// the usual places, as far as no volume that is known covers them.
func lostVolumes(drive io.ReaderAt, size int64, known []volume) (lost []volume) {
	for _, start := range usualStarts {
		covered := func(v volume) bool {
			return v.fs != nil && v.Offset <= start && start < v.Offset+v.Size || v.Offset == start
		}
		if start >= size || slices.ContainsFunc(known, covered) || slices.ContainsFunc(lost, covered) {
			continue
		}
		end := size
		for _, v := range known {
			if v.Offset > start {
				end = min(end, v.Offset)
			}
		}
		v := openVolume(drive, Partition{Offset: start, Size: end - start}, limits{})
		if v.fs != nil {
			v.lost = true
			lost = append(lost, v)
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

// recognise names what stands at start and cannot be walked; "" for nothing known.
func recognise(drive io.ReaderAt, start, size int64) string {
	for _, m := range magics {
		if m.offset+int64(len(m.magic)) > size {
			continue
		}
		b := make([]byte, len(m.magic))
		if _, err := drive.ReadAt(b, start+m.offset); err == nil && string(b) == m.magic {
			return m.name
		}
	}
	return ""
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

// lose says where a file system could not be read.
func (v *volume) lose(c *Coverage, all limits) {
	if v.fs == nil {
		return
	}
	where := v.name()
	if v.lost {
		where = "file system without a partition"
	}
	for _, w := range v.fs.Warnings() {
		all.add(where + ": " + w)
	}
	for _, e := range v.fs.Unreadable() {
		c.Unreadable.Add(e)
	}
}
