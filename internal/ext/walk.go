package ext

import (
	"context"
	"errors"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// Walk implements [fsys.FS]. It visits the tree from the root, depth first: the
// entries of a directory in the order in which they stand, deleted ones among
// them, and below an entry for a directory at once what is in it. The file
// system's own files follow, and then the inodes that no directory names.
//
// A deleted entry whose inode is in use again is Reused, and Was is where that
// inode stands, for nothing else is known of it. The Record of an entry is its
// directory entry, without the slack behind it, or for a nameless inode the
// inode.
func (f *FS) Walk(ctx context.Context, visit func(fsys.Entry) error) error {
	w := f.walker(ctx, visit)
	err := w.all()
	if errors.Is(err, fsys.ErrLimit) {
		return nil
	}
	return err
}

func (w *walker) all() error {
	root, ok := w.root()
	if ok {
		if err := w.survey(root); err != nil {
			return err
		}
		w.entered.Add(rootInode)
		if err := w.tree(root); err != nil {
			return err
		}
	}
	for _, own := range w.f.super.own {
		if err := w.ownFile(own); err != nil {
			return err
		}
	}
	return w.nameless()
}

// root is the root directory.
func (w *walker) root() (*directory, bool) {
	w.named.Add(rootInode)
	n, ok := w.inode(rootInode)
	if !ok || !n.dir() {
		w.f.notes.Add("the root directory is lost")
		return nil, false
	}
	return &directory{inode: n, data: w.content(n, false).data, path: "/"}, true
}

// survey notes which inodes the entries in use below d name, so that who a deleted
// entry's inode belongs to is known when the walk comes to it.
func (w *walker) survey(d *directory) error {
	return w.scan(d, func(e dirent, _ int64) error {
		if e.dots() || e.state == inSlack || e.state == inDoubt && w.inodeFree(e.inode) || !w.named.Add(e.inode) {
			return nil
		}
		if e.kind != 0 && e.kind != kindDir || d.depth == maxDepth {
			return nil
		}
		n, ok := w.inode(e.inode)
		if !ok || !n.dir() || w.dead(n) {
			return nil
		}
		return w.survey(&directory{inode: n, data: w.content(n, false).data, depth: d.depth + 1})
	})
}

// dead reports whether a name in use leads to an inode that is not.
func (w *walker) dead(n inode) bool { return n.gone() && w.inodeFree(n.number) }

// tree visits what is in the directory d.
func (w *walker) tree(d *directory) error {
	return w.scan(d, func(e dirent, at int64) error {
		if e.dots() {
			return nil
		}
		to := fsys.Entry{Path: fsys.Join(d.path, string(e.name)), Record: recordOf(e, at)}
		if d.deleted || e.state == inSlack || e.state == inDoubt && w.inodeFree(e.inode) {
			return w.deleted(d, e, to)
		}
		return w.live(d, e, to)
	})
}

func recordOf(e dirent, at int64) block.Extent {
	return block.Extent{Offset: at, Length: int64(e.bytes())}
}

// enter visits what is below the directory n, which e tells of.
func (w *walker) enter(d *directory, e fsys.Entry, n inode) error {
	switch {
	case !e.Dir || len(e.Data) == 0:
		return nil
	case d.depth == maxDepth:
		w.f.notes.Add("directories nest deeper than %d; what is below is told without its path", maxDepth)
		return nil
	case !w.entered.Add(n.number):
		if !e.Deleted {
			w.f.notes.Add("inode %d: the directory has two names, or holds itself", n.number)
		}
		return nil
	}
	return w.tree(d.below(e, n))
}
