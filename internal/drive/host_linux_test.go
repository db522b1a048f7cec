package drive_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/panoscrub/panoscrub/internal/drive"
)

// command runs a program of the system, and skips the test where it cannot.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: loop devices need root")
	}
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("NOT RUN: %s is missing", name)
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Skipf("NOT RUN: %s %s does not work here: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// attach makes an image and a loop device on it.
func attach(t *testing.T, flags ...string) (node, image string) {
	t.Helper()
	image = filepath.Join(t.TempDir(), "stick.img")
	writeFile(t, image, "")
	if err := os.Truncate(image, 16<<20); err != nil {
		t.Fatal(err)
	}
	node = command(t, "losetup", append(flags, "--find", "--show", image)...)
	t.Cleanup(func() {
		if out, err := exec.Command("losetup", "--detach", node).CombinedOutput(); err != nil {
			t.Errorf("detaching %s: %v: %s", node, err, out)
		}
	})
	return node, image
}

// TestUnwritableImage: an image that this user may not write is refused for
// writing, and may be looked at. Root may write whatever its mode says, but not an
// immutable file.
func TestUnwritableImage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stick.img")
	writeFile(t, path, "x")
	if os.Geteuid() != 0 {
		if err := os.Chmod(path, 0o466); err != nil {
			t.Fatal(err)
		}
	} else {
		command(t, "chattr", "+i", path)
		t.Cleanup(func() { command(t, "chattr", "-i", path) })
	}
	d := resolve(t, drive.Host(), path)
	if err := d.RefusedFor(drive.Reading); err != nil || !slices.Equal(reasons(d), []drive.Reason{drive.ReasonReadOnly}) {
		t.Errorf("refused for %v; looking: %v", reasons(d), err)
	}
}

// TestRealLoop tries the guards on the kernel that runs the tests.
func TestRealLoop(t *testing.T) {
	s := drive.Host()
	node, image := attach(t)
	d := resolve(t, s, node)
	if err := d.Refused(); err != nil {
		t.Fatal(err)
	}
	if d.Path != node || d.Identity.Kind != drive.KindLoop || d.Identity.SizeBytes != 16<<20 || d.Identity.LogicalSectorBytes != 512 ||
		d.Identity.Name != "stick.img" || d.Attachment.Backing != image || d.Attachment.Diskseq == "" {
		t.Errorf("got %+v", d)
	}
	if err := s.Same(d); err != nil {
		t.Error(err)
	}
	if got := reasons(resolve(t, s, image)); !slices.Equal(got, []drive.Reason{drive.ReasonAlias}) {
		t.Errorf("the image behind %s is refused for %v", node, got)
	}
	link := filepath.Join(t.TempDir(), "link")
	symlink(t, node, link)
	if got := reasons(resolve(t, s, link)); !slices.Equal(got, []drive.Reason{drive.ReasonAlias}) {
		t.Errorf("a link to %s is refused for %v", node, got)
	}
	if err := os.Remove(image); err != nil {
		t.Fatal(err)
	}
	if got := reasons(resolve(t, s, node)); !slices.Equal(got, []drive.Reason{drive.ReasonUnknown}) {
		t.Errorf("without its image, %s is refused for %v", node, got)
	}
}

// TestRealLoopAttachedAnew: the same node with the same image, detached and
// attached in between, is not the same drive.
func TestRealLoopAttachedAnew(t *testing.T) {
	node, image := attach(t)
	d := resolve(t, drive.Host(), node)
	command(t, "losetup", "--detach", node)
	command(t, "losetup", node, image)
	if err := drive.Host().Same(d); err == nil {
		t.Error("taken for the same")
	}
}

func TestRealReadOnlyLoop(t *testing.T) {
	node, _ := attach(t, "--read-only")
	if got := reasons(resolve(t, drive.Host(), node)); !slices.Equal(got, []drive.Reason{drive.ReasonReadOnly}) {
		t.Errorf("refused for %v", got)
	}
}

func TestRealMount(t *testing.T) {
	node, _ := attach(t)
	point := filepath.Join(t.TempDir(), "a b")
	if err := os.Mkdir(point, 0o755); err != nil {
		t.Fatal(err)
	}
	mountAny(t, node, point)
	d := resolve(t, drive.Host(), node)
	if len(d.Refusals) != 1 || d.Refusals[0].Reason != drive.ReasonMounted || !slices.Equal(d.Refusals[0].About, []string{point}) {
		t.Errorf("refused for %+v", d.Refusals)
	}
	writeFile(t, point+"/inner.img", "x")
	if err := resolve(t, drive.Host(), point+"/inner.img").Refused(); err != nil {
		t.Errorf("an image on a loop device: %v", err)
	}
}

// mountAny mounts a device with the first file system that the kernel and the
// tools at hand can do, and has it unmounted at the end.
func mountAny(t *testing.T, node, point string) {
	t.Helper()
	var tried []string
	for _, mkfs := range []string{"mkfs.vfat", "mkfs.ext4", "mkfs.ext2"} {
		if out, err := exec.Command(mkfs, node).CombinedOutput(); err != nil {
			tried = append(tried, mkfs+": "+err.Error()+" "+string(out))
			continue
		}
		out, err := exec.Command("mount", node, point).CombinedOutput()
		if err != nil {
			tried = append(tried, "mount after "+mkfs+": "+string(out))
			continue
		}
		t.Cleanup(func() {
			if out, err := exec.Command("umount", point).CombinedOutput(); err != nil {
				t.Errorf("unmounting %s: %v: %s", point, err, out)
			}
		})
		return
	}
	t.Skipf("NOT RUN: no file system can be mounted here: %s", strings.Join(tried, "; "))
}

func TestRealSwap(t *testing.T) {
	node, _ := attach(t)
	command(t, "mkswap", node)
	command(t, "swapon", "--priority", "0", node)
	t.Cleanup(func() {
		if out, err := exec.Command("swapoff", node).CombinedOutput(); err != nil {
			t.Errorf("swapoff %s: %v: %s", node, err, out)
		}
	})
	if got := reasons(resolve(t, drive.Host(), node)); !slices.Equal(got, []drive.Reason{drive.ReasonSwap}) {
		t.Errorf("refused for %v", got)
	}
}

// TestRealLoopOnLoop: a loop device on a loop device holds it, which the kernel
// does not say in its list of holders.
func TestRealLoopOnLoop(t *testing.T) {
	below, _ := attach(t)
	above := command(t, "losetup", "--find", "--show", below)
	t.Cleanup(func() {
		if out, err := exec.Command("losetup", "--detach", above).CombinedOutput(); err != nil {
			t.Errorf("detaching %s: %v: %s", above, err, out)
		}
	})
	if got := reasons(resolve(t, drive.Host(), below)); !slices.Equal(got, []drive.Reason{drive.ReasonHeld}) {
		t.Errorf("%s is refused for %v", below, got)
	}
	if got := reasons(resolve(t, drive.Host(), above)); !slices.Equal(got, []drive.Reason{drive.ReasonAlias}) {
		t.Errorf("%s is refused for %v", above, got)
	}
}

// TestHost: the disk that this machine runs from is refused as such, for looking
// as well, and so is every disk of a kind that is not handled.
func TestHost(t *testing.T) {
	drives, err := drive.Host().List()
	if err != nil {
		t.Skipf("NOT RUN: the drives of this machine cannot be listed: %v", err)
	}
	system := 0
	for _, d := range drives {
		if d.Identity.Kind == drive.KindOther && d.Refused() == nil {
			t.Errorf("%s (%s) is not refused", d.Path, d.Name())
		}
		if slices.Contains(reasons(d), drive.ReasonSystem) && d.RefusedFor(drive.Reading) != nil {
			system++
		}
	}
	info, err := os.Stat("/")
	if err != nil {
		t.Fatal(err)
	}
	onDisk := unix.Major(info.Sys().(*syscall.Stat_t).Dev) != 0
	if onDisk && system == 0 {
		t.Errorf("none of %d drives is refused as the one that the system runs from", len(drives))
	}
	if !onDisk {
		t.Skip("NOT RUN: the root of this machine lies on no disk of its own, so none can be recognised as the system's")
	}
}

// mountExt4 makes an ext4 file system and mounts it, until detach or the end.
func mountExt4(t *testing.T, node string) (point string, detach func()) {
	t.Helper()
	command(t, "mkfs.ext4", "-q", node)
	point = t.TempDir()
	command(t, "mount", "-t", "ext4", node, point)
	mounted := true
	detach = func() {
		if mounted {
			mounted = false
			if out, err := exec.Command("umount", "--lazy", point).CombinedOutput(); err != nil {
				t.Errorf("detaching %s: %v: %s", point, err, out)
			}
		}
	}
	t.Cleanup(detach)
	return point, detach
}

// TestRealOwn: the drive under a place of this program's is found by what the
// kernel says of the place, even when the mount table has forgotten it.
func TestRealOwn(t *testing.T) {
	node, _ := attach(t)
	point, detach := mountExt4(t, node)
	state, err := os.Open(point)
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	s := drive.Host()
	s.Own = []drive.Place{{What: "the state folder", Path: fmt.Sprintf("/proc/self/fd/%d", state.Fd())}}
	if got, want := reasons(resolve(t, s, node)), []drive.Reason{drive.ReasonOwn, drive.ReasonMounted}; !slices.Equal(got, want) {
		t.Errorf("refused for %v, want %v", got, want)
	}
	detach()
	if got, want := reasons(resolve(t, s, node)), []drive.Reason{drive.ReasonOwn, drive.ReasonHidden}; !slices.Equal(got, want) {
		t.Errorf("detached, it is refused for %v, want %v", got, want)
	}
}

func TestRealSwapFile(t *testing.T) {
	node, _ := attach(t)
	point, _ := mountExt4(t, node)
	file := filepath.Join(point, "swap file")
	writeFile(t, file, strings.Repeat("x", 1<<20))
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, "mkswap", file)
	command(t, "swapon", file)
	t.Cleanup(func() { // runs before the detaching
		if out, err := exec.Command("swapoff", file).CombinedOutput(); err != nil {
			t.Errorf("swapoff: %v: %s", err, out)
		}
	})
	d := resolve(t, drive.Host(), node)
	if !slices.Equal(reasons(d), []drive.Reason{drive.ReasonMounted, drive.ReasonSwap}) || d.Refusals[1].About[0] != file {
		t.Errorf("refused for %+v", d.Refusals)
	}
}

// TestRealLoopOnFile: a drive with a file that a loop device uses is held by it.
func TestRealLoopOnFile(t *testing.T) {
	node, _ := attach(t)
	point, _ := mountExt4(t, node)
	inner := filepath.Join(point, "inner.img")
	writeFile(t, inner, strings.Repeat("x", 1<<20))
	above := command(t, "losetup", "--find", "--show", inner)
	t.Cleanup(func() { command(t, "losetup", "--detach", above) })
	if got, want := reasons(resolve(t, drive.Host(), node)), []drive.Reason{drive.ReasonMounted, drive.ReasonHeld}; !slices.Equal(got, want) {
		t.Errorf("refused for %v, want %v", got, want)
	}
}
