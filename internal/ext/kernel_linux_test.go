package ext

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/fsys/fsystest"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// mounted mounts the volume while do runs in it.
func (m *made) mounted(t *testing.T, do func(dir string)) {
	t.Helper()
	testtool.Need(t, "mount", "umount")
	testtool.NeedRoot(t)
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := mount(m.path, dir); err != nil {
		t.Skipf("NOT RUN: cannot mount a file system here: %v", err)
	}
	defer m.unmounted(t, dir)
	do(dir)
}

// unmounted unmounts the volume and waits until the kernel has let go of it: a process
// with mounts of its own may still have it for a moment.
func (m *made) unmounted(t *testing.T, dir string) {
	t.Helper()
	call(t, "umount", dir)
	call(t, "sh", "-c", `for try in $(seq 600); do [ -n "$(losetup --associated "$0")" ] || exit 0; sleep 0.1; done; exit 1`, m.path)
}

// must fails the test for errors of the file system under test.
func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestLinux reads what Linux itself wrote, moved and deleted. Since version 5.13
// it wipes the names of what it deletes, and blocks and sizes before that: what
// is demanded of what is deleted is that nothing wrong is told.
func TestLinux(t *testing.T) {
	for _, kind := range []string{"ext2", "ext3", "ext4", "ext4 4K", "ext4 inline", "ext4 meta_bg", "ext4 bigalloc", "ext4 block map"} {
		t.Run(kind, func(t *testing.T) {
			m := doomed(t).format(24<<20, strings.Replace(kinds[kind], "-N 256", "-N 2000", 1))
			m.mounted(t, func(dir string) {
				for i := range 1000 {
					path := fmt.Sprintf("/many/name %d", i)
					must(t, os.MkdirAll(dir+"/many", 0o700), os.WriteFile(dir+path, []byte(path), 0o600))
					m.files[path] = []byte(path)
				}
				for i := 0; i < 1000; i += 3 {
					path := fmt.Sprintf("/many/name %d", i)
					must(t, os.Remove(dir+path))
					delete(m.files, path)
				}
				must(t, os.RemoveAll(dir+"/gone"), os.Remove(dir+"/panorama/old.log"), os.Rename(dir+"/tiny", dir+"/many/tiny"))
				for path := range m.files {
					if strings.HasPrefix(path, "/gone") || path == "/panorama/old.log" {
						delete(m.files, path)
					}
				}
				m.files["/many/tiny"] = m.files["/tiny"]
				delete(m.files, "/tiny")
			})
			call(t, "sh", "-c", `e2fsck -fn "$0" >/dev/null`, m.path)
			image := m.bytes()
			f, found := walked(t, image)
			for path, want := range m.files {
				if e := found[path]; mark(e) != "" || !bytes.Equal(fsystest.ReadAll(image, e), want) {
					t.Errorf("%q: %s, %d bytes", path, mark(e), e.Size)
				}
			}
			for path, e := range found {
				if _, live := m.files[path]; !live && !e.Dir && !e.Deleted && !ownPath(path) {
					t.Errorf("%q is not there", path)
				}
				for _, x := range e.Data {
					if e.Deleted && overlapsLive(m.files, found, x.Offset) {
						t.Errorf("%q is deleted, and has bytes of a file in use", path)
					}
				}
			}
			if len(f.Warnings()) > 0 {
				t.Errorf("warnings %q", f.Warnings())
			}
		})
	}
}

// overlapsLive reports whether a file in use has the byte at off.
func overlapsLive(files map[string][]byte, found map[string]fsys.Entry, off int64) bool {
	for path := range files {
		for _, x := range found[path].Data {
			if x.Offset <= off && off < x.End() {
				return true
			}
		}
	}
	return false
}

// TestLinuxPulled reads a drive that was pulled while a deleted file was open.
func TestLinuxPulled(t *testing.T) {
	m := newTree(t).add("/other", noise("other", 5000)).format(24<<20, kinds["ext4"])
	var image []byte
	var number uint32
	m.mounted(t, func(dir string) {
		path := filepath.Join(dir, "secret")
		must(t, os.WriteFile(path, noise("secret", 5000), 0o600))
		open, err := os.Open(path)
		must(t, err)
		number = inodeOf(t, open)
		call(t, "sync", "-f", path)
		must(t, os.Remove(path))
		call(t, "sync", "-f", dir)
		image = m.bytes()
		must(t, open.Close())
	})
	f, found := walked(t, image)
	if !slices.ContainsFunc(f.Warnings(), func(w string) bool { return strings.Contains(w, "never applied") }) {
		t.Errorf("warnings %q", f.Warnings())
	}
	for path, e := range found {
		if bytes.Equal(fsystest.ReadAll(image, e), noise("secret", 5000)) {
			t.Logf("found as %q %s, inode %d", path, mark(e), number)
			return
		}
	}
	t.Errorf("the open file was not found: %v", found)
}

// mount attaches an image to a folder.
func mount(image, dir string) error {
	if out, err := exec.Command("timeout", patience, "mount", "-o", "loop", image, dir).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// inodeOf is the number of an open file's inode.
func inodeOf(t *testing.T, f *os.File) uint32 {
	t.Helper()
	st, err := f.Stat()
	must(t, err)
	return uint32(st.Sys().(*syscall.Stat_t).Ino)
}
