//go:build unix

package drive_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/drive/drivetest"
)

// TestTraced uses something in ways in which it is, or is not, known on which
// device: what has gone counts against no drive, and for what cannot be traced the
// stick is refused, with what to do about it.
func TestTraced(t *testing.T) {
	swapped := func(path string) func(*testing.T, drive.System) {
		return func(t *testing.T, s drive.System) {
			t.Helper()
			writeFile(t, s.Root+"/proc/swaps", "Filename Type Size Used Priority\n"+path+" partition 1 0 -2\n")
		}
	}
	virtual := func(name, attribute, value string) func(*testing.T, drive.System) {
		return func(t *testing.T, s drive.System) {
			t.Helper()
			writeFile(t, s.Root+"/sys/block/"+name+"/"+attribute, value+"\n")
			writeFile(t, s.Root+"/sys/block/"+name+"/dev", "252:0\n")
			symlink(t, "../../block/"+name, s.Root+"/sys/class/block/"+name)
			if err := os.Mkdir(s.Root+"/sys/block/"+name+"/holders", 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	mounted := func(fsType, source string) func(*testing.T, drive.System) {
		return func(t *testing.T, s drive.System) {
			t.Helper()
			table, err := os.ReadFile(s.Root + "/proc/self/mountinfo")
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, s.Root+"/proc/self/mountinfo", string(table)+"99 29 0:88 / /mnt/x rw - "+fsType+" "+source+" rw\n")
		}
	}
	covered := func(use func(*testing.T, drive.System)) func(*testing.T, drive.System) {
		return func(t *testing.T, s drive.System) {
			t.Helper()
			use(t, s)
			if err := errors.Join(os.RemoveAll(s.Root+"/sys/class/block"), os.Mkdir(s.Root+"/sys/class/block", 0o755)); err != nil {
				t.Fatal(err)
			}
		}
	}
	pool := func(members ...string) func(*testing.T, drive.System) {
		return func(t *testing.T, s drive.System) {
			t.Helper()
			for _, name := range members {
				symlink(t, "nowhere", s.Root+"/sys/fs/btrfs/6d1d0a4e/devices/"+name)
			}
			mounted("btrfs", "/dev/"+members[0])(t, s)
		}
	}
	const otherwise = "; where that fails, restart the machine"
	for name, c := range map[string]struct {
		use    func(*testing.T, drive.System)
		reason drive.Reason // "" for none
		hint   string       // that ends so
	}{
		"swap, pulled":              {swapped(`/dev/sdq1\040(deleted)`), "", ""},
		"swap, in a folder, pulled": {swapped(`/dev/cciss/c0d0p1\040(deleted)`), "", ""},
		"swap, the name is back":    {swapped(`/dev/sdb1\040(deleted)`), drive.ReasonSwap, "swapoff first"},
		"swap, such a node":         {swapped(`/dev/sdb\040(deleted)`), drive.ReasonSwap, "swapoff first"},
		"swap, not deleted":         {swapped(`/dev/sdq1`), drive.ReasonUntraced, "traced (swapoff /dev/sdq1)" + otherwise},
		"swap, not in /dev":         {swapped(`/jail/sdq1\040(deleted)`), drive.ReasonUntraced, "traced" + otherwise},
		"swap, not a path":          {swapped(`/dev/$(reboot)`), drive.ReasonUntraced, "traced" + otherwise},
		"swap, not a node":          {swapped(`/proc/swaps`), drive.ReasonUntraced, "traced (swapoff /proc/swaps)" + otherwise},
		"swap, no list of devices":  {covered(swapped(`/dev/sdq1\040(deleted)`)), drive.ReasonUntraced, "traced" + otherwise},
		"zram, pulled":              {virtual("zram0", "backing_dev", "/dev/sdq (deleted)"), "", ""},
		"zram, the name is back":    {virtual("zram0", "backing_dev", "/dev/sdb1 (deleted)"), drive.ReasonHeld, "for a loop device"},
		"zram, not deleted":         {virtual("zram0", "backing_dev", "/dev/sdq"), drive.ReasonUntraced, "traced (swapoff /dev/zram0; zramctl --reset /dev/zram0)" + otherwise},
		"loop, pulled":              {virtual("loop0", "loop/backing_file", "/dev/sdq (deleted)"), drive.ReasonUntraced, "traced (losetup -d /dev/loop0)" + otherwise},
		"loop, the name is back":    {virtual("loop0", "loop/backing_file", "/dev/sdb1 (deleted)"), drive.ReasonUntraced, "traced (losetup -d /dev/loop0)" + otherwise},
		"btrfs, pulled":             {pool("sdq"), "", ""},
		"btrfs, one of two pulled":  {pool("sdq", "sdb1"), drive.ReasonMounted, "unmount yourself"},
		"btrfs, no list of devices": {covered(pool("sdq")), drive.ReasonUnknown, "must be there and readable"},
		"another source":            {mounted("fuse.x", "/dev/sdq"), drive.ReasonUntraced, "traced" + otherwise},
	} {
		t.Run(name, func(t *testing.T) {
			s := drivetest.Open(t, "stick")
			c.use(t, s)
			drives, err := s.List()
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(drives, func(d drive.Drive) bool { return d.Attachment.Node == "sdb" })
			requireRefusal(t, drives[i].Refusals, c.reason, c.hint)
			if _, err := s.Standing(drives[i]); (err != nil) != (c.reason == drive.ReasonUntraced || c.reason == drive.ReasonUnknown) {
				t.Errorf("what stands on it: %v", err)
			}
		})
	}
}

// requireRefusal makes sure that there is a reason, and of how its hint ends; of no
// reason at all for "".
func requireRefusal(t *testing.T, got []drive.Refusal, reason drive.Reason, hint string) {
	t.Helper()
	i := slices.IndexFunc(got, func(r drive.Refusal) bool { return r.Reason == reason })
	if reason == "" && len(got) > 0 || reason != "" && i < 0 {
		t.Fatalf("refused for %+v, want %q", got, reason)
	}
	if i >= 0 && !strings.HasSuffix(got[i].Hint(), hint) {
		t.Errorf("the hint is: %s", got[i].Hint())
	}
}
