package release_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/release"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// Volumes of this group look like LVM's to the kernel.
const group = "LVM-panoscrubTestPanoscrubTestPanosc"

func needMapper(t *testing.T) {
	t.Helper()
	testtool.NeedRoot(t)
	testtool.Need(t, "dmsetup")
	if _, err := os.Stat("/dev/mapper/control"); err != nil {
		t.Skip("NOT RUN: the kernel has no device mapper")
	}
}

// volume maps 16 MiB of a device, from an offset in MiB, as a volume with a UUID.
// Its path is that of the kernel, since there may be no udev to make others.
func volume(t *testing.T, uuid, node string, offset int) (name, path string) {
	t.Helper()
	needMapper(t)
	name = fmt.Sprintf("panoscrub-%d-%s", os.Getpid(), uuid[len(uuid)-3:])
	create(t, name, uuid, node, offset)
	t.Cleanup(func() {
		if listed(t, name) {
			testtool.Run(t, "", "dmsetup", "remove", "--retry", name)
		}
	})
	device := testtool.Run(t, "", "dmsetup", "info", "--columns", "--noheadings", "-o", "blkdevname", name)
	return name, "/dev/" + strings.TrimSpace(device)
}

func create(t *testing.T, name, uuid, node string, offset int) {
	t.Helper()
	table := fmt.Sprintf("0 32768 linear %s %d", node, offset<<11)
	testtool.Run(t, "", "dmsetup", "create", name, "--uuid", uuid, "--table", table)
}

func listed(t *testing.T, name string) bool {
	t.Helper()
	_, err := testtool.Try(t, "dmsetup", "info", name)
	return err == nil
}

// TestRealVolumes: an encrypted volume with a mounted and an idle volume of LVM in
// it, as far as the kernel can tell.
func TestRealVolumes(t *testing.T) {
	node, _ := attach(t)
	name, crypt := volume(t, "CRYPT-LUKS2-panoscrub-aaa", node, 0)
	testtool.Run(t, "", "dmsetup", "reload", name, "--table", "0 98304 linear "+node+" 0")
	testtool.Run(t, "", "dmsetup", "resume", name)
	_, one := volume(t, group+"bbb", crypt, 0)
	volume(t, group+"ccc", crypt, 16)
	makeFS(t, "ext4", one)
	mount(t, one, filepath.Join(t.TempDir(), "a b"))
	plan := find(t, node)
	var kinds []release.Kind
	for _, s := range plan.Steps {
		kinds = append(kinds, s.Kind)
	}
	want := []release.Kind{release.Unmount, release.DeactivateLVM, release.DeactivateLVM, release.CloseCrypt}
	if !slices.Equal(kinds, want) || plan.OnlyUnmounts() {
		t.Fatalf("got %q", sentences(plan.Steps))
	}
	if err := plan.Do(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustBeFree(t, node)
}

// TestRealVolumeBusy: a volume that is open stays, and who has it open is named.
func TestRealVolumeBusy(t *testing.T) {
	node, _ := attach(t)
	name, path := volume(t, "CRYPT-LUKS2-panoscrub-aaa", node, 0)
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sleep", "600")
	cmd.ExtraFiles = []*os.File{file}
	stop := start(t, cmd)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	err = find(t, node).Do(context.Background())
	var busy *release.BusyError
	if !errors.As(err, &busy) || busy.Point != name || len(busy.Holders) != 1 || busy.Holders[0].PID != cmd.Process.Pid {
		t.Errorf("got %v", err)
	}
	stop()
	if err := find(t, node).Do(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustBeFree(t, node)
}

// TestRealGroupAcrossDrives: a volume group with a volume on another drive stays
// on both, whichever is asked for.
func TestRealGroupAcrossDrives(t *testing.T) {
	here, _ := attach(t)
	there, _ := attach(t)
	one, _ := volume(t, group+"bbb", here, 0)
	two, _ := volume(t, group+"ccc", there, 0)
	for _, node := range []string{here, there} {
		var kept *release.KeptError
		_, err := release.Find(drive.Host(), resolve(t, drive.Host(), node), drive.Writing)
		if !errors.As(err, &kept) {
			t.Errorf("%s: got %v", node, err)
		}
	}
	if !listed(t, one) || !listed(t, two) {
		t.Error("a volume was taken down")
	}
}

// TestRealVolumeReplaced: a volume that took the place and the name of the one
// that was agreed to stays.
func TestRealVolumeReplaced(t *testing.T) {
	node, _ := attach(t)
	name, _ := volume(t, "CRYPT-LUKS2-panoscrub-aaa", node, 0)
	plan := find(t, node)
	testtool.Run(t, "", "dmsetup", "remove", "--retry", name)
	create(t, name, "CRYPT-LUKS2-panoscrub-new", node, 0)
	if err := plan.Do(context.Background()); err != nil {
		t.Error(err)
	}
	if !listed(t, name) {
		t.Error("it was closed")
	}
}

// TestRealVolumeChecked: right before it is removed, a volume is compared with what
// was found out about it.
func TestRealVolumeChecked(t *testing.T) {
	node, _ := attach(t)
	name, _ := volume(t, "CRYPT-LUKS2-panoscrub-aaa", node, 0)
	found := find(t, node).Steps[0].On
	for what, change := range map[string]func(*drive.Standing){
		"number": func(on *drive.Standing) { on.Number = "7:7" },
		"name":   func(on *drive.Standing) { on.Name += "x" },
		"UUID":   func(on *drive.Standing) { on.UUID += "x" },
		"none":   func(on *drive.Standing) { on.UUID = "" },
		"long":   func(on *drive.Standing) { on.UUID = strings.Repeat("x", 129) },
	} {
		on := found
		change(&on)
		if err := release.RemoveVolume(context.Background(), on); err == nil || !listed(t, name) {
			t.Errorf("another %s: got %v; still there: %v", what, err, listed(t, name))
		}
	}
	if err := release.RemoveVolume(context.Background(), found); err != nil || listed(t, name) {
		t.Errorf("as it is: got %v; still there: %v", err, listed(t, name))
	}
}

// TestRealOtherMaps: a volume that is neither encrypted nor LVM's stays.
func TestRealOtherMaps(t *testing.T) {
	node, _ := attach(t)
	name, _ := volume(t, "mpath-panoscrub-aaa", node, 0)
	var kept *release.KeptError
	if _, err := release.Find(drive.Host(), resolve(t, drive.Host(), node), drive.Writing); !errors.As(err, &kept) {
		t.Errorf("got %v", err)
	}
	if !listed(t, name) {
		t.Error("it was taken down")
	}
}

// TestRealFlushFails: what cannot be written out is said, before anything is
// taken down.
func TestRealFlushFails(t *testing.T) {
	node, _ := attach(t)
	name, path := volume(t, "CRYPT-LUKS2-panoscrub-aaa", node, 0)
	makeFS(t, "ext4", path)
	point := mount(t, path, t.TempDir())
	if err := os.WriteFile(filepath.Join(point, "file"), []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, "", "dmsetup", "suspend", "--nolockfs", "--noflush", name)
	testtool.Run(t, "", "dmsetup", "reload", name, "--table", "0 32760 error\n32760 8 linear "+node+" 32760")
	testtool.Run(t, "", "dmsetup", "resume", name)
	err := find(t, node).Do(context.Background())
	var step *release.StepError
	if !errors.As(err, &step) || !errors.Is(err, unix.EIO) || len(step.Done) > 0 || !mounted(t, point) {
		t.Errorf("got %v; still mounted: %v", err, mounted(t, point))
	}
}

// TestRealStalled: the operator can leave while a drive does not answer.
func TestRealStalled(t *testing.T) {
	node, _ := attach(t)
	name, path := volume(t, "CRYPT-LUKS2-panoscrub-aaa", node, 0)
	makeFS(t, "ext4", path)
	point := mount(t, path, t.TempDir())
	if err := os.WriteFile(filepath.Join(point, "file"), []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	plan := find(t, node)
	testtool.Run(t, "", "dmsetup", "suspend", "--nolockfs", "--noflush", name)
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if err := plan.Do(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	testtool.Run(t, "", "dmsetup", "resume", name)
	if err := find(t, node).Do(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustBeFree(t, node)
}

// TestRealCryptsetup: what cryptsetup opened is closed, and opens again.
func TestRealCryptsetup(t *testing.T) {
	needMapper(t)
	testtool.Need(t, "cryptsetup")
	node, _ := attach(t)
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("a key for tests"), 0o600); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("panoscrub-%d", os.Getpid())
	open := []string{"open", "--type", "luks", "--key-file", key, node, name}
	testtool.Run(t, "", "cryptsetup", "luksFormat", "--batch-mode", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", node, key)
	if out, err := testtool.Try(t, "cryptsetup", open...); err != nil {
		t.Skipf("NOT RUN: cryptsetup cannot open a volume here: %v: %s", err, out)
	}
	t.Cleanup(func() { testtool.Run(t, "", "cryptsetup", "close", name) })
	if err := find(t, node).Do(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustBeFree(t, node)
	testtool.Run(t, "", "cryptsetup", open...)
}

// TestRealLVM: a group that was deactivated is still one for LVM's own tools.
func TestRealLVM(t *testing.T) {
	needMapper(t)
	testtool.Need(t, "lvm")
	node, _ := attach(t)
	vg := fmt.Sprintf("panoscrub%d", os.Getpid())
	lvm := func(args ...string) string {
		return testtool.Run(t, "", "lvm", append(args, "--config", "devices { filter=[\"a|^"+node+"$|\",\"r|.*|\"] use_devicesfile=0 }")...)
	}
	lvm("pvcreate", node)
	lvm("vgcreate", vg, node)
	for _, name := range []string{"a-b", "two"} {
		lvm("lvcreate", "--zero", "n", "--wipesignatures", "n", "--name", name, "--size", "16M", vg)
	}
	t.Cleanup(func() { lvm("vgchange", "-an", vg) })
	plan := find(t, node)
	if len(plan.Steps) != 2 {
		t.Errorf("got %q", sentences(plan.Steps))
	}
	if err := plan.Do(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustBeFree(t, node)
	lvm("vgchange", "-ay", vg)
	if out := lvm("lvs", "--noheadings", "-o", "lv_name,lv_active", vg); strings.Count(out, " active") != 2 {
		t.Errorf("LVM says %q", out)
	}
}
