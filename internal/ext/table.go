package ext

import "github.com/panoscrub/panoscrub/internal/fsys"

// tableBytes is how much of an inode table is held at a time.
const tableBytes = 64 << 10

// inodes calls each for the inodes, not reserved, that have a content by their
// type, whether they are in use or not.
func (w *walker) inodes(each func(inode) error) error {
	perGroup := uint64(w.f.super.inodesPerGroup)
	for g := range w.f.super.groups() {
		if g*perGroup >= uint64(w.f.inodes) {
			break
		}
		w.step(4)
		if err := w.check(); err != nil {
			return err
		}
		if err := w.table(g, each); err != nil {
			return err
		}
	}
	return w.check()
}

// table does it for one group. Where a table was never initialised, it holds what
// was on the drive before.
func (w *walker) table(g uint64, each func(inode) error) error {
	s := &w.f.super
	d, ok := w.group(g)
	if !ok || d.flags&groupInodesUnused != 0 {
		return nil
	}
	count := s.inodesPerGroup
	if d.flags&groupTableZeroed == 0 {
		count -= min(count, d.unusedInodes)
	}
	first := uint32(g)*s.inodesPerGroup + 1
	count = min(count, w.f.inodes-first+1)
	place := w.f.extent(d.inodeTable, 0, int64(count)*s.inodeBytes)
	if end := w.f.extent(w.f.blocks, 0, 0).Offset; place.End() > end {
		w.f.notes.Add("the inode table of block group %d leaves the volume", g)
		place.Length = end - place.Offset
	}
	for at := place.Offset; at < place.End(); at += tableBytes {
		number := first + uint32((at-place.Offset)/s.inodeBytes)
		if err := w.tablePart(number, at, min(tableBytes, place.End()-at), each); err != nil {
			return err
		}
	}
	return nil
}

// tablePart does it for n bytes of a table, which start with an inode.
func (w *walker) tablePart(number uint32, at, n int64, each func(inode) error) error {
	size := w.f.super.inodeBytes
	b := make([]byte, n)
	lost := w.read(b, at)
	if len(lost) > 0 {
		w.f.notes.Add("an inode table cannot be read in full: sector at byte %d", at+int64(lost[0]))
	}
	w.step(n / 64)
	if err := w.check(); err != nil {
		return err
	}
	for in := int64(0); in+size <= n; in, number = in+size, number+1 {
		i := parseInode(b[in:in+size], number, at+in)
		if number < w.f.super.firstInode || !i.filled() || fsys.Lost(lost, int(in), int(in+size)) {
			continue
		}
		if err := each(i); err != nil {
			return err
		}
	}
	return nil
}
