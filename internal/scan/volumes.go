package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fat"
	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/parttable"
)

// volume is a partition, or the whole drive, and the file system in it if there
// is one that can be walked.
type volume struct {
	Partition
	fs fsys.FS
}

// openVolumes finds the partitions and what is in them. What is wrong with them
// goes to the limits.
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
	return found
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

// openers are the readers of the file systems that can be walked.
var openers = []fsys.Opener{
	func(r io.ReaderAt, start, size int64) (fsys.FS, error) { return fat.Open(r, start, size) },
}

func openVolume(drive io.ReaderAt, p Partition, limits limits) volume {
	for _, open := range openers {
		fs, err := open(drive, p.Offset, p.Size)
		if err == nil {
			p.FileSystem = fs.Type()
			return volume{p, fs}
		}
		if !errors.Is(err, fsys.ErrOther) {
			limits.add(p.name() + ": " + err.Error())
		}
	}
	return volume{Partition: p}
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

// entry is a directory entry as findings need it.
type entry struct {
	rule    *rule // that its name alone satisfies, or nil
	path    string
	deleted bool
	reused  bool
	size    int64
	start   int64 // of its data on the drive; without any, of its record
	record  block.Extent
	was     int64 // where the data of a reused entry began
	file    int32 // number in the index, or noFile
}

// catalog is what the directories of all volumes tell.
type catalog struct {
	volumes []volume
	files   fileIndex
	named   []entry // those whose name alone tells
	limits  limits
}

// maxNamed bounds what is kept of entries that are found by name.
const maxNamed = 2000

// read walks all volumes once, for what names tell and for where files lie.
func (x *catalog) read(ctx context.Context, set *ruleset) error {
	defer x.files.build()
	for i := range x.volumes {
		v := &x.volumes[i]
		err := v.walk(ctx, func(e fsys.Entry) error {
			x.take(set, e)
			return nil
		})
		if err != nil {
			return err
		}
		if v.fs != nil {
			v.Label = clean(v.fs.Label(ctx))
		}
	}
	return nil
}

func (v *volume) walk(ctx context.Context, visit func(fsys.Entry) error) error {
	if v.fs == nil {
		return nil
	}
	return v.fs.Walk(ctx, visit)
}

func (x *catalog) take(set *ruleset, e fsys.Entry) {
	file := noFile
	if hasContent(e) {
		file = x.files.add(e.Data, e.Deleted)
	}
	found := entryOf(e, file)
	for _, r := range set.rules {
		if r.path == nil || !r.path(entryName{found.path, e.Dir, e.Deleted}) {
			continue
		}
		if len(x.named) == maxNamed {
			x.limits.add(limitMore)
			return
		}
		found.rule = r
		x.named = append(x.named, found)
		return
	}
}

// hasContent reports whether bytes on the drive belong to the entry as a file.
func hasContent(e fsys.Entry) bool { return !e.Dir && len(e.Data) > 0 }

func entryOf(e fsys.Entry, file int32) entry {
	found := entry{
		path: clean(e.Path), deleted: e.Deleted, reused: e.Reused,
		size: e.Size, start: e.Record.Offset, record: e.Record, was: e.Was, file: file,
	}
	if len(e.Data) > 0 {
		found.start = e.Data[0].Offset
	}
	return found
}

// errFound ends a walk that has nothing more to look for.
var errFound = errors.New("found")

// entriesOf walks the volumes again and returns the entries of the files with
// the given numbers, which must be as many as there are to find.
func (x *catalog) entriesOf(ctx context.Context, wanted map[int32]bool) (map[int32]entry, error) {
	found := map[int32]entry{}
	if len(wanted) == 0 {
		return found, nil
	}
	number := int32(0)
	for i := range x.volumes {
		err := x.volumes[i].walk(ctx, func(e fsys.Entry) error {
			if !hasContent(e) {
				return nil
			}
			if wanted[number] {
				found[number] = entryOf(e, number)
			}
			if number++; len(found) == len(wanted) {
				return errFound
			}
			return nil
		})
		if err != nil && !errors.Is(err, errFound) {
			return nil, err
		}
	}
	return found, nil
}
