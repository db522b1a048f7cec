package ntfs

import (
	"strings"

	"github.com/panoscrub/panoscrub/internal/fsys"
)

// maxDepth is how many directories may lie above an entry.
const maxDepth = 256

// keptDirectories is how many directories a walk keeps in mind at least, and half
// of how many at most.
const keptDirectories = 2048

// directory is what the paths of entries need of the directory above them.
type directory struct {
	record record // without its bytes
	name   name
	ok     bool // it is a directory that has a name
}

// directories keeps the directories that were asked for of late: when the newer
// half is full, the older one is forgotten.
type directories struct{ newer, older map[int64]directory }

func (d *directories) get(n int64) (directory, bool) {
	if dir, ok := d.newer[n]; ok {
		return dir, true
	}
	dir, ok := d.older[n]
	if ok {
		d.put(n, dir)
	}
	return dir, ok
}

func (d *directories) put(n int64, dir directory) {
	if d.newer == nil || len(d.newer) >= keptDirectories {
		d.older, d.newer = d.newer, make(map[int64]directory)
	}
	d.newer[n] = dir
}

// directory returns record n as a directory.
func (w *walker) directory(n int64) directory {
	if dir, ok := w.directories.get(n); ok {
		return dir
	}
	dir := directory{}
	if rec, ok := w.record(n); ok && rec.directory() {
		if names := w.gather(rec).names(); len(names) > 0 {
			dir = directory{record: rec, name: names[0], ok: true}
			dir.record.bytes = nil
		}
	}
	w.directories.put(n, dir)
	return dir
}

// path is where a file with that name is.
func (w *walker) path(n name) string { return fsys.Join(w.below(n.parent), n.text) }

// below is the path of what is in the directory parent; it ends in "/". Where some
// directory on the way is another one now, or none, the path begins with
// [fsys.Orphans].
func (w *walker) below(parent ref) string {
	var names []string // upward
	for parent.number != recordRoot {
		dir := w.directory(parent.number)
		if !dir.ok || !dir.record.was(parent.sequence) {
			return joined(fsys.Orphans, names)
		}
		if len(names) == maxDepth {
			w.f.notes.Add("directories nest deeper than %d, or in each other; what is below is shown as below none", maxDepth)
			return fsys.Orphans
		}
		names = append(names, dir.name.text)
		parent = dir.name.parent
	}
	return joined("/", names)
}

// joined is the path of the directories, of which the innermost is the first.
func joined(path string, names []string) string {
	var b strings.Builder
	b.WriteString(path)
	for i := len(names) - 1; i >= 0; i-- {
		b.WriteString(fsys.Join("", names[i]))
		b.WriteByte('/')
	}
	return b.String()
}
