package fat

import (
	"slices"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// chunkBytes is how much of a directory is held at a time.
const chunkBytes = 4 << 10

// reader goes through the slots of one directory.
type reader struct {
	w     *walker
	in    place
	run   longRun
	ended bool // the end mark was seen: what follows is left from before
}

// chunk reads n bytes of slots at offset at. It keeps its own buffer, for the
// directories in it are visited before the next one is read.
func (d *reader) chunk(at, n int64) error {
	if err := d.w.Ctx.Err(); err != nil {
		return err
	}
	buf := make([]byte, n)
	lost := d.w.f.src.Read(buf, at)
	for _, l := range lost {
		d.w.f.notes.Add("a directory cannot be read in full: sector at byte %d", at+int64(l))
	}
	for i := 0; i+slotBytes <= len(buf); i += slotBytes {
		if len(lost) > 0 && lost[0] == i/fsys.Unit*fsys.Unit {
			d.run = nil
			if (i+slotBytes)%fsys.Unit == 0 {
				lost = lost[1:]
			}
			continue
		}
		if err := d.slot(slot(buf[i:i+slotBytes]), at+int64(i)); err != nil {
			return err
		}
	}
	return nil
}

// slot takes in one slot.
func (d *reader) slot(s slot, at int64) error {
	if err := d.w.Slot(); err != nil {
		return err
	}
	if s[0] == slotEnd {
		d.ended = true
		return d.flush()
	}
	unused := d.ended || s[0] == slotDeleted
	if unused && !s.plausible() {
		return d.flush()
	}
	if s.long() {
		d.run.add(longSlot{s, at})
		return nil
	}
	return d.entry(s, at, unused)
}

// flush ends a run of long-name slots that no entry took for its own. A name
// that is left alone is still the name of something that was here.
func (d *reader) flush() error {
	for len(d.run) > 0 {
		name, slots := d.run.takeJoined()
		if !printable(name) {
			continue
		}
		e := Entry{SlotOffset: slots[0].at}
		e.Path, e.Deleted, e.NameOnly = fsys.Join(d.in.path, name), true, true
		e.Record = record(slots, slots[len(slots)-1].at)
		if err := d.w.emit(e); err != nil {
			return err
		}
	}
	return nil
}

// entry visits the entry of slot s, and what is below it.
func (d *reader) entry(s slot, at int64, unused bool) error {
	if s.dot() || s.dotDot() {
		return d.flush()
	}
	name, taken := d.run.name(&s)
	slots := d.run.take(taken)
	if err := d.flush(); err != nil {
		return err
	}
	e := Entry{
		ShortName:    s.shortName(),
		Attr:         s[11],
		FirstCluster: s.cluster(d.w.f.Boot.Type == FAT32),
		SlotOffset:   at,
	}
	e.Path, e.Dir, e.Deleted, e.Record = fsys.Join(d.in.path, name), s.directory(), unused || d.in.deleted, record(slots, at)
	if e.Dir && e.Deleted && e.FirstCluster != 0 && e.FirstCluster == d.in.cluster {
		return nil // a deleted "."
	}
	if e.Attr&(AttrDirectory|AttrVolume) == 0 {
		e.Size = s.size()
	}
	d.w.locate(&e, d.in)
	if err := d.w.emit(e); err != nil || !e.Dir {
		return err
	}
	return d.w.enter(e, d.in)
}

// record is where an entry stands whose own slot is at, as far as the slots of
// its long name lie in front of it in one piece.
func record(slots longRun, at int64) block.Extent {
	start := at
	for _, s := range slices.Backward(slots) {
		if s.at != start-slotBytes && s.at != start {
			break
		}
		start = s.at
	}
	return block.Extent{Offset: start, Length: at + slotBytes - start}
}

// locate fills in where the content of e, which stands in the directory in, lies.
func (w *walker) locate(e *Entry, in place) {
	switch {
	case e.Attr&AttrVolume != 0:
	case e.Deleted && e.FirstCluster != 0 && !w.f.ClusterFree(e.FirstCluster):
		was, ok := w.f.ClusterExtent(e.FirstCluster)
		e.Reused, e.Was = ok, was.Offset
		e.Incomplete = true
	case e.Dir && e.Deleted:
		e.Data = w.deletedDirectory(e.FirstCluster, in.cluster)
	case e.Dir:
		e.Data = w.liveDirectory(e.FirstCluster)
	case e.Size == 0:
	case e.Deleted:
		whole := false
		e.Data, whole = w.guess(e.FirstCluster, e.Size)
		e.Incomplete = !whole
	default:
		whole := false
		e.Data, whole = w.chain(e.FirstCluster, e.Size)
		e.Incomplete = !whole
	}
}

// liveDirectory follows the chain of a directory in use. A cluster that was read
// as part of a directory before ends it, so that no loop is walked.
func (w *walker) liveDirectory(first uint32) []block.Extent {
	p := fsys.Pieces{Left: maxDirectory}
	for c := first; w.Step(); {
		switch {
		case p.Left == 0:
			w.f.notes.Add("a directory is larger than the format allows; the rest of it is left out")
			return p.Extents
		case w.f.valid(c) && !w.seen.Add(c):
			w.f.notes.Add("directories share cluster %d, or loop through it", c)
			return p.Extents
		case !w.f.addCluster(&p, c):
			w.f.notes.Add("the chain of a directory leaves the volume at cluster %d", c)
			return p.Extents
		}
		link := w.f.table.next(c)
		switch link.kind {
		case linkEnd:
			return p.Extents
		case linkNext:
			c = link.next
		default:
			w.f.notes.Add("the chain of a directory breaks off at cluster %d", c)
			return p.Extents
		}
	}
	return p.Extents
}
