package ext

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/fsys/fsystest"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// patience is how long another program may take, in seconds.
const patience = "60"

func opener(r io.ReaderAt, start, size int64) (fsys.FS, error) { return Open(r, start, size) }

// call is testtool.Run with a limit of time.
func call(t testing.TB, program string, args ...string) string {
	t.Helper()
	return testtool.Run(t, "", "timeout", append([]string{patience, program}, args...)...)
}

// made is a volume that mke2fs made from a folder, and what is on it.
type made struct {
	t     testing.TB
	path  string
	files map[string][]byte
}

// tree is a folder to make volumes from.
type tree struct {
	t     testing.TB
	dir   string
	files map[string][]byte
}

func newTree(t testing.TB) *tree {
	return &tree{t, t.TempDir(), map[string][]byte{}}
}

// noise is n bytes that are different for each name.
func noise(name string, n int) []byte {
	seed := [32]byte{}
	copy(seed[:], name)
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(seed).Read(b) // never fails
	return b
}

func (f *tree) add(path string, content []byte) *tree {
	f.t.Helper()
	name := filepath.Join(f.dir, path)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.files[path] = content
	return f
}

func (f *tree) link(path, target string) *tree {
	f.t.Helper()
	if err := os.Symlink(target, filepath.Join(f.dir, path)); err != nil {
		f.t.Fatal(err)
	}
	f.files[path] = []byte(target)
	return f
}

// usual is what most tests have: files of each size that is treated apart.
func usual(t testing.TB) *tree {
	f := newTree(t)
	for path, n := range map[string]int{
		"/certificates-omni_site7.zip": 3000, "/panorama/occ.log": 20_000, "/empty": 0, "/tiny": 50, "/small": 100,
		"/panorama/managed_logs/ünïcode and a rather long name.img": 5000, "/panorama/large": 700_000,
	} {
		f.add(path, noise(path, n))
	}
	f.link("/short", "panorama/occ.log").link("/panorama/long", strings.Repeat("a/", 100)+"b")
	return f
}

// format makes a volume of size bytes from the folder.
func (f *tree) format(size int64, options string) *made {
	f.t.Helper()
	testtool.Need(f.t, "mke2fs", "debugfs", "timeout")
	m := &made{f.t, testtool.Image(f.t, size), f.files}
	args := append(strings.Fields(options), "-q", "-F", "-E", "hash_seed=01234567-89ab-cdef-0123-456789abcdef", "-L", "PLANTED", "-d", f.dir, m.path)
	call(f.t, "mke2fs", args...)
	return m
}

// debug has debugfs change the volume.
func (m *made) debug(commands ...string) *made {
	m.t.Helper()
	script := filepath.Join(m.t.TempDir(), "commands")
	if err := os.WriteFile(script, []byte(strings.Join(commands, "\n")+"\n"), 0o600); err != nil {
		m.t.Fatal(err)
	}
	call(m.t, "debugfs", "-w", "-f", script, m.path)
	return m
}

func (m *made) bytes() []byte {
	m.t.Helper()
	b, err := os.ReadFile(m.path)
	if err != nil {
		m.t.Fatal(err)
	}
	return b
}

// number is the inode that a path leads to.
func (m *made) number(path string) uint32 {
	m.t.Helper()
	out := call(m.t, "debugfs", "-R", "stat \""+path+"\"", m.path)
	field := strings.Fields(out)
	n, err := strconv.ParseUint(field[1], 10, 32)
	if err != nil {
		m.t.Fatalf("debugfs printed %q", out)
	}
	return uint32(n)
}

// walked is all that a walk of a volume tells, by path.
func walked(t testing.TB, image []byte) (*FS, map[string]fsys.Entry) {
	t.Helper()
	size := int64(len(image))
	f, err := Open(bytes.NewReader(image), 0, size)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]fsys.Entry{}
	for _, e := range fsystest.Walk(t, f, 0, size) {
		if _, twice := found[e.Path]; twice {
			t.Errorf("%q is told twice", e.Path)
		}
		found[e.Path] = e
	}
	return f, found
}

// mark says what a walk found out about an entry, in one word each.
func mark(e fsys.Entry) string {
	s := ""
	for _, flag := range []struct {
		on   bool
		name string
	}{{e.Dir, "dir"}, {e.Deleted, "deleted"}, {e.NameOnly, "name-only"}, {e.Reused, "reused"}, {e.Incomplete, "incomplete"}} {
		if flag.on {
			s += " " + flag.name
		}
	}
	return strings.TrimSpace(s)
}
