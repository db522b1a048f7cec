package fat

import (
	"os"
	"testing"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

// TestPublicImages compares with The Sleuth Kit on images that others made to
// test such programs.
func TestPublicImages(t *testing.T) {
	for _, c := range []struct {
		name    string
		kind    string
		sector  int64 // where the file system starts
		entries int
	}{
		{"6-fat-undel.dd", FAT16, 0, 12},
		{"fat-img-kw.dd", FAT16, 0, 8},
		{"rust-fatfs_resources_fat12.img", FAT12, 0, 9},
		{"velocidex-go-fat_testcases_fat12.dd", FAT12, 0, 400},
		{"ext-part-test-2.dd", FAT16, 63, 1},
		{"ext-part-test-2.dd", FAT16, 52416, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := testtool.PublicImage(t, c.name)
			r, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			st, err := r.Stat()
			if err != nil {
				t.Fatal(err)
			}
			f, err := Open(r, c.sector*512, st.Size()-c.sector*512)
			if err != nil {
				t.Fatal(err)
			}
			entries := walk(t, f)
			if f.Boot.Type != c.kind || len(entries) != c.entries {
				t.Errorf("%s with %d entries: %q", f.Boot.Type, len(entries), marks(entries))
			}
			theirs := sleuthKit(t, path, c.sector)
			compareListings(t, theirs, f, entries)
			compareSectors(t, path, c.sector, f, entries)
		})
	}
}
