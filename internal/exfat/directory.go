package exfat

import (
	"cmp"
	"slices"

	"github.com/panoscrub/panoscrub/internal/fsys"
)

// chunkBytes is how much of a directory is held at a time.
const chunkBytes = 16 << 10

// reader goes through the slots of one directory.
type reader struct {
	w     *walker
	in    place
	set   set
	ended bool // the end mark was seen: what follows is left from before
	junk  bool // what follows in this cluster is no directory's
}

// chunk reads the slots at offset at into buf. It visits the directories in it
// before it returns.
func (d *reader) chunk(buf []byte, at int64) error {
	if err := d.w.Ctx.Err(); err != nil {
		return err
	}
	if (at-d.w.f.boot.heap)%d.w.f.boot.clusterBytes == 0 {
		d.junk = false
	}
	if d.junk {
		return nil
	}
	lost := d.w.f.src.Read(buf, at)
	for _, l := range lost {
		d.w.f.notes.Add("a directory cannot be read in full: sector at byte %d", at+int64(l))
	}
	for i := 0; i+slotBytes <= len(buf) && !d.junk; i += slotBytes {
		var err error
		if slices.Contains(lost, i/fsys.Unit*fsys.Unit) {
			err = d.flush()
		} else {
			err = d.slot(slot(buf[i:]), at+int64(i))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// slot takes in one slot.
func (d *reader) slot(s slot, at int64) error {
	if s[0] == kindEnd {
		err := d.flush()
		d.ended = true
		return err
	}
	if err := d.w.Slot(); err != nil {
		return err
	}
	left := d.ended || d.in.deleted
	takes := d.set.takes(&s)
	vouched := takes && s.kind() >= kindName && d.set.first(kindStream) != nil
	if (left || !s.used()) && !s.plausible() && !vouched {
		err := d.flush()
		d.junk = left
		return err
	}
	if takes {
		d.set.add(s, at)
		return nil
	}
	if err := d.flush(); err != nil {
		return err
	}
	d.set.start(s, at)
	return nil
}

// flush visits the entry that the slots so far make, and what is below it.
func (d *reader) flush() error {
	if len(d.set.slots) == 0 {
		return nil
	}
	e, ok := d.entry()
	if !ok {
		d.set.slots = d.set.slots[:0]
		return nil
	}
	if s := d.set.first(kindStream); s != nil {
		d.w.locate(&e, s)
	}
	d.set.slots = d.set.slots[:0]
	if err := d.w.emit(e); err != nil || !e.Dir {
		return err
	}
	return d.w.enter(e, d.in)
}

// entry makes an entry of the set; false where it holds neither a name nor a
// place. One without a name is called "?", which the format allows in none.
func (d *reader) entry() (e fsys.Entry, ok bool) {
	name, whole := d.set.name()
	e.Deleted = d.ended || d.in.deleted || !d.set.slots[0].used()
	if !e.Deleted {
		d.complain(whole)
	}
	if d.set.slots[0].unknown() || d.set.first(kindStream) == nil && name == "" {
		return e, false
	}
	e.Path, e.Record = fsys.Join(d.in.path, cmp.Or(name, "?")), d.set.record()
	d.describe(&e)
	return e, true
}

// describe fills in what head and stream extension say of e, as far as they are
// there.
func (d *reader) describe(e *fsys.Entry) {
	head, stream := d.set.first(kindFile), d.set.first(kindStream)
	switch {
	case stream == nil && head != nil && !e.Deleted:
		e.Dir, e.Incomplete = head.directory(), true
	case stream == nil:
		e.Deleted, e.NameOnly = true, true
	case head != nil:
		e.Dir = head.directory()
	default:
		e.Dir = d.w.holdsEntries(stream.cluster())
	}
	if stream != nil && !e.Dir {
		e.Size = stream.length()
	}
}

// complain says what is wrong with a set in use.
func (d *reader) complain(wholeName bool) {
	notes := &d.w.f.notes
	switch first := &d.set.slots[0]; {
	case first.system():
	case first.unknown():
		if first.kind()&benign == 0 {
			notes.Add("there are entries of the unknown kind %d", first.slot[0])
		}
	case first.secondary():
		notes.Add("an entry in use has lost its head")
	case d.set.wants > 0 || !wholeName:
		notes.Add("an entry in use has less slots than it should")
	case !d.set.sound():
		notes.Add("the checksum of an entry in use is wrong")
	}
}
