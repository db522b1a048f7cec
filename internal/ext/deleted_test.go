package ext

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/fsys/fsystest"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// kinds is what volumes are made with to compare with other programs.
var kinds = map[string]string{
	"ext2":              "-t ext2 -b 1024 -N 256",
	"ext2 4K":           "-t ext2 -b 4096 -N 256 -O ^filetype",
	"ext3":              "-t ext3 -b 2048 -N 256",
	"ext4":              "-t ext4 -b 1024 -N 256",
	"ext4 4K":           "-t ext4 -b 4096 -N 256 -O metadata_csum,64bit",
	"ext4 inline":       "-t ext4 -b 1024 -N 256 -O inline_data",
	"ext4 meta_bg":      "-t ext4 -b 1024 -N 256 -O meta_bg,^resize_inode,^flex_bg",
	"ext4 bigalloc":     "-t ext4 -b 4096 -N 256 -O bigalloc -C 16384",
	"ext4 block map":    "-t ext4 -b 1024 -N 256 -O ^extents,^64bit",
	"ext4 sparse_super": "-t ext4 -b 1024 -N 256 -O sparse_super2,^resize_inode",
}

// doomed is a tree with files to delete.
func doomed(t testing.TB) *tree {
	f := usual(t)
	for path, n := range map[string]int{
		"/gone/a.key": 1700, "/gone/deep/b.log": 300_000, "/gone/deep/c": 9, "/panorama/old.log": 44_000, "/panorama/older.log": 33_000,
	} {
		f.add(path, noise(path, n))
	}
	return f
}

// delete removes them, as debugfs does: names go into the slack, and inodes keep
// what they say of the content.
func (m *made) delete() *made {
	return m.debug("rm /panorama/old.log", "rm /panorama/older.log", "rm /gone/a.key", "rm /gone/deep/b.log", "rm /gone/deep/c",
		"rmdir /gone/deep", "rmdir /gone")
}

// TestDeleted finds deleted files and folders again, with their contents.
func TestDeleted(t *testing.T) {
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		t.Run(kind, func(t *testing.T) {
			m := doomed(t).format(24<<20, kinds[kind]).delete()
			image := m.bytes()
			f, found := walked(t, image)
			for _, path := range []string{"/panorama/old.log", "/panorama/older.log", "/gone/a.key", "/gone/deep/b.log", "/gone/deep/c"} {
				e := found[path]
				if e.NameOnly && kind == "ext4 inline" { // the first name of a folder loses its inode
					e = nameless(image, found, m.files[path])
				}
				if got := fsystest.ReadAll(image, e); mark(e) != "deleted" || !bytes.Equal(got, m.files[path]) {
					t.Errorf("%q: %q, %d bytes", path, mark(e), len(got))
				}
			}
			for _, path := range []string{"/gone", "/gone/deep"} {
				if got := mark(found[path]); got != "dir deleted" {
					t.Errorf("%q: %q", path, got)
				}
			}
			for _, path := range []string{"/certificates-omni_site7.zip", "/panorama/large", "/panorama/long"} {
				if e := found[path]; mark(e) != "" || !bytes.Equal(fsystest.ReadAll(image, e), m.files[path]) {
					t.Errorf("%q: %q", path, mark(e))
				}
			}
			if len(f.Warnings()) > 0 {
				t.Errorf("warnings %q", f.Warnings())
			}
			if kind != "ext4 bigalloc" { // which it does not know
				compareSleuthKit(t, m, image, found)
			}
		})
	}
}

// nameless is the nameless inode with this content.
func nameless(image []byte, found map[string]fsys.Entry, content []byte) fsys.Entry {
	for path, e := range found {
		if ownPath(path) && bytes.Equal(fsystest.ReadAll(image, e), content) {
			return e
		}
	}
	return fsys.Entry{}
}

// TestDebugfs has what debugfs can do to names and inodes apart from each other.
func TestDebugfs(t *testing.T) {
	for _, c := range []struct {
		name     string
		commands []string
		path     string
		want     string
	}{
		{"freed, and the name still in use", []string{"kill_file /panorama/old.log"}, "/panorama/old.log", "deleted"},
		{"the name deleted, and not the inode", []string{"unlink /panorama/old.log"}, "/panorama/old.log", "deleted"},
		{"renamed", []string{"ln /panorama/old.log /new", "unlink /panorama/old.log"}, "/panorama/old.log", "deleted reused incomplete"},
		{"cleared", []string{"rm /panorama/old.log", "clri <INODE>"}, "/panorama/old.log", "deleted name-only"},
		{"a link that is left", []string{"ln /panorama/old.log /new"}, "/new", ""},
		{"a size without blocks", []string{"rm /panorama/old.log", "zap_block -f <INODE> 0", "sif <INODE> flags 0x80000", "sif <INODE> block[IND] 0", "sif <INODE> block[0] 0", "sif <INODE> size 0"}, "/panorama/old.log", "deleted name-only incomplete"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := doomed(t).format(24<<20, kinds["ext4"])
			inode := fmt.Sprintf("<%d>", m.number("/panorama/old.log"))
			for i := range c.commands {
				c.commands[i] = strings.ReplaceAll(c.commands[i], "<INODE>", inode)
			}
			image := m.debug(c.commands...).bytes()
			_, found := walked(t, image)
			e, ok := found[c.path]
			if !ok || mark(e) != c.want {
				t.Errorf("found %v, %q, want %q", ok, mark(e), c.want)
			}
			if c.want == "" || c.want == "deleted" {
				if got := fsystest.ReadAll(image, e); !bytes.Equal(got, m.files["/panorama/old.log"]) {
					t.Errorf("%d bytes of content", len(got))
				}
			}
		})
	}
}

var flsLine = regexp.MustCompile(`^(.)/(.) (\* )?(\d+)(\(realloc\))?:\t(.*)$`)

// compareSleuthKit demands that The Sleuth Kit sees the same names in use and
// deleted, and the same contents of those in use. Names that it tells as deleted
// may be copies of names in use.
func compareSleuthKit(t *testing.T, m *made, image []byte, found map[string]fsys.Entry) {
	t.Helper()
	testtool.Need(t, "fls", "icat")
	theirs := map[string]bool{}
	for l := range strings.Lines(call(t, "fls", "-r", "-p", m.path)) {
		p := flsLine.FindStringSubmatch(strings.TrimSuffix(l, "\n"))
		if p == nil {
			t.Fatalf("fls printed %q", l)
		}
		path, deleted := "/"+p[6], p[3] != ""
		if strings.HasPrefix(path, "/$OrphanFiles") {
			continue
		}
		theirs[path] = true
		e, ok := found[path]
		switch {
		case !ok:
			t.Errorf("The Sleuth Kit sees %q, we do not", l)
		case !deleted && e.Deleted, p[2] == "d" != e.Dir:
			t.Errorf("The Sleuth Kit sees %q, we see %s", l, mark(e))
		case !e.Dir && !e.Reused && !e.NameOnly:
			if got := call(t, "icat", m.path, p[4]); got != string(fsystest.ReadAll(image, e)) && p[2] != "l" {
				t.Errorf("%q: icat reads %d bytes that are not ours", path, len(got))
			}
		}
	}
	for path := range found {
		if !theirs[path] && !ownPath(path) {
			t.Errorf("we see %q, The Sleuth Kit does not", path)
		}
	}
}

// TestDump compares the contents of files that are fragmented, sparse, and behind
// one, two and three blocks of pointers with what debugfs reads.
func TestDump(t *testing.T) {
	for _, kind := range []string{"ext2", "ext4", "ext4 4K", "ext4 block map"} {
		t.Run(kind, func(t *testing.T) {
			f := newTree(t)
			for i := range 300 {
				f.add(fmt.Sprintf("/small%d", i), noise("small", 3000))
			}
			m := f.format(64<<20, strings.Replace(kinds[kind], "-N 256", "-N 512", 1))
			var remove []string
			for i := 0; i < 300; i += 2 {
				remove = append(remove, fmt.Sprintf("rm /small%d", i))
			}
			large, target := t.TempDir()+"/large", t.TempDir()+"/dumped"
			if err := os.WriteFile(large, noise("large", 3<<20), 0o600); err != nil {
				t.Fatal(err)
			}
			sparse := large + "-sparse"
			makeSparse(t, sparse)
			m.debug(append(remove, "write "+large+" large", "write "+sparse+" sparse")...)
			image := m.bytes()
			_, found := walked(t, image)
			call(t, "debugfs", "-R", "dump /large "+target, m.path)
			want, err := os.ReadFile(target)
			if err != nil {
				t.Fatal(err)
			}
			e := found["/large"]
			if got := fsystest.ReadAll(image, e); !bytes.Equal(got, want) || len(want) != 3<<20 || len(e.Data) < 30 {
				t.Errorf("%d bytes in %d pieces, %s", len(got), len(e.Data), mark(e))
			}
			e = found["/sparse"]
			if got := fsystest.ReadAll(image, e); !bytes.Equal(got, bytes.Join(islands(), nil)) || e.Size != sparseSize || e.Incomplete {
				t.Errorf("sparse: %d bytes of %d, %s", len(got), e.Size, mark(e))
			}
		})
	}
}

const (
	sparseSize = 4<<30 + 4096
	islandSize = 4096
)

// islands is what stands in the sparse file: at its start, behind blocks of
// pointers of each level, and at its end.
func islands() (list [][]byte) {
	for i := range len(islandPlaces) {
		list = append(list, noise(fmt.Sprint("island", i), islandSize))
	}
	return list
}

var islandPlaces = []int64{0, 100 << 10, 1 << 20, 100 << 20, 3 << 30, 4 << 30}

func makeSparse(t *testing.T, path string) {
	t.Helper()
	w, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for i, b := range islands() {
		if _, err := w.WriteAt(b, islandPlaces[i]); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLargeDirectory has 10,000 names, of which some are deleted, in an indexed
// directory.
func TestLargeDirectory(t *testing.T) {
	names := 10_000
	if testing.Short() {
		names = 5_000
	}
	f := newTree(t)
	for i := range names {
		f.add(fmt.Sprintf("/many/a name that is rather long %d", i), nil)
	}
	m := f.format(32<<20, strings.Replace(kinds["ext4"], "-N 256", "-N 12000", 1))
	testtool.Need(t, "e2fsck")
	call(t, "sh", "-c", `e2fsck -fyD "$0" >/dev/null; test $? -lt 4`, m.path) // which indexes
	if out := call(t, "debugfs", "-R", "htree /many", m.path); !strings.Contains(out, "Indirect levels: 1") {
		t.Fatalf("the directory is not indexed: %.200s", out)
	}
	var remove []string
	for i := 0; i < names; i += 100 {
		remove = append(remove, fmt.Sprintf("rm \"/many/a name that is rather long %d\"", i))
	}
	fs, found := walked(t, m.debug(remove...).bytes())
	live, deleted := 0, 0
	for i := range names {
		e, ok := found[fmt.Sprintf("/many/a name that is rather long %d", i)]
		switch {
		case !ok:
		case e.Deleted && i%100 == 0:
			deleted++
		case !e.Deleted && i%100 != 0:
			live++
		}
	}
	if live != names-names/100 || deleted != names/100 || len(fs.Warnings()) > 0 {
		t.Errorf("%d live, %d deleted, %d entries, warnings %q", live, deleted, len(found), fs.Warnings())
	}
	for path, e := range found {
		if _, known := f.files[path]; !known && !ownPath(path) && !e.Dir {
			t.Errorf("%q was never there", path)
		}
	}
}
