package ntfs

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/fsys/fsystest"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// seen is one line of fls.
type seen struct {
	path    string
	deleted bool
	dir     bool
	number  int64  // of the MFT record
	address string // that icat takes
}

var flsLine = regexp.MustCompile(`^(.)/(.) (\* )?((\d+)(?:-\d+-\d+)?)(?:\(realloc\))?:\t(.*)$`)

// sleuthKit lists the file system, but for what The Sleuth Kit makes up, and for
// the indexes that are not directories.
func sleuthKit(t *testing.T, image string) (list []seen) {
	t.Helper()
	testtool.Need(t, "timeout", "fls", "icat", "istat")
	for line := range strings.Lines(testtool.Run(t, "", "timeout", "60", "fls", "-f", "ntfs", "-r", "-p", image)) {
		m := flsLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		switch {
		case m == nil:
			t.Fatalf("fls printed %q", line)
		case m[2] == "V" || strings.Contains(m[6], "/OrphanFile-"):
		case strings.Contains(m[4], "-144-") && m[2] != "d":
		default:
			number, _ := strconv.ParseInt(m[5], 10, 64)
			path := strings.Replace(m[6], "$OrphanFiles/", "?/", 1)
			list = append(list, seen{"/" + path, m[3] != "", m[2] == "d", number, m[4]})
		}
	}
	return list
}

// icat is the content that The Sleuth Kit finds.
func icat(t *testing.T, image, address string) []byte {
	t.Helper()
	cmd := exec.Command("timeout", "60", "icat", "-f", "ntfs", image, address)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("icat %s: %v", address, err)
	}
	return out
}

// indexFiles have no data, so that The Sleuth Kit lists nothing but their indexes.
var indexFiles = map[string]bool{
	"9/$Secure": true, "24/$Extend/$Quota": true, "25/$Extend/$ObjId": true, "26/$Extend/$Reparse": true,
}

// compareWithSleuthKit demands that both see the same entries with the same
// content.
func compareWithSleuthKit(t *testing.T, path string) []fsys.Entry {
	t.Helper()
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(bytes.NewReader(image), 0, int64(len(image)))
	if err != nil {
		t.Fatal(err)
	}
	entries := fsystest.Walk(t, f, 0, int64(len(image)))
	ours := map[string]fsys.Entry{}
	for _, e := range entries {
		if !e.NameOnly && e.Path != "/." {
			ours[strconv.FormatInt(f.number(t, e.Record), 10)+e.Path] = e
		}
	}
	for _, s := range sleuthKit(t, path) {
		key := strconv.FormatInt(s.number, 10) + s.path
		e, ok := ours[key]
		delete(ours, key)
		switch {
		case !ok || e.Deleted != (s.deleted || notAllocated(t, path, s)) || e.Dir != s.dir:
			t.Errorf("The Sleuth Kit sees %+v, we see %+v", s, e)
		case !e.Dir && !e.Reused && !strings.HasSuffix(e.Path, ":$Bad"):
			compareContent(t, s, e, withZeros(image, e), icat(t, path, s.address))
		}
	}
	for key := range ours {
		if !indexFiles[key] {
			t.Errorf("The Sleuth Kit does not see %s", key)
		}
	}
	return entries
}

// notAllocated asks for the record itself: fls calls a name in use where it stands
// in an index block that is not.
func notAllocated(t *testing.T, image string, s seen) bool {
	out := testtool.Run(t, "", "timeout", "60", "istat", "-f", "ntfs", image, s.address)
	return strings.Contains(out, "\nNot Allocated File")
}

func compareContent(t *testing.T, s seen, e fsys.Entry, got, want []byte) {
	t.Helper()
	if e.Incomplete || e.Size != int64(len(want)) || !bytes.Equal(got, want) {
		t.Errorf("%+v: %d bytes, incomplete %v, The Sleuth Kit has %d", s, len(got), e.Incomplete, len(want))
	}
}

// withZeros is the content of e with the zeros that Data leaves out at its end.
func withZeros(image []byte, e fsys.Entry) []byte {
	b := fsystest.ReadAll(image, e)
	return append(b, make([]byte, max(0, e.Size-int64(len(b))))...)
}

// number is the number of the MFT record that begins at the extent.
func (f *FS) number(t testing.TB, record block.Extent) int64 {
	t.Helper()
	for _, r := range f.mft.runs {
		if off := record.Offset - f.offset(r.lcn); off >= 0 && off < r.count*f.boot.clusterBytes {
			return (r.vcn*f.boot.clusterBytes + off) / f.boot.recordBytes
		}
	}
	t.Fatalf("no record at %v", record)
	return 0
}

// TestAgainstSleuthKit compares on the public image, and on volumes of all
// shapes.
func TestAgainstSleuthKit(t *testing.T) {
	t.Run("7-ntfs-undel.dd", func(t *testing.T) {
		path := testtool.PublicImage(t, "7-ntfs-undel.dd")
		if n := len(compareWithSleuthKit(t, path)); n != 30 {
			t.Errorf("%d entries", n)
		}
	})
	for _, options := range []string{"-c 4096", "-c 1024", "-c 65536", "-s 4096", "-C"} {
		t.Run(options, func(t *testing.T) {
			m := format(t, 16<<20, strings.Fields(options)...)
			m.copy("/certificates-omni_site7.zip", 3000)
			m.copy("/resident", 600)
			m.write("/panorama.log", text(1_200_000))
			m.stream("/panorama.log", "a stream", randomBytes("stream", 9_000))
			compareWithSleuthKit(t, m.path)
		})
	}
}
