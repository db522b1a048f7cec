//go:build unix

package drive_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/drive/drivetest"
)

// standing lists what stands on /dev/sdb of a machine, one in a line.
func standing(t *testing.T, s drive.System) (lines []string) {
	t.Helper()
	all, err := s.Standing(resolve(t, s, s.Root+"/dev/sdb"))
	if err != nil {
		t.Fatal(err)
	}
	for _, st := range all {
		line := strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %q %s", st.Kind, st.Device, st.Number, st.Name, st.FileSystem)), " ")
		if st.System {
			line += " (system)"
		}
		if st.Elsewhere != nil {
			line += fmt.Sprintf(" elsewhere %v", st.Elsewhere)
		}
		lines = append(lines, line)
	}
	return lines
}

// stickDir is where the stick of the trees is in the kernel's tree.
const stickDir = "/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb"

func TestStanding(t *testing.T) {
	mounts := []string{
		`mount sdb1 8:17 "/srv/data/in" vfat`,
		`mount sdb1 8:17 "/srv/\x1b[31mred" vfat`,
		`mount dm-1 254:1 "/srv/data" ext4`,
		`mount sdb1 8:17 "/media/ann/PANO \n" vfat`,
	}
	volumes := []string{`lvm dm-1 254:1 "vg-data"`, `lvm dm-3 254:3 "vg-thin"`, `crypt dm-5 254:5 "luks-7c1d"`}
	const table = "/proc/self/mountinfo"
	for _, c := range []struct {
		name   string
		change func(t *testing.T, root string)
		want   []string
	}{
		{"as it is", func(*testing.T, string) {}, slices.Concat(mounts, volumes)},
		{
			"swap space, and a loop device on a file", func(t *testing.T, root string) {
				appendTo(t, root+"/proc/swaps", "/dev/dm-3  partition 100 0 -2\n")
				writeFile(t, root+"/sys/devices/virtual/block/loop3/dev", "7:3\n")
				writeFile(t, root+"/sys/devices/virtual/block/loop3/loop/backing_file", "/srv/data/in/a b.img\n")
				if err := os.Mkdir(root+"/sys/devices/virtual/block/loop3/holders", 0o755); err != nil {
					t.Fatal(err)
				}
				symlink(t, "../devices/virtual/block/loop3", root+"/sys/block/loop3")
				symlink(t, "../../devices/virtual/block/loop3", root+"/sys/class/block/loop3")
			},
			slices.Concat([]string{`swap dm-3 254:3 ""`}, mounts, []string{`loop loop3 7:3 "/srv/data/in/a b.img" elsewhere [7:3]`}, volumes),
		},
		{
			"a volume with a name for which to look twice", func(t *testing.T, root string) {
				writeFile(t, root+"/sys/devices/virtual/block/dm-5/dm/name", "\tluks\x1b[2J \xff\n\n")
			},
			slices.Concat(mounts, volumes[:2], []string{`crypt dm-5 254:5 "\tluks\x1b[2J \xff\n"`}),
		},
		{
			"what is mounted inside", func(t *testing.T, root string) {
				appendTo(t, root+table, "205 203 0:77 / /srv/data/t rw - tmpfs tmpfs rw\n206 205 259:1 / /srv/data/t/efi rw - vfat /dev/nvme0n1p1 rw\n")
			},
			slices.Concat([]string{
				`mount 259:1 "/srv/data/t/efi" vfat elsewhere [259:1]`, `mount 0:77 "/srv/data/t" tmpfs elsewhere [0:77]`,
			}, mounts, volumes),
		},
		{
			"a mount over another at the same place", func(t *testing.T, root string) {
				appendTo(t, root+table, "205 202 8:17 / /media/ann/PANO\\040\\012 rw - vfat /dev/sdb1 rw\n")
			},
			slices.Concat(mounts[3:], mounts, volumes),
		},
		{
			"a circle of mounts, and a system point", func(t *testing.T, root string) {
				writeFile(t, root+table, "29 1 259:2 / / rw - ext4 /dev/nvme0n1p2 rw\n31 32 8:17 / /home rw - vfat /dev/sdb1 rw\n32 31 8:17 / /x rw - vfat /dev/sdb1 rw\n")
			},
			slices.Concat([]string{`mount sdb1 8:17 "/x" vfat`, `mount sdb1 8:17 "/home" vfat (system)`}, volumes),
		},
		{
			"a group with a volume on another disk, itself in none of the tables of this one", func(t *testing.T, root string) {
				lvm := root + "/sys/devices/virtual/block/dm-9"
				writeFile(t, lvm+"/dev", "254:9\n")
				writeFile(t, lvm+"/dm/uuid", "LVM-vg0000000000000000000000000stickanother\n")
				symlink(t, root+"/sys/class/block/nvme0n1p2", lvm+"/slaves/nvme0n1p2")
				symlink(t, "../devices/virtual/block/dm-9", root+"/sys/block/dm-9")
			},
			slices.Concat(mounts, []string{volumes[0] + " elsewhere [259:2]", volumes[1] + " elsewhere [259:2]", volumes[2]}),
		},
		{
			"a volume that says nothing of what it stands on", func(t *testing.T, root string) {
				if err := os.RemoveAll(root + "/sys/devices/virtual/block/dm-5/slaves"); err != nil {
					t.Fatal(err)
				}
			},
			slices.Concat(mounts, []string{volumes[0] + " elsewhere [254:5]", volumes[1] + " elsewhere [254:5]", volumes[2] + " elsewhere [254:5]"}),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := drivetest.Open(t, "stands")
			c.change(t, s.Root)
			if got := standing(t, s); !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, string(old)+text)
}

// TestStandingIsWholeOrNone: where something cannot be found out, there is no list.
func TestStandingIsWholeOrNone(t *testing.T) {
	for name, spoil := range map[string]string{
		"no mount table": "/proc/self/mountinfo",
		"no swap table":  "/proc/swaps",
		"no holders":     stickDir + "/sdb2/holders",
		"no such volume": "/sys/devices/virtual/block/dm-1",
	} {
		s := drivetest.Open(t, "stands")
		d := resolve(t, s, s.Root+"/dev/sdb")
		if err := os.RemoveAll(s.Root + spoil); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Standing(d); err == nil {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// TestStandingOnImage: nothing stands on a file; a loop device on it is an alias.
func TestStandingOnImage(t *testing.T) {
	s := drivetest.Open(t, "stands")
	image := filepath.Join(t.TempDir(), "stick.img")
	writeFile(t, image, "x")
	if got, err := s.Standing(resolve(t, s, image)); got != nil || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
}
