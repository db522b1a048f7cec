package fat

import (
	"io"
	"os"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/fsys/fsystest"
)

func opener(r io.ReaderAt, start, size int64) (fsys.FS, error) { return Open(r, start, size) }

// TestSuite runs the suite that all readers of file systems share.
func TestSuite(t *testing.T) {
	for kind, options := range map[string][]string{
		FAT12: {"-F", "12", "-s", "1"}, FAT16: {"-F", "16", "-s", "1"}, FAT32: {"-F", "32", "-s", "1"},
	} {
		t.Run(kind, func(t *testing.T) {
			size := map[string]int64{FAT12: 1 << 20, FAT16: 5 << 20, FAT32: 34 << 20}[kind]
			m := format(t, size, options...)
			m.mkdir("/panorama", "/panorama/managed_logs")
			m.copy("/certificates-omni_site7.zip", 3000)
			m.copy("/panorama/occ.log", 20_000)
			m.copy("/panorama/old.log", 2_000)
			m.copy("/empty", 0)
			m.copy("/panorama/managed_logs/ünïcode and a rather long name.img", 5000)
			m.remove("/panorama/old.log")
			delete(m.files, "/panorama/old.log")
			image, err := os.ReadFile(m.path)
			if err != nil {
				t.Fatal(err)
			}
			fsystest.Sample{Image: image, Open: opener, Type: kind, Label: "PLANTED", Files: m.files}.Run(t)
		})
	}
}
