package exfat

import (
	"bytes"
	"context"
	"os"
	"slices"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys/fsystest"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// TestPublicImages compares with The Sleuth Kit and with exfatprogs on images
// that others made to test such programs.
func TestPublicImages(t *testing.T) {
	for _, c := range []struct {
		name        string
		label       string
		entries     int
		warnings    []string
		differences differences
		noFsck      bool
		noDump      bool
	}{
		{name: "go-exfat_test_assets_test.exfat", label: "testvolumelabel", entries: 13},
		{
			// The Sleuth Kit gives up on a file whose chain loops.
			name: "loop_chain.img", entries: 11,
			warnings: []string{
				"the chain of a file loops through cluster 24",
				"a file is larger than the clusters that can be told of it",
			},
			differences: differences{noSectors: 1},
		},
		{
			// The bitmap has the root directory's first cluster as free, which The
			// Sleuth Kit takes to mean that all in it is deleted. Its last entry has
			// lost the rest of its slots with the rest of the chain. fsck.exfat gives
			// up.
			name: "bad_root.img", entries: 90, noFsck: true,
			warnings: []string{
				"the chain of a directory breaks off at cluster 30",
				"the checksum of an entry in use is wrong",
				"an entry in use has less slots than it should",
			},
			differences: differences{weLive: 42},
		},
		{
			// The Sleuth Kit gives up on a file whose chain leaves the volume.
			name: "bad_num_chain.img", entries: 11,
			warnings:    []string{"a file is larger than the clusters that can be told of it"},
			differences: differences{noSectors: 1},
		},
		{
			// Each directory ends amidst its entries, and those behind have lost the
			// first slots. The Sleuth Kit goes on behind the end as if it were none,
			// and passes over sets without a head. dump.exfat takes the root's second
			// slot for the bitmap's, whatever it is.
			name: "unused-dentries.img", entries: 999, noDump: true,
			differences: differences{theyLive: 526, oursAlone: 6},
		},
		{
			// The Sleuth Kit ends a name at a zero, and this one has nothing else.
			name: "invalid_name.img", entries: 41,
			differences: differences{oursAlone: 1},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := testtool.PublicImage(t, c.name)
			image, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			size := int64(len(image))
			f := openBytes(t, bytes.NewReader(image), size)
			entries := fsystest.Walk(t, f, 0, size)
			if label := f.Label(context.Background()); label != c.label || len(entries) != c.entries {
				t.Errorf("label %q, %d entries", label, len(entries))
			}
			if !slices.Equal(f.Warnings(), c.warnings) {
				t.Errorf("warnings %q", f.Warnings())
			}
			compareWithSleuthKit(t, path, f, entries, c.differences)
			if !c.noDump {
				compareWithDump(t, path, f)
			}
			if !c.noFsck {
				compareWithFsck(t, path, entries)
			}
			fsystest.Survives(t, opener, image)
		})
	}
}
