package ntfs

import (
	"io"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/fsys/fsystest"
)

func opener(r io.ReaderAt, start, size int64) (fsys.FS, error) { return Open(r, start, size) }

// own tells the entries that each volume has from the start.
func own(path string) bool {
	return path == "/." || strings.HasPrefix(path, "/$") && !strings.HasPrefix(path, "/$Extend/p")
}

// TestSuite runs the suite that all readers of file systems share.
func TestSuite(t *testing.T) {
	for _, c := range []struct {
		name    string
		size    int64
		options []string
	}{
		{"usual", 4 << 20, nil},
		{"clusters of 512 bytes", 2 << 20, []string{"-c", "512"}},
		{"clusters of 64 KiB", 16 << 20, []string{"-c", "65536"}},
		{"clusters of 2 MiB", 64 << 20, []string{"-c", "2097152"}},
		{"sectors of 4 KiB", 4 << 20, []string{"-s", "4096"}},
		{"compressed", 4 << 20, []string{"-C"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && c.size > 8<<20 {
				t.Skip("NOT RUN: -short leaves out large volumes")
			}
			m := format(t, c.size, c.options...)
			m.copy("/certificates-omni_site7.zip", 3000)
			m.copy("/empty", 0)
			m.copy("/resident", 300)
			m.write("/$Extend/panorama.log", text(200_000))
			m.copy("/ünïcode and a rather long name 𝒳.img", 150_000)
			m.stream("/certificates-omni_site7.zip", "Zone.Identifier", []byte("[ZoneTransfer]\r\nZoneId=3\r\n"))
			m.stream("/empty", "hidden", randomBytes("hidden", 70_000))
			fsystest.Sample{
				Image: m.image(), Open: opener, Type: "ntfs", Label: "PLANTED", Files: m.files, Own: own,
			}.Run(t)
		})
	}
}
