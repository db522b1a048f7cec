package exfat

import (
	"io"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/fsys/fsystest"
)

func opener(r io.ReaderAt, start, size int64) (fsys.FS, error) { return Open(r, start, size) }

// TestSuite runs the suite that all readers of file systems share.
func TestSuite(t *testing.T) {
	for name, options := range map[string][]string{
		"512-byte clusters": {"-c", "512"}, "4 KiB clusters": {"-c", "4K"},
	} {
		t.Run(name, func(t *testing.T) {
			m := format(t, 4<<20, options...)
			m.mkdir("/panorama", "/panorama/managed_logs")
			m.write("/certificates-omni_site7.zip", 30_000)
			m.write("/panorama/occ.log", 20_000)
			m.write("/panorama/old.log", 2_000)
			m.write("/empty", 0)
			m.write("/panorama/managed_logs/ünïcode and a rather long name.img", 5000)
			m.fragment("/panorama/fragmented.log", "/panorama/beside.log", 5)
			m.remove("/panorama/old.log")
			m.check()
			files := map[string][]byte{}
			for path, body := range m.files {
				if !m.gone[path] {
					files[path] = body
				}
			}
			fsystest.Sample{Image: m.image, Open: opener, Type: "exfat", Label: "PLANTED", Files: files}.Run(t)
		})
	}
}
