package scan

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/rules"
)

// entry is a directory entry as findings need it.
type entry struct {
	rule     *rules.Rule // that its name alone satisfies, or nil
	device   string      // the device's name, where that stands in it
	path     string
	original string // where a bin says that it was before it was thrown away
	former   bool   // it is in what is left of a former file system
	journal  bool   // it is a file system's journal
	deleted  bool
	reused   bool
	size     int64
	start    int64 // of its data on the drive; without any, of its record
	record   block.Extent
	was      int64 // where the data of a reused entry began
	file     int32 // number in the index, or noFile
}

// catalog is what the directories of all volumes tell.
type catalog struct {
	set     *ruleset
	volumes []volume
	files   fileIndex
	named   []entry             // those whose name alone tells
	counts  map[*rules.Rule]int // of named
	bins    bins
	limits  limits
	packed  func(file int32, e fsys.Entry) // takes what does not stand on the drive as it is
}

// maxNamed bounds what is kept of entries that one rule finds by name, so that
// those of one that matters little crowd out no others.
const maxNamed = 2000

// read walks all volumes once, for what names tell and for where files lie.
func (x *catalog) read(ctx context.Context, drive io.ReaderAt) error {
	defer x.files.build()
	for i := range x.volumes {
		v := &x.volumes[i]
		x.bins = newBins(drive)
		if err := v.walkAhead(ctx, func(e fsys.Entry) { x.take(e, v.lost) }); err != nil {
			return err
		}
		for _, e := range x.bins.pairs() {
			x.name(e, e.original)
		}
		if v.fs != nil {
			v.Label = clean(v.fs.Label(ctx))
		}
	}
	return nil
}

// take takes one entry in.
func (x *catalog) take(e fsys.Entry, former bool) {
	file := noFile
	if hasContent(e) {
		file = x.files.add(e.Data, e.Deleted)
	}
	if e.Content != nil && x.packed != nil && !e.Dir {
		x.packed(file, e)
	}
	x.bins.take(e, file)
	found := entryOf(e, file)
	found.former = former
	x.nameAs(found, rules.Named{Path: found.path, Folder: e.Dir, Deleted: e.Deleted})
}

// name takes an entry that is told by a name that it had before.
func (x *catalog) name(e entry, original string) {
	x.nameAs(e, rules.Named{Path: original})
}

func (x *catalog) nameAs(e entry, n rules.Named) {
	r, device := x.set.Match(n)
	switch {
	case r == nil:
	case x.counts[r] == maxNamed:
		x.limits.addFor(r, limitMore)
	default:
		e.rule, e.device = r, device
		x.counts[r]++
		x.named = append(x.named, e)
	}
}

// hasContent reports whether bytes on the drive belong to the entry as a file.
func hasContent(e fsys.Entry) bool { return !e.Dir && len(e.Data) > 0 }

func entryOf(e fsys.Entry, file int32) entry {
	found := entry{
		path: clean(e.Path), journal: e.Journal, deleted: e.Deleted, reused: e.Reused,
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
		v := &x.volumes[i]
		err := v.walk(ctx, func(e fsys.Entry) error {
			if !hasContent(e) {
				return nil
			}
			// On a drive that fails under way a second walk may tell others.
			if wanted[number] && x.files.begins(number, e.Data[0].Offset) {
				owner := entryOf(e, number)
				owner.former = v.lost
				found[number] = owner
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

// inLiveFolders tells which of the offsets, in ascending order, lie in what holds
// the entries of a folder in use. When it is cancelled it knows of fewer.
func (x *catalog) inLiveFolders(ctx context.Context, offsets []int64) map[int64]bool {
	live := map[int64]bool{}
	for i := range x.volumes {
		if len(offsets) == 0 {
			break
		}
		err := x.volumes[i].walk(ctx, func(e fsys.Entry) error {
			if !e.Dir || e.Deleted {
				return nil
			}
			for _, d := range e.Data {
				at, _ := slices.BinarySearch(offsets, d.Offset)
				for ; at < len(offsets) && offsets[at] < d.End(); at++ {
					live[offsets[at]] = true
				}
			}
			return nil
		})
		if err != nil {
			break
		}
	}
	return live
}
