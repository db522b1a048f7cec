//go:build unix

package release_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/drive/drivetest"
	"github.com/panoscrub/panoscrub/internal/release"
)

func resolve(t *testing.T, s drive.System, path string) drive.Drive {
	t.Helper()
	d, err := s.Resolve(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func replace(t *testing.T, path, old, new string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s does not hold %q", path, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), old, new, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func sentences(steps []release.Step) (said []string) {
	for _, s := range steps {
		said = append(said, s.Sentence())
	}
	return said
}

func TestFind(t *testing.T) {
	s := drivetest.Open(t, "stands")
	plan, err := release.Find(s, resolve(t, s, s.Root+"/dev/sdb"), drive.Writing)
	want := []string{
		"unmount /srv/data/in (vfat on sdb1)",
		`unmount /srv/\x1b[31mred (vfat on sdb1)`,
		"unmount /srv/data (ext4 on dm-1)",
		`unmount /media/ann/PANO \x0a (vfat on sdb1)`,
		"deactivate the LVM volume vg-data (dm-1)",
		"deactivate the LVM volume vg-thin (dm-3)",
		"close the encrypted volume luks-7c1d (dm-5)",
	}
	if got := sentences(plan.Steps); err != nil || !slices.Equal(got, want) {
		t.Fatalf("got %q, %v", got, err)
	}
	if asks := sentences(plan.Beyond(nil)); !slices.Equal(asks, slices.Concat(want[:3], want[4:])) {
		t.Errorf("only these ask: %q", asks)
	}
	if asks := sentences(plan.Beyond(plan.Steps[:4])); !slices.Equal(asks, want[4:]) {
		t.Errorf("after agreeing to the mounts, these ask: %q", asks)
	}
	// A mount point of another machine means something else on this one.
	if err := plan.Do(context.Background()); err == nil || !errors.Is(err, block.ErrUnsupported) && !strings.Contains(err.Error(), "not made for this machine") {
		t.Errorf("carrying out the plan for a tree of files: %v", err)
	}
}

// TestFindDesktop: what the desktop mounted needs nobody's word, unless it may be
// somebody's disk.
func TestFindDesktop(t *testing.T) {
	const elsewhere = `unmount /srv/\x1b[31mred (vfat on sdb1)`
	s := drivetest.Open(t, "mounted")
	d := resolve(t, s, s.Root+"/dev/sdb")
	plan, err := release.Find(s, d, drive.Writing)
	if asks := sentences(plan.Beyond(nil)); err != nil || len(plan.Steps) != 2 || !plan.OnlyUnmounts() || !slices.Equal(asks, []string{elsewhere}) {
		t.Errorf("%q, of which these ask: %q, %v", sentences(plan.Steps), asks, err)
	}
	plan.Drive.Attachment.Form = drive.FormDisk
	if asks := plan.Beyond(nil); len(asks) != 2 {
		t.Errorf("on a disk, these ask: %q", sentences(asks))
	}
}

func TestFindNothing(t *testing.T) {
	s := drivetest.Open(t, "stick")
	if plan, err := release.Find(s, resolve(t, s, s.Root+"/dev/sdb"), drive.Writing); err != nil || len(plan.Steps) > 0 {
		t.Errorf("got %q, %v", sentences(plan.Steps), err)
	}
}

// TestFindKeeps: what is not on the drive alone, or is of a kind that is not taken
// down, stays, and so does the refusal.
func TestFindKeeps(t *testing.T) {
	const (
		mounts = "/proc/self/mountinfo"
		dm     = "/sys/devices/virtual/block/dm-"
		last   = "204 29 8:17 /a /srv/\x1b[31mred rw,relatime shared:110 - vfat /dev/sdb1 rw\n"
	)
	for _, c := range []struct {
		name, file, old, new string
		why                  string
	}{
		{"a file system inside", mounts, last, last + "205 202 0:77 / /media/ann/PANO\\040\\012/\x1b[2J rw - tmpfs tmpfs rw\n", `PANO \x0a/\x1b[2J is not on this drive alone`},
		{"another member", dm + "5/slaves/nvme0n1p2/dev", "", "259:2\n", "luks-7c1d (dm-5) is not on this drive alone"},
		{"a map of another kind", dm + "3/dm/uuid", "LVM-", "mpath-", "vg-thin (dm-3) is a mapper"},
		{"a map of no kind", dm + "3/dm/uuid", "LVM-", "XLVM-", "vg-thin (dm-3) is a mapper"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := drivetest.Open(t, "stands")
			if c.old == "" {
				if err := errors.Join(os.MkdirAll(s.Root+strings.TrimSuffix(c.file, "/dev"), 0o755), os.WriteFile(s.Root+c.file, []byte(c.new), 0o644)); err != nil {
					t.Fatal(err)
				}
			} else {
				replace(t, s.Root+c.file, c.old, c.new)
			}
			plan, err := release.Find(s, resolve(t, s, s.Root+"/dev/sdb"), drive.Writing)
			var kept *release.KeptError
			var refused *drive.RefusedError
			if !errors.As(err, &kept) || !errors.As(err, &refused) || !strings.Contains(err.Error(), c.why) || strings.Contains(err.Error(), "\x1b") {
				t.Errorf("got %q, %v", sentences(plan.Steps), err)
			}
			if len(plan.Steps) > 0 {
				t.Errorf("some of it would be taken down: %q", sentences(plan.Steps))
			}
		})
	}
}

// TestFindRefuses: a reason that is beyond unmounting ends it, whatever stands there.
func TestFindRefuses(t *testing.T) {
	for _, c := range []struct {
		tree, device string
		purpose      drive.Purpose
		reason       drive.Reason
	}{
		{"luks-lvm", "sdb", drive.Reading, drive.ReasonSwap},
		{"nvme-system", "nvme0n1", drive.Reading, drive.ReasonNotUSB},
		{"read-only", "sdb", drive.Writing, drive.ReasonReadOnly},
		{"stands", "sdb1", drive.Writing, drive.ReasonPartition},
		{"stands", "dm-5", drive.Writing, drive.ReasonNotUSB},
	} {
		s := drivetest.Open(t, c.tree)
		_, err := release.Find(s, resolve(t, s, s.Root+"/dev/"+c.device), c.purpose)
		var refused *drive.RefusedError
		if !errors.As(err, &refused) || !slices.ContainsFunc(refused.Refusals, func(r drive.Refusal) bool { return r.Reason == c.reason }) {
			t.Errorf("%s on %s: got %v", c.device, c.tree, err)
		}
	}
}

// TestFindLooksAtWriteProtected: write protection is no hindrance to looking, and
// so none to unmounting for it.
func TestFindLooksAtWriteProtected(t *testing.T) {
	s := drivetest.Open(t, "stands")
	replace(t, s.Root+"/sys/block/sdb/ro", "0", "1")
	d := resolve(t, s, s.Root+"/dev/sdb")
	if _, err := release.Find(s, d, drive.Reading); err != nil {
		t.Errorf("for looking: %v", err)
	}
	var refused *drive.RefusedError
	if _, err := release.Find(s, d, drive.Writing); !errors.As(err, &refused) {
		t.Errorf("for writing: %v", err)
	}
}

// TestFindKeepsOurs: a drive with what this program needs stays as it is, also
// where the file has yet to be made.
func TestFindKeepsOurs(t *testing.T) {
	s := drivetest.Open(t, "stands")
	s.Own = []drive.Place{{What: "the state folder", Path: s.Root + "/srv/data/in/state/not/yet"}}
	var refused *drive.RefusedError
	_, err := release.Find(s, resolve(t, s, s.Root+"/dev/sdb"), drive.Writing)
	if !errors.As(err, &refused) || refused.Refusals[0].Reason != drive.ReasonOwn {
		t.Errorf("got %v", err)
	}
}

// TestFindAnotherDrive: a drive that is not what was looked at gets no plan.
func TestFindAnotherDrive(t *testing.T) {
	s := drivetest.Open(t, "stands")
	d := resolve(t, s, s.Root+"/dev/sdb")
	replace(t, s.Root+"/sys/block/sdb/diskseq", "12", "13")
	if plan, err := release.Find(s, d, drive.Writing); !errors.Is(err, block.ErrChanged) {
		t.Errorf("got %q, %v", sentences(plan.Steps), err)
	}
}
