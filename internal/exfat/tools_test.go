package exfat

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/soypat/fat"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/fsys/fsystest"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// made is an image that mkfs.exfat made, and what another library put there.
type made struct {
	t       *testing.T
	path    string
	image   []byte
	cluster int
	files   map[string][]byte // by path, the deleted ones too
	gone    map[string]bool   // the deleted ones
	fs      fat.FS
}

func format(t *testing.T, size int64, options ...string) *made {
	t.Helper()
	testtool.Need(t, "mkfs.exfat", "fsck.exfat")
	m := &made{t: t, path: testtool.Image(t, size), files: map[string][]byte{}, gone: map[string]bool{}}
	testtool.Run(t, "", "mkfs.exfat", append(options, "-L", "PLANTED", m.path)...)
	var err error
	if m.image, err = os.ReadFile(m.path); err != nil {
		t.Fatal(err)
	}
	m.cluster = 1 << (m.image[108] + m.image[109])
	m.mount()
	return m
}

func (m *made) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// blocks is an image in memory as that library's device.
type blocks []byte

func (b blocks) ReadBlocks(dst []byte, at int64) (int, error) { return copy(dst, b[at*512:]), nil }
func (b blocks) WriteBlocks(p []byte, at int64) (int, error)  { return copy(b[at*512:], p), nil }
func (b blocks) EraseBlocks(at, n int64) error                { clear(b[at*512:][:n*512]); return nil }

func (m *made) mkdir(paths ...string) {
	m.t.Helper()
	for _, p := range paths {
		m.must(m.fs.Mkdir(p))
	}
}

func (m *made) remove(paths ...string) {
	m.t.Helper()
	for _, p := range paths {
		m.must(m.fs.Remove(p))
		m.gone[p] = true
	}
}

// write puts a file of n random bytes at path.
func (m *made) write(path string, n int) {
	m.t.Helper()
	m.files[path] = random(path, n)
	f := m.create(path)
	_, err := f.Write(m.files[path])
	m.must(err)
	m.must(f.Close())
}

func (m *made) create(path string) *fat.File {
	m.t.Helper()
	f := new(fat.File)
	m.must(m.fs.OpenFile(f, path, fat.ModeCreateNew|fat.ModeWrite))
	return f
}

func random(seed string, n int) []byte {
	body := make([]byte, n)
	rng := rand.NewChaCha8(sha256.Sum256([]byte(seed)))
	if _, err := rng.Read(body); err != nil { // never, it says
		panic(err)
	}
	return body
}

// fragment writes two files in turn, so that both lie in n fragments.
func (m *made) fragment(a, b string, n int) {
	m.t.Helper()
	files := map[string]*fat.File{a: m.create(a), b: m.create(b)}
	for i := range n {
		for _, path := range []string{a, b} {
			piece := random(fmt.Sprint(path, i), m.cluster)
			m.files[path] = append(m.files[path], piece...)
			_, err := files[path].Write(piece)
			m.must(err)
		}
	}
	m.must(files[a].Close())
	m.must(files[b].Close())
}

// mount makes the library seek free clusters from the start again.
func (m *made) mount() {
	m.t.Helper()
	m.must(m.fs.Mount(blocks(m.image), 512, fat.ModeRW))
}

// stamp gives each set the times that the library leaves out, without which The
// Sleuth Kit passes them over.
func (m *made) stamp() {
	m.t.Helper()
	f := openBytes(m.t, bytes.NewReader(m.image), int64(len(m.image)))
	directories := [][]block.Extent{f.walker(m.t.Context(), nil).root}
	for _, e := range walk(m.t, f) {
		if e.Dir {
			directories = append(directories, e.Data)
		}
	}
	for _, extents := range directories {
		var places []int64
		for _, x := range extents {
			for at := x.Offset; at < x.End(); at += slotBytes {
				places = append(places, at)
			}
		}
		for len(places) > 0 {
			places = places[m.stampSet(places):]
		}
	}
}

// stampSet stamps the set at the first of places, if there is one, and returns
// of how many slots it is.
func (m *made) stampSet(places []int64) int {
	head := slot(m.image[places[0]:])
	count := 1 + head.secondaries()
	if head.kind() != kindFile || count > len(places) {
		return 1
	}
	for at := 8; at < 20; at += 4 {
		put32(m.image, int(places[0])+at, 0x4F2131F9)
	}
	var slots []slot
	for _, at := range places[:count] {
		slots = append(slots, slot(m.image[at:]))
		slots[len(slots)-1][0] |= inUse
	}
	copy(m.image[places[0]+2:], sealed(slots...)[0][2:4])
	return count
}

// check writes the image to its file, and has fsck.exfat accept it.
func (m *made) check() {
	m.t.Helper()
	m.must(m.fs.Sync())
	m.stamp()
	m.must(os.WriteFile(m.path, m.image, 0o600))
	if out, err := testtool.Try(m.t, "fsck.exfat", "-n", m.path); err != nil || !strings.Contains(out, ": clean") {
		m.t.Fatalf("fsck.exfat: %v: %s", err, out)
	}
}

// TestOthersImages reads images that other programs made, with files live,
// fragmented and deleted, and compares with what was put there and with what The
// Sleuth Kit sees.
func TestOthersImages(t *testing.T) {
	for _, c := range []struct {
		name    string
		size    int64
		options []string
	}{
		{"512-byte clusters", 4 << 20, []string{"-c", "512"}},
		{"4 KiB clusters", 8 << 20, []string{"-c", "4K"}},
		{"bitmap beside the table", 8 << 20, []string{"-c", "4K", "--pack-bitmap"}},
		{"128 KiB clusters", 80 << 20, []string{"-c", "128K"}},
		{"1 MiB clusters", 200 << 20, []string{"-c", "1M"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := format(t, c.size, c.options...)
			m.plant()
			m.check()
			size := int64(len(m.image))
			f := openBytes(t, bytes.NewReader(m.image), size)
			entries := fsystest.Walk(t, f, 0, size)
			if label := f.Label(context.Background()); label != "PLANTED" || len(f.Warnings()) > 0 {
				t.Errorf("label %q, warnings %q", label, f.Warnings())
			}
			m.checkPlanted(entries)
			compareWithSleuthKit(t, m.path, f, entries, differences{})
			compareWithFsck(t, m.path, entries)
			compareWithDump(t, m.path, f)
		})
	}
}

// plant fills the image with a bit of everything. Files are removed for good, or
// with their places taken by another.
func (m *made) plant() {
	m.write("/certificates-omni_site7.zip", 3*m.cluster+5)
	m.mkdir("/panorama", "/panorama/managed_logs", "/gone", "/gone/deeper", "/many")
	m.write("/panorama/occ.log", m.cluster)
	m.write("/panorama/managed_logs/panorama_device_log_v1_2023.img", 2*m.cluster+1)
	m.write("/Ωλß ünïcode.txt", 100)
	m.write("/"+strings.Repeat("n", 251)+".txt", 1)
	m.write("/empty.txt", 0)
	m.write("/gone/key.pem", 1679)
	m.write("/gone/deeper/second key.pem", m.cluster+1)
	m.fragment("/one.log", "/two.log", 4)
	m.fragment("/gone three.log", "/gone four.log", 3)
	m.write("/old tail.json", 2*m.cluster)
	m.write("/wall.bin", m.cluster)
	for i := range 60 {
		m.write(fmt.Sprintf("/many/file number %d", i), i)
	}
	m.remove("/old tail.json")
	m.must(m.fs.Unmount())
	m.mount()
	m.write("/network configuration.json", 2*m.cluster)
	m.remove("/gone/key.pem", "/gone/deeper/second key.pem", "/gone/deeper", "/gone")
	m.remove("/gone three.log", "/gone four.log", "/many/file number 7")
	delete(m.gone, "/gone")
	delete(m.gone, "/gone/deeper")
}

// checkPlanted looks for each file that was planted, and for its bytes. Some of
// the deleted may have lost theirs to another file, and must say so.
func (m *made) checkPlanted(entries []fsys.Entry) {
	m.t.Helper()
	found := map[string]fsys.Entry{}
	for _, e := range entries {
		if !e.Dir {
			found[e.Path] = e
		}
	}
	reused := 0
	for path, body := range m.files {
		e, ok := found[path]
		switch gone := m.gone[path]; {
		case !ok:
			m.t.Errorf("%s was not found", path)
		case e.Deleted != gone || e.Size != int64(len(body)) || e.NameOnly || e.Incomplete != e.Reused:
			m.t.Errorf("%s: %+v", path, e)
		case e.Reused:
			reused++
		case !bytes.Equal(fsystest.ReadAll(m.image, e), body):
			m.t.Errorf("%s: other bytes than planted; data at %v", path, e.Data)
		}
		delete(found, path)
	}
	if len(found) > 0 {
		m.t.Errorf("more than was planted: %v", found)
	}
	if reused != 1 {
		m.t.Errorf("%d deleted files lost their place", reused)
	}
}
