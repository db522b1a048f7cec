package parttable

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

// slotLine is a partition as mmls lists it: what it calls slots begins with two
// numbers, what it adds of its own with a word.
var slotLine = regexp.MustCompile(`^\d+:\s+(?:\d+:\d+|\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s`)

// mmls lists the partitions of an image as pairs of first sector and count, by
// the judgement of The Sleuth Kit.
func mmls(t *testing.T, image string, options ...string) (list [][2]int64) {
	t.Helper()
	for line := range strings.Lines(testtool.Run(t, "", "mmls", append(options, image)...)) {
		if m := slotLine.FindStringSubmatch(line); m != nil {
			start, _ := strconv.ParseInt(m[1], 10, 64)
			count, _ := strconv.ParseInt(m[3], 10, 64)
			list = append(list, [2]int64{start, count})
		}
	}
	return list
}

// compareMmls reads the image and demands the partitions that mmls lists, which
// are those that are not extended.
func compareMmls(t *testing.T, path string, sectorSize int, options ...string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	table, err := Read(f, st.Size(), sectorSize)
	if err != nil {
		t.Fatal(err)
	}
	var ours [][2]int64
	for _, e := range table.Entries {
		if e.Type != "05" && e.Type != "0f" {
			ours = append(ours, [2]int64{e.Start / int64(sectorSize), e.Size / int64(sectorSize)})
		}
	}
	slices.SortFunc(ours, func(a, b [2]int64) int { return int(a[0] - b[0]) })
	theirs := mmls(t, path, options...)
	if len(ours) == 0 || !slices.Equal(ours, theirs) {
		t.Errorf("we see %v, mmls %v; warnings %q", ours, theirs, table.Warnings)
	}
	t.Logf("%s with %d partitions", table.Scheme, len(ours))
}

func TestAgainstMmls(t *testing.T) {
	for name, c := range map[string]struct {
		image   *image
		options []string
	}{
		"mbr":       {newImage(4*mib, 512).entry(0, 0, 0x0C, 2048, 6144), nil},
		"gpt":       {bothGPTs(512), nil},
		"gpt, 4096": {bothGPTs(4096), []string{"-b", "4096"}},
		"logical": {newImage(mib, 512).entry(0, 1, 0x0F, 100, 900).
			entry(100, 0, 6, 1, 99).entry(100, 1, 5, 100, 100).
			entry(200, 0, 6, 1, 99).entry(200, 1, 5, 200, 100).
			entry(300, 0, 6, 1, 99), nil},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "image")
			if err := os.WriteFile(path, c.image.bytes, 0o600); err != nil {
				t.Fatal(err)
			}
			compareMmls(t, path, c.image.sectorSize, c.options...)
		})
	}
}

// TestPublicImage reads nested extended partitions that others made to test such
// programs.
func TestPublicImage(t *testing.T) {
	compareMmls(t, testtool.PublicImage(t, "ext-part-test-2.dd"), 512)
}
