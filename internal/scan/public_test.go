package scan

import (
	"fmt"
	"os"
	"testing"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

// TestPublicImages scans the images that others made to test such programs. What
// their file systems hold is compared with The Sleuth Kit by those who read them;
// here it counts that no damage stops the scan, and that it is said.
func TestPublicImages(t *testing.T) {
	for _, c := range []struct {
		name        string
		fileSystems string
		verdict     Verdict
	}{
		{"6-fat-undel.dd", "[fat16]", Incomplete}, // it lacks its last sector,
		{"7-ntfs-undel.dd", "[ntfs]", Clean},
		{"fat-img-kw.dd", "[fat16]", Clean},
		{"ext-part-test-2.dd", "[fat16 fat16 fat16  fat16 fat16 fat16]", Clean}, // the empty one is the extended partition,
		{"rust-fatfs_resources_fat12.img", "[fat12]", Clean},
		{"velocidex-go-fat_testcases_fat12.dd", "[fat12]", Clean},
		{"go-exfat_test_assets_test.exfat", "[exfat]", Clean},
		{"loop_chain.img", "[exfat]", Incomplete},
		{"bad_root.img", "[exfat]", Incomplete},
		{"bad_num_chain.img", "[exfat]", Incomplete},
		{"unused-dentries.img", "[exfat]", Clean},
		{"invalid_name.img", "[exfat]", Clean},
		{"f_baddir.img", "[ext2]", Incomplete},
		{"f_badinode.img", "[ext2]", Incomplete},
		{"d_inline_dump.img", "[ext4]", Clean},
	} {
		t.Run(c.name, func(t *testing.T) {
			image, err := os.ReadFile(testtool.PublicImage(t, c.name))
			if err != nil {
				t.Fatal(err)
			}
			r := scanned(t, inMemory(image))
			var found []string
			for _, p := range r.Partitions {
				found = append(found, p.FileSystem)
			}
			if fmt.Sprint(found) != c.fileSystems || r.Verdict != c.verdict {
				t.Errorf("%v, %s, want %s, %s; %d findings, limits %q", found, r.Verdict, c.fileSystems, c.verdict, len(r.Findings), r.Coverage.Limits)
			}
		})
	}
}
