package release_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/release"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// attach makes a loop device of a new image until the test ends.
func attach(t *testing.T) (node, image string) {
	t.Helper()
	testtool.NeedRoot(t)
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		t.Skip("NOT RUN: loop devices need /dev/loop-control")
	}
	image = testtool.Image(t, 64<<20)
	node = strings.TrimSpace(testtool.Run(t, "", "losetup", "--partscan", "--find", "--show", image))
	t.Cleanup(func() {
		// A test that failed may leave mounts, which would keep the device for good.
		for d := resolve(t, drive.Host(), node); len(d.Refusals) > 0; d = resolve(t, drive.Host(), node) {
			if out, err := testtool.Try(t, "umount", "--all-targets", node); err != nil {
				t.Errorf("%v is left: umount: %v: %s", d.Refused(), err, out)
				break
			}
		}
		testtool.Run(t, "", "losetup", "--detach", node)
	})
	return node, image
}

// partitioned is such a device with two partitions.
func partitioned(t *testing.T) (node, image string) {
	t.Helper()
	testtool.Need(t, "sfdisk")
	node, image = attach(t)
	cmd := exec.Command("sfdisk", "--quiet", node)
	cmd.Stdin = strings.NewReader("2048,65535\n67584\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("sfdisk: %v: %s", err, out)
	}
	if _, err := os.Stat(node + "p2"); err != nil {
		t.Skipf("NOT RUN: loop devices have no partitions here: %v", err)
	}
	return node, image
}

// makeFS makes a file system that the kernel can mount.
func makeFS(t *testing.T, kind string, nodes ...string) {
	t.Helper()
	kinds, err := os.ReadFile("/proc/filesystems")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(kinds), "\t"+kind+"\n") {
		t.Skipf("NOT RUN: the kernel cannot mount %s", kind)
	}
	for _, node := range nodes {
		testtool.Run(t, "", "mkfs."+kind, node)
	}
}

// mount mounts with the options of mount(8), the last of which is the place; what
// the test leaves there is taken away at its end.
func mount(t *testing.T, args ...string) (point string) {
	t.Helper()
	point = args[len(args)-1]
	if err := os.MkdirAll(point, 0o755); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, "", "mount", args...)
	t.Cleanup(func() {
		if mounted(t, point) {
			testtool.Run(t, "", "umount", "--recursive", point)
		}
	})
	return point
}

func mounted(t *testing.T, point string) bool {
	t.Helper()
	at, err := release.MountStat(unix.AT_FDCWD, point, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	above, aboveErr := release.MountStat(unix.AT_FDCWD, filepath.Dir(point), 0)
	if err := errors.Join(err, aboveErr); err != nil {
		t.Fatal(err)
	}
	return at.Mnt_id != above.Mnt_id
}

func find(t *testing.T, node string) release.Plan {
	t.Helper()
	plan, err := release.Find(drive.Host(), resolve(t, drive.Host(), node), drive.Writing)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// mustBeFree asks those that have the say: the guards, and the kernel.
func mustBeFree(t *testing.T, node string) {
	t.Helper()
	if err := resolve(t, drive.Host(), node).Refused(); err != nil {
		t.Fatal(err)
	}
	dev, err := block.OpenDrive(node, block.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := dev.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRealMounts: mounts at names that are hard to read, twice, bound to another
// place, over each other and inside of each other.
func TestRealMounts(t *testing.T) {
	for _, kind := range []string{"ext4", "vfat"} {
		t.Run(kind, func(t *testing.T) {
			node, _ := attach(t)
			makeFS(t, kind, node)
			tryMounts(t, node, node, node)
		})
		t.Run(kind+" on partitions", func(t *testing.T) {
			node, _ := partitioned(t)
			makeFS(t, kind, node+"p1", node+"p2")
			tryMounts(t, node, node+"p1", node+"p2")
		})
	}
}

func tryMounts(t *testing.T, node, one, two string) {
	t.Helper()
	base := t.TempDir()
	outer := mount(t, one, filepath.Join(base, "a b\n\t\\040\x1b[31m"))
	inner := mount(t, two, filepath.Join(outer, "inner"))
	mount(t, "--bind", outer, filepath.Join(base, "bound"))
	mount(t, "--bind", inner, filepath.Join(base, "bound"))
	if err := os.WriteFile(filepath.Join(inner, "file"), []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	plan := find(t, node)
	if len(plan.Steps) != 4 || !plan.OnlyUnmounts() {
		t.Errorf("got %q", sentences(plan.Steps))
	}
	if err := plan.Do(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustBeFree(t, node)
	mount(t, "-o", "ro", two, base)
	if got, err := os.ReadFile(filepath.Join(base, "file")); string(got) != "data" {
		t.Errorf("what had been written reads %q, %v", got, err)
	}
}

// TestRealMoved: after a move, the kernel's table gives what lies inside first.
func TestRealMoved(t *testing.T) {
	node, _ := attach(t)
	makeFS(t, "ext4", node)
	base := t.TempDir()
	mount(t, "-t", "tmpfs", "-o", "size=1M", "tmpfs", base) // what is moved must not be shared
	testtool.Run(t, "", "mount", "--make-private", base)
	first := mount(t, node, filepath.Join(base, "first"))
	outer := mount(t, node, filepath.Join(base, "outer"))
	inner := filepath.Join(outer, "inner")
	if err := os.Mkdir(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, "", "mount", "--move", first, inner)
	if err := find(t, node).Do(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustBeFree(t, node)
}

// TestRealWritesNothing: nothing but what unmounting flushes is written, which is
// nothing for a file system that is only read.
func TestRealWritesNothing(t *testing.T) {
	node, image := attach(t)
	makeFS(t, "ext4", node)
	testtool.Run(t, "", "sync", node)
	before, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	mount(t, "-o", "ro,noload", node, t.TempDir())
	if err := find(t, node).Do(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustBeFree(t, node)
	if after, err := os.ReadFile(image); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the drive was written to (%v)", err)
	}
}

// TestRealFileMount: a file can be a mount point, too.
func TestRealFileMount(t *testing.T) {
	node, _ := attach(t)
	makeFS(t, "ext4", node)
	point := mount(t, node, t.TempDir())
	target := filepath.Join(t.TempDir(), "bound")
	for _, path := range []string{target, filepath.Join(point, "file")} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	testtool.Run(t, "", "mount", "--bind", filepath.Join(point, "file"), target)
	if err := find(t, node).Do(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustBeFree(t, node)
}

// start runs a program that waits, until it is stopped or the test ends.
func start(t *testing.T, cmd *exec.Cmd) (stop func()) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			// That it was killed is what it says, and what was meant.
			err := errors.Join(cmd.Process.Kill(), cmd.Wait())
			if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
				t.Error(err)
			}
		}
	}
	t.Cleanup(stop)
	return stop
}

// TestRealBusy: a mount in use stays, with those above it taken down and said to
// be so; those who use it are named; and when they are gone, it goes.
func TestRealBusy(t *testing.T) {
	node, _ := attach(t)
	makeFS(t, "ext4", node)
	point := mount(t, node, filepath.Join(t.TempDir(), "a b"))
	mount(t, node, filepath.Join(point, "inner"))
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip("NOT RUN: sleep is missing")
	}
	program, hostile := filepath.Join(point, "holder"), filepath.Join(t.TempDir(), "\x1b[2Jevil\n")
	testtool.Run(t, "", "cp", "--dereference", sleep, program)
	if err := os.Symlink(sleep, hostile); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(point, "open"))
	if err != nil {
		t.Fatal(err)
	}
	runs, user := exec.Command(program, "600"), exec.Command(hostile, "600")
	user.Dir, user.ExtraFiles = point, []*os.File{file}
	stopRuns, stopUser := start(t, runs), start(t, user)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	plan := find(t, node)
	err = plan.Do(context.Background())
	var busy *release.BusyError
	var step *release.StepError
	if !errors.As(err, &busy) || !errors.As(err, &step) || !errors.Is(err, block.ErrBusy) {
		t.Fatalf("got %v", err)
	}
	if strings.ContainsAny(err.Error(), "\x1b\n") || !strings.Contains(err.Error(), `\x1b[2Jevil\x0a`) {
		t.Errorf("the error is not safe to print: %q", err)
	}
	want := map[int][]string{
		runs.Process.Pid: {"program", "mapped file"},
		user.Process.Pid: {"working directory", "open file"},
	}
	for _, p := range busy.Holders {
		if !slices.Equal(p.How, want[p.PID]) {
			t.Errorf("got %s", p)
		}
		delete(want, p.PID)
	}
	if busy.Point != point || len(want) > 0 || len(step.Done) != 1 {
		t.Errorf("missing %v in %+v; done: %q", want, busy, sentences(step.Done))
	}
	if !mounted(t, point) || mounted(t, filepath.Join(point, "inner")) {
		t.Error("the wrong one was unmounted")
	}
	stopRuns()
	stopUser()
	if err := find(t, node).Do(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustBeFree(t, node)
}

// TestRealChanges: what has changed since the plan was made is found out.
func TestRealChanges(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, point string)
		want   string
	}{
		{"mounted inside", func(t *testing.T, point string) {
			mount(t, "-t", "tmpfs", "tmpfs", filepath.Join(point, "in"))
		}, "has come up meanwhile"},
		{"mounted over it", func(t *testing.T, point string) {
			mount(t, "-t", "tmpfs", "tmpfs", point)
		}, "has come up meanwhile"},
		{"mounted over its folder", func(t *testing.T, point string) {
			mount(t, "-t", "tmpfs", "tmpfs", filepath.Dir(point))
			if err := os.Mkdir(point, 0o755); err != nil {
				t.Fatal(err)
			}
		}, "mounted over it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			node, _ := attach(t)
			makeFS(t, "ext4", node)
			point := mount(t, node, filepath.Join(t.TempDir(), "point"))
			plan := find(t, node)
			t.Run("", func(t *testing.T) {
				c.change(t, point)
				if err := plan.Do(context.Background()); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v", err)
				}
			})
			if !mounted(t, point) {
				t.Error("it was unmounted")
			}
		})
	}
}

// TestRealRenamed: a mount whose folder got another name is found under that one,
// and what took its old name stays.
func TestRealRenamed(t *testing.T) {
	node, _ := attach(t)
	makeFS(t, "ext4", node)
	base := t.TempDir()
	mount(t, node, filepath.Join(base, "old", "point"))
	plan := find(t, node)
	if err := os.Rename(filepath.Join(base, "old"), filepath.Join(base, "new")); err != nil {
		t.Fatal(err)
	}
	other := mount(t, "-t", "tmpfs", "tmpfs", filepath.Join(base, "old", "point"))
	if err := plan.Do(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !mounted(t, other) {
		t.Error("another file system was unmounted")
	}
	mustBeFree(t, node)
}

// TestRealGone: what somebody else unmounted meanwhile is passed over.
func TestRealGone(t *testing.T) {
	node, _ := attach(t)
	makeFS(t, "ext4", node)
	point := mount(t, node, t.TempDir())
	plan := find(t, node)
	testtool.Run(t, "", "umount", point)
	if err := plan.Do(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustBeFree(t, node)
}

func TestRealCancelled(t *testing.T) {
	node, _ := attach(t)
	makeFS(t, "ext4", node)
	point := mount(t, node, t.TempDir())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := find(t, node).Do(ctx); !errors.Is(err, context.Canceled) || !mounted(t, point) {
		t.Errorf("got %v; still mounted: %v", err, mounted(t, point))
	}
}

// TestRealOurs: the file system with what this program needs stays.
func TestRealOurs(t *testing.T) {
	node, _ := attach(t)
	makeFS(t, "ext4", node)
	s := drive.Host()
	s.Own = []drive.Place{{What: "the state folder", Path: mount(t, node, t.TempDir())}}
	var refused *drive.RefusedError
	if _, err := release.Find(s, resolve(t, s, node), drive.Writing); !errors.As(err, &refused) {
		t.Errorf("got %v", err)
	}
}
