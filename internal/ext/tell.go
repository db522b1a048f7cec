package ext

import "github.com/panoscrub/panoscrub/internal/fsys"

// live tells of an entry in use, and of what is below it.
func (w *walker) live(d *directory, e dirent, to fsys.Entry) error {
	n, ok := w.inode(e.inode)
	switch {
	case !ok:
		w.f.notes.Add("inode %d: a name leads to it, and it does not exist or cannot be read", e.inode)
		to.Dir, to.Incomplete = e.kind == kindDir, true
		return w.emit(to)
	case w.dead(n):
		w.f.notes.Add("inode %d: a name leads to it, and it is deleted", e.inode)
		return w.deleted(d, e, to)
	}
	return w.file(d, to, n)
}

// file tells of an inode that is in use as to says, and of what is below it.
func (w *walker) file(d *directory, to fsys.Entry, n inode) error {
	fill(&to, n, w.content(n, false))
	if err := w.emit(to); err != nil {
		return err
	}
	return w.enter(d, to, n)
}

// deleted tells of a deleted entry, and of what is below it.
func (w *walker) deleted(d *directory, e dirent, to fsys.Entry) error {
	to.Deleted, to.Dir = true, e.kind == kindDir
	n, ok := w.inode(e.inode)
	if !ok {
		to.NameOnly = e.inode == 0 || e.inode > w.f.inodes
		to.Incomplete = !to.NameOnly
		return w.emit(to)
	}
	other := e.kind != 0 && e.kind != n.kind() // the inode is, or was, another file's
	if w.named.Has(e.inode) && !w.dead(n) || other && w.inodeUsed(e.inode) {
		if copied, err := w.copied(d, e); copied || err != nil {
			return err
		}
		to.Reused, to.Was, to.Incomplete = true, n.at, true
		return w.emit(to)
	}
	if n.mode == 0 || other {
		to.NameOnly = true
		return w.emit(to)
	}
	w.told.Add(e.inode)
	return w.remains(d, to, n)
}

// remains tells what is left of an inode that is deleted: all of it when the
// bitmap still keeps it, as it does for a file that was open.
func (w *walker) remains(d *directory, to fsys.Entry, n inode) error {
	used := w.inodeUsed(n.number)
	c := w.content(n, !used)
	if n.dir() && !used && !n.within() && !w.opens(c, n) {
		c.data, c.whole = nil, false
	}
	to.Deleted = true
	fill(&to, n, c)
	to.NameOnly = len(c.data) == 0 && to.Size == 0 && !c.reused
	if err := w.emit(to); err != nil {
		return err
	}
	return w.enter(d, to, n)
}

// opens reports whether the content of the directory n still begins with its own
// entry.
func (w *walker) opens(c content, n inode) bool {
	if len(c.data) == 0 {
		return false
	}
	first := uint64((c.data[0].Offset - w.f.start) / w.f.super.blockBytes)
	b, ok := w.span(first, 0, 24)
	return ok && le32(b, 0) == n.number && string(b[8:10]) == ".\x00" && string(b[20:23]) == "..\x00"
}

// fill says in e what is known of its content.
func fill(e *fsys.Entry, n inode, c content) {
	e.Dir = n.dir()
	e.Data, e.Incomplete = c.data, !c.whole
	if !e.Dir {
		e.Size = c.size
	}
	e.Reused, e.Was = c.reused, c.was
}
