package scan

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/diskfs/go-diskfs/partition/gpt"
	"github.com/diskfs/go-diskfs/partition/mbr"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// fatArchiveSlot is how the slot with the start of the archive's name begins, one
// byte behind its start: "certi" and the attribute.
const fatArchiveSlot = "c\x00e\x00r\x00t\x00i\x00\x0F\x00"

// fatVolume is a FAT file system that mkfs.vfat made and mtools fills.
type fatVolume struct {
	t    *testing.T
	path string
}

// volumeSizes are in bytes, with options that keep clusters small.
var volumeSizes = map[string]struct {
	bytes   int64
	options []string
}{
	"fat12": {4 << 20, []string{"-F", "12", "-s", "4"}},
	"fat16": {16 << 20, []string{"-F", "16", "-s", "2"}},
	"fat32": {36 << 20, []string{"-F", "32", "-s", "1"}},
}

func newFAT(t *testing.T, kind string) *fatVolume {
	t.Helper()
	testtool.Need(t, "mkfs.vfat", "mcopy", "mmd", "mdel")
	spec := volumeSizes[kind]
	v := &fatVolume{t, testtool.Image(t, spec.bytes)}
	testtool.Run(t, "", "mkfs.vfat", append(spec.options, "--invariant", "-n", "STICK", v.path)...)
	return v
}

func (v *fatVolume) mkdir(path string) {
	v.t.Helper()
	testtool.Run(v.t, "", "mmd", "-i", v.path, "::"+path)
}

func (v *fatVolume) put(path string, content []byte) {
	v.t.Helper()
	from := filepath.Join(v.t.TempDir(), "content")
	if err := os.WriteFile(from, content, 0o600); err != nil {
		v.t.Fatal(err)
	}
	testtool.Run(v.t, "", "mcopy", "-i", v.path, from, "::"+path)
}

func (v *fatVolume) remove(path string) {
	v.t.Helper()
	testtool.Run(v.t, "", "mdel", "-i", v.path, "::"+path)
}

func (v *fatVolume) bytes() []byte {
	v.t.Helper()
	b, err := os.ReadFile(v.path)
	if err != nil {
		v.t.Fatal(err)
	}
	return b
}

const partitionStart = 1 << 20

// onDrive puts a volume on a drive that is divided by the scheme, and returns
// the drive's bytes and where the volume starts. The tables are go-diskfs's.
func onDrive(t *testing.T, volume []byte, scheme string) (drive []byte, start int64) {
	t.Helper()
	if scheme == "none" {
		return volume, 0
	}
	size := partitionStart + len(volume) + 1<<20
	drive = make([]byte, size)
	copy(drive[partitionStart:], volume)
	file := filepath.Join(t.TempDir(), "drive")
	if err := os.WriteFile(file, drive, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sectors := uint64(len(volume) / 512)
	if scheme == "mbr" {
		table := &mbr.Table{LogicalSectorSize: 512, PhysicalSectorSize: 512, Partitions: []*mbr.Partition{
			{Index: 1, Type: mbr.Fat32LBA, Start: partitionStart / 512, Size: uint32(sectors)},
		}}
		err = table.Write(f, int64(size))
	} else {
		table := &gpt.Table{LogicalSectorSize: 512, PhysicalSectorSize: 512, ProtectiveMBR: true, Partitions: []*gpt.Partition{
			{Index: 1, Type: gpt.MicrosoftBasicData, Start: partitionStart / 512, End: partitionStart/512 + sectors - 1, Name: "stick"},
		}}
		err = table.Write(f, int64(size))
	}
	if err != nil {
		t.Fatalf("writing a table: %v", err)
	}
	drive, err = os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return drive, partitionStart
}

// inMemory is a drive of the given bytes.
func inMemory(content []byte) *block.Memory {
	m := block.NewMemory(int64(len(content)), 512)
	copy(m.Bytes(), content)
	return m
}

// scanned runs a scan and checks what holds for every report: it is the same
// when run again, it is valid JSON text, and it leaks none of the secrets.
func scanned(t testing.TB, r block.Reader) Report {
	t.Helper()
	report, err := Run(context.Background(), r, Options{})
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	again, err := Run(context.Background(), r, Options{})
	if err != nil {
		t.Fatalf("Run again: %v", err)
	}
	first, second := encoded(t, report), encoded(t, again)
	if first != second {
		t.Errorf("two runs differ:\n%s\n%s", first, second)
	}
	noLeak(t, first)
	return report
}

func encoded(t testing.TB, v any) string {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// zipOf makes an archive with Go's own writer, which streams: sizes stand behind
// the data.
func zipOf(t testing.TB, method uint16, files ...zipFile) []byte {
	t.Helper()
	var b bytes.Buffer
	writeZip(t, &b, method, files)
	return b.Bytes()
}

func writeZip(t testing.TB, to io.Writer, method uint16, files []zipFile) {
	t.Helper()
	w := zip.NewWriter(to)
	for _, f := range files {
		m, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Write(f.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

type zipFile struct {
	name    string
	content []byte
}

// infoZip makes an archive with Info-ZIP's zip, with options such as -0.
func infoZip(t *testing.T, options []string, files ...zipFile) []byte {
	t.Helper()
	testtool.Need(t, "zip")
	dir := t.TempDir()
	args := append([]string{"-X", "-q"}, options...)
	args = append(args, "out.zip")
	for _, f := range files {
		p := filepath.Join(dir, f.name)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, f.content, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, f.name)
	}
	testtool.Run(t, dir, "zip", args...)
	b, err := os.ReadFile(filepath.Join(dir, "out.zip"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// find returns the findings that match in rule, path and member.
func (r Report) find(rule, path, member string) (found []Finding) {
	for _, f := range r.Findings {
		if f.Rule == rule && f.Path == path && f.Member == member {
			found = append(found, f)
		}
	}
	return found
}
