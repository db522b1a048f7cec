package exfat

import (
	"maps"
	"regexp"
	"strconv"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys"
)

var fsckCounts = regexp.MustCompile(`directories (\d+), files (\d+)\n(?:.*: files corrupted (\d+),)?`)

// compareWithFsck demands that fsck.exfat counts as many files and directories in
// use as we do. It counts the root as well, and damaged files apart.
func compareWithFsck(t *testing.T, image string, entries []fsys.Entry) {
	t.Helper()
	files, directories := 0, 1
	for _, e := range entries {
		switch {
		case e.Deleted:
		case e.Dir:
			directories++
		default:
			files++
		}
	}
	out, _ := ask(t, "fsck.exfat", "-n", image)
	m := fsckCounts.FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("fsck.exfat printed %q", out)
	}
	var n [3]int
	for i, text := range m[1:] {
		n[i], _ = strconv.Atoi(text) // none is 0
	}
	if n[0] != directories || n[1]+n[2] != files {
		t.Errorf("we count %d directories and %d files; fsck.exfat says %s", directories, files, out)
	}
}

var dumpLine = regexp.MustCompile(`(?m)^(Cluster Count|Root Cluster|Cluster size|Free Clusters).*:\s+(\d+)$`)

// compareWithDump demands that dump.exfat finds the same in the boot sector, and
// counts as many free clusters in the bitmap.
func compareWithDump(t *testing.T, image string, f *FS) {
	t.Helper()
	out, _ := ask(t, "dump.exfat", image)
	theirs := map[string]int64{}
	for _, m := range dumpLine.FindAllStringSubmatch(out, -1) {
		theirs[m[1]], _ = strconv.ParseInt(m[2], 10, 64) // digits
	}
	free := int64(0)
	w := f.walker(t.Context(), nil)
	for c := range f.clusters {
		if w.use(c+2) == useFree {
			free++
		}
	}
	ours := map[string]int64{
		"Cluster Count": int64(f.boot.clusters), "Root Cluster": int64(f.boot.root),
		"Cluster size": f.boot.clusterBytes, "Free Clusters": free,
	}
	if !maps.Equal(ours, theirs) {
		t.Errorf("we have %v, dump.exfat %v", ours, theirs)
	}
}
