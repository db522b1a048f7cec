package fat

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

// made is an image that other people's programs made, and what they put there.
type made struct {
	t     *testing.T
	path  string
	files map[string][]byte // by path
}

func format(t *testing.T, size int64, options ...string) *made {
	t.Helper()
	testtool.Need(t, "mkfs.vfat", "mcopy", "mmd", "mdel", "mdeltree")
	m := &made{t: t, path: testtool.Image(t, size), files: map[string][]byte{}}
	testtool.Run(t, "", "mkfs.vfat", append(options, "--invariant", "-n", "PLANTED", m.path)...)
	return m
}

func (m *made) mkdir(paths ...string) {
	m.t.Helper()
	for _, p := range paths {
		testtool.Run(m.t, "", "mmd", "-i", m.path, "::"+p)
	}
}

// copy puts a file of n random bytes at path.
func (m *made) copy(path string, n int) {
	m.t.Helper()
	body := make([]byte, n)
	rng := rand.NewChaCha8(sha256.Sum256([]byte(path)))
	if _, err := rng.Read(body); err != nil {
		m.t.Fatal(err)
	}
	from := filepath.Join(m.t.TempDir(), "file")
	if err := os.WriteFile(from, body, 0o600); err != nil {
		m.t.Fatal(err)
	}
	testtool.Run(m.t, "", "mcopy", "-i", m.path, from, "::"+path)
	m.files[path] = body
}

func (m *made) remove(paths ...string) {
	m.t.Helper()
	for _, p := range paths {
		testtool.Run(m.t, "", "mdel", "-i", m.path, "::"+p)
	}
}

// TestOthersImages reads images that mkfs.vfat and mtools made, with files live,
// fragmented and deleted, and compares with what was put there and with what The
// Sleuth Kit sees.
func TestOthersImages(t *testing.T) {
	for _, c := range []struct {
		name    string
		kind    string
		size    int64
		options []string
	}{
		{"fat12", FAT12, 1474560, []string{"-F", "12"}},
		{"fat16", FAT16, 16 << 20, []string{"-F", "16"}},
		{"fat32", FAT32, 40 << 20, []string{"-F", "32"}},
		{"fat16, one table", FAT16, 16 << 20, []string{"-F", "16", "-f", "1"}},
		{"fat32, 16 sectors a cluster", FAT32, 540 << 20, []string{"-F", "32", "-s", "16"}},
		{"fat32, 4096-byte sectors", FAT32, 300 << 20, []string{"-F", "32", "-S", "4096"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := format(t, c.size, c.options...)
			plant(t, m)
			f, entries := m.read(c.kind)
			m.checkPlanted(f, entries)
			compareWithSleuthKit(t, m.path, 0, f, entries)
		})
	}
}

// plant fills the image with a bit of everything.
func plant(t *testing.T, m *made) {
	t.Helper()
	r, err := os.Open(m.path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	st, err := r.Stat()
	if err != nil {
		t.Fatal(err)
	}
	cluster := openBytes(t, r, st.Size()).Boot.ClusterBytes
	m.copy("/certificates-omni_site7.zip", 3*cluster+5)
	m.mkdir("/panorama", "/panorama/managed_logs", "/gone", "/gone/deeper")
	m.copy("/panorama/occ.log", cluster)
	m.copy("/panorama/managed_logs/panorama_device_log_v1_2023.img", 2*cluster+1)
	m.copy("/日本語 ünïcode.txt", 100)
	m.copy("/"+strings.Repeat("n", 251)+".txt", 1)
	m.copy("/empty.txt", 0)
	m.copy("/gone/key.pem", 1679)
	m.copy("/gone/deeper/second key.pem", cluster+1)
	for i := range 4 {
		m.copy(fmt.Sprintf("/hole%d.bin", i), cluster)
		m.copy(fmt.Sprintf("/wall%d.bin", i), cluster)
	}
	m.remove("/hole0.bin", "/hole1.bin", "/hole2.bin", "/hole3.bin")
	m.copy("/network.json", 2*cluster)
	m.remove("/gone/key.pem")
	testtool.Run(t, "", "mdeltree", "-i", m.path, "::/gone")
}

func (m *made) read(kind string) (*FS, []Entry) {
	m.t.Helper()
	r, err := os.Open(m.path)
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { r.Close() })
	st, err := r.Stat()
	if err != nil {
		m.t.Fatal(err)
	}
	f := openBytes(m.t, r, st.Size())
	entries := walk(m.t, f)
	if f.Boot.Type != kind || f.Label(context.Background()) != "PLANTED" || len(f.Warnings()) > 0 {
		m.t.Errorf("type %s, label %q, warnings %q", f.Boot.Type, f.Label(context.Background()), f.Warnings())
	}
	return f, entries
}

// checkPlanted looks for each file that was planted, and for its bytes. Some of
// the deleted may have lost theirs to another file, and must say so.
func (m *made) checkPlanted(f *FS, entries []Entry) {
	m.t.Helper()
	r, err := os.Open(m.path)
	if err != nil {
		m.t.Fatal(err)
	}
	defer r.Close()
	for path, body := range m.files {
		gone := strings.HasPrefix(path, "/gone/") || strings.HasPrefix(path, "/hole")
		i := slices.IndexFunc(entries, func(e Entry) bool { return e.Path == path || gone && samePath(e.Path, path) })
		if i < 0 {
			m.t.Errorf("%s was not found in %q", path, marks(entries))
			continue
		}
		e := entries[i]
		switch {
		case e.Deleted != gone || e.Size != int64(len(body)) || e.Dir || e.NameOnly:
			m.t.Errorf("%s: %+v", path, e)
		case e.Reused:
			if !gone || len(e.Data) > 0 {
				m.t.Errorf("%s is reused: %v", path, e.Data)
			}
		case !bytes.Equal(content(m.t, r, e.Data), body):
			m.t.Errorf("%s: other bytes than planted; data at %v", path, e.Data)
		}
		if len(body) > 0 && !e.Reused {
			if c, ok := f.ClusterOf(e.Data[0].Offset); !ok || c != e.FirstCluster || f.ClusterFree(c) != gone {
				m.t.Errorf("%s: starts in cluster %d, %v, free %v", path, c, ok, f.ClusterFree(c))
			}
		}
	}
}
