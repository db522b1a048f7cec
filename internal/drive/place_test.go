//go:build unix

package drive_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/drive/drivetest"
)

// TestOwnPlaces: a drive that this program works from is refused as such, however
// the place lies on it.
func TestOwnPlaces(t *testing.T) {
	for _, c := range []struct {
		tree, place, node string
		own               bool // the place lies on the drive
	}{
		{"mounted", "media/ann/PANO /state", "/dev/sdb", true}, // does not exist yet
		{"mounted", "media/ann/PANO ", "/dev/sdb", true},
		{"mounted", "media/ann/PANO", "/dev/sdb", false},
		{"mounted", "home/ann", "/dev/sdb", false},
		{"luks-lvm", "srv/data/a/b/c", "/dev/sdb", true},
		{"luks-lvm", "srv/database", "/dev/sdb", false},
		{"btrfs", "srv/pool/state", "/dev/sdb", true},
		{"overlay", "srv/deep/state", "/dev/sdb", true},
		{"live", "home/ann", "/dev/sdb", true},         // on the root, which is on the stick
		{"overlay", "srv/own/state", "/dev/sdc", true}, // an overlay over its own lower folder
		{"stick", "state", "/dev/sdb", false},
		{"stick", "state", "/dev/nvme0n1", true},
		{"stick", "dev/shm/state", "/dev/nvme0n1", false}, // in memory, though listed before the root
	} {
		s := drivetest.Open(t, c.tree)
		s.Own = []drive.Place{{What: "the state folder", Path: s.Root + "/" + c.place}}
		d := resolve(t, s, s.Root+c.node)
		if got := slices.Contains(reasons(d), drive.ReasonOwn); got != c.own {
			t.Errorf("%s, %s: %s is refused for %v", c.tree, c.place, c.node, reasons(d))
		}
		if c.own && !strings.Contains(d.RefusedFor(drive.Reading).Error(), "is on it: the state folder "+s.Root) {
			t.Errorf("%s, %s: %v", c.tree, c.place, d.RefusedFor(drive.Reading))
		}
	}
}

// TestOwnPlaceBehindALink: what counts is where a place really is.
func TestOwnPlaceBehindALink(t *testing.T) {
	s := drivetest.Open(t, "mounted")
	symlink(t, s.Root+"/media/ann/PANO ", s.Root+"/home/ann/.local")
	writeFile(t, s.Root+"/media/ann/PANO /x", "")
	s.Own = []drive.Place{{What: "the state folder", Path: s.Root + "/home/ann/.local/state"}}
	if got := reasons(resolve(t, s, s.Root+"/dev/sdb")); !slices.Contains(got, drive.ReasonOwn) {
		t.Errorf("refused for %v", got)
	}
}
