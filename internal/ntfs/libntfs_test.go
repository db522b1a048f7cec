package ntfs

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/fsys/fsystest"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// libntfs changes the volume with the commands of testdata/libntfs.py.
func (m *made) libntfs(commands ...string) {
	m.t.Helper()
	testtool.Need(m.t, "python3")
	cmd := exec.Command("python3", "testdata/libntfs.py", m.path)
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n"))
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 3 {
		m.t.Skipf("NOT RUN: %s", out)
	}
	if err != nil {
		m.t.Fatalf("%v: %s", err, out)
	}
}

// letters is what the command write writes.
func letters(n int) []byte { return bytes.Repeat([]byte("abcdefghijklmnopqrstuvwxyz"), n/26+1)[:n] }

// used is a volume with directories of many blocks, links, and things removed.
func used(t *testing.T) *made {
	m := format(t, 8<<20, "-c", "4096")
	commands := []string{"mkdir /d", "mkdir /d/e", "write /big 300000"}
	m.files["/big"] = letters(300_000)
	for i := range 150 {
		path := fmt.Sprintf("/d/e/a-name-that-is-long-%d.log", i)
		commands = append(commands, fmt.Sprintf("write %s %d", path, 10*i))
		m.files[path] = letters(10 * i)
	}
	for i := range 40 {
		path := fmt.Sprintf("/d/another-name-%d", i)
		commands = append(commands, "link /big "+path)
		m.files[path] = m.files["/big"]
	}
	for i := range 50 {
		path := fmt.Sprintf("/d/e/a-name-that-is-long-%d.log", 100+i)
		commands = append(commands, "rm "+path)
		delete(m.files, path)
	}
	m.libntfs(append(commands, "mkdir /gone", "write /gone/secret.pem 5000", "rm /gone/secret.pem", "rm /gone")...)
	return m
}

// TestSuiteOnUsed runs the suite that all readers of file systems share on a
// volume as libntfs-3g leaves it.
func TestSuiteOnUsed(t *testing.T) {
	m := used(t)
	fsystest.Sample{Image: m.image(), Open: opener, Type: "ntfs", Label: "PLANTED", Files: m.files, Own: own}.Run(t)
}

// TestUsedAgainstSleuthKit has what was removed.
func TestUsedAgainstSleuthKit(t *testing.T) {
	m := used(t)
	entries := compareWithSleuthKit(t, m.path)
	i := slices.IndexFunc(entries, func(e fsys.Entry) bool { return e.Path == "/gone/secret.pem" })
	if i < 0 || !bytes.Equal(fsystest.ReadAll(m.image(), entries[i]), letters(5000)) || !entries[i].Deleted {
		t.Errorf("/gone/secret.pem was not found: %q", marks(entries))
	}
	deleted := 0
	for _, e := range entries {
		if strings.HasPrefix(e.Path, "/d/e/") && e.Deleted && !e.NameOnly {
			deleted++
		}
	}
	if deleted < 45 {
		t.Errorf("%d of 50 deleted files were found", deleted)
	}
}

// TestNamesWithoutRecords has the records of removed files taken by new ones, and
// compares with a search of the whole image for index entries.
func TestNamesWithoutRecords(t *testing.T) {
	m := used(t)
	var commands []string
	for i := range 60 {
		commands = append(commands, fmt.Sprintf("write /new-%d 1000", i))
	}
	m.libntfs(append(commands, "rm /d/another-name-7")...)
	image := m.image()
	f, err := Open(bytes.NewReader(image), 0, int64(len(image)))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, e := range fsystest.Walk(t, f, 0, int64(len(image))) {
		base := e.Path[strings.LastIndex(e.Path, "/")+1:]
		if !e.NameOnly {
			continue
		}
		found[base] = true
		if !bytes.HasSuffix(image[e.Record.Offset:e.Record.End()], utf16le(base)) {
			t.Errorf("%s does not stand at %v", e.Path, e.Record)
		}
	}
	want := 0
	for i := range 50 {
		base := fmt.Sprintf("a-name-that-is-long-%d.log", 100+i)
		if there := hasIndexEntry(image, base); there != found[base] {
			t.Errorf("%s: found %v, but there is %v", base, found[base], there)
		} else if there {
			want++
		}
	}
	if want < 10 || !found["another-name-7"] {
		t.Errorf("%d names, %v", want, found)
	}
}

// hasIndexEntry searches the image for an index entry of that name.
func hasIndexEntry(image []byte, name string) bool {
	text := utf16le(name)
	for at := 0; ; at++ {
		i := bytes.Index(image[at:], text)
		if i < 0 {
			return false
		}
		at += i
		entry := image[at-nameHeader-entryHeader:]
		if int(le16(entry, 10)) == nameHeader+len(text) && int(entry[entryHeader+64]) == len(text)/2 && le32(entry, 12) <= 1 && le16(entry, 8) < 200 && le16(entry, 8) > 80 {
			return true
		}
	}
}

// TestSparse has a file of which the beginning was never written.
func TestSparse(t *testing.T) {
	m := format(t, 4<<20)
	m.libntfs("write /sparse 5000 1000000")
	image := m.image()
	f, err := Open(bytes.NewReader(image), 0, int64(len(image)))
	if err != nil {
		t.Fatal(err)
	}
	entries := fsystest.Walk(t, f, 0, int64(len(image)))
	i := slices.IndexFunc(entries, func(e fsys.Entry) bool { return e.Path == "/sparse" })
	want := append(make([]byte, 1_000_000%4096), letters(5000)...)
	if e := entries[i]; e.Size != 1_005_000 || e.Incomplete || !bytes.Equal(fsystest.ReadAll(image, e), want) {
		t.Errorf("%s of %d bytes", mark(e), e.Size)
	}
}
