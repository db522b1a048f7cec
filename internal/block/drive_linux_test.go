package block_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"golang.org/x/sys/unix"
)

// needLoop skips a test where no loop device can be had.
func needLoop(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: loop devices need root")
	}
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		t.Skip("NOT RUN: loop devices need /dev/loop-control")
	}
	if _, err := exec.LookPath("losetup"); err != nil {
		t.Skip("NOT RUN: loop devices need losetup")
	}
}

// attach makes a block device of a file, with losetup's options, until the test
// ends.
func attach(t *testing.T, image string, options ...string) string {
	t.Helper()
	needLoop(t)
	out, err := exec.Command("losetup", append(options, "--find", "--show", image)...).CombinedOutput()
	if err != nil {
		t.Fatalf("losetup: %v: %s", err, out)
	}
	node := strings.TrimSpace(string(out))
	t.Cleanup(func() {
		if out, err := exec.Command("losetup", "--detach", node).CombinedOutput(); err != nil {
			t.Errorf("detaching %s: %v: %s", node, err, out)
		}
	})
	return node
}

func mustOpenDrive(t *testing.T, node string, mode block.Mode) block.Device {
	t.Helper()
	dev, err := block.OpenDrive(node, mode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	return dev
}

func TestDrive(t *testing.T) { testDrive(t, mustOpenDrive) }

// testDrive has the conformance suite judge drives that open opens.
func testDrive(t *testing.T, open func(*testing.T, string, block.Mode) block.Device) {
	needLoop(t)
	for _, sector := range []int64{512, 4096} {
		t.Run(fmt.Sprint(sector), func(t *testing.T) {
			nodes := map[int64]string{} // by size; each test writes all of what it reads
			blocktest.Run(t, func(sub *testing.T, size int64) block.Device {
				size = (size + sector - 1) / sector * sector
				if nodes[size] == "" {
					nodes[size] = attach(t, file(t, t.TempDir(), make([]byte, size)), "--sector-size", fmt.Sprint(sector))
				}
				dev := open(sub, nodes[size], block.ReadWrite)
				if dev.SectorSize() != int(sector) || !dev.BypassesHostCache() {
					sub.Errorf("sectors of %d, past the cache: %v", dev.SectorSize(), dev.BypassesHostCache())
				}
				return dev
			})
		})
	}
}

func TestDriveReadOnly(t *testing.T) {
	want := noise(300 * 512)
	node := attach(t, file(t, t.TempDir(), want), "--read-only")
	if _, err := block.OpenDrive(node, block.ReadWrite); !errors.Is(err, block.ErrReadOnly) {
		t.Errorf("a write-protected drive opened for writing: %v", err)
	}
	blocktest.RunReadOnly(t, mustOpenDrive(t, node, block.ReadOnly), want)
}

// TestDriveReachesTheMedium looks at the file behind a loop device, and at how
// often the kernel asked the drive to empty its cache.
func TestDriveReachesTheMedium(t *testing.T) {
	path := file(t, t.TempDir(), make([]byte, 1<<20))
	node := attach(t, path)
	dev := mustOpenDrive(t, node, block.ReadWrite)
	want := noise(1 << 20)
	if _, err := dev.WriteAt(want, 0); err != nil {
		t.Fatal(err)
	}
	before := flushes(t, node)
	if err := dev.Sync(); err != nil {
		t.Fatal(err)
	}
	if n := flushes(t, node) - before; n < 1 {
		t.Errorf("%d flushes", n)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%v; as written: %v", err, bytes.Equal(got, want))
	}
}

// flushes is how many flush requests a drive has completed: the sixteenth field
// of its stat file since Linux 5.5.
func flushes(t *testing.T, node string) (n int) {
	t.Helper()
	text, err := os.ReadFile("/sys/block/" + filepath.Base(node) + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(text))
	if len(fields) < 17 {
		t.Skip("NOT RUN: this kernel does not count flushes")
	}
	if _, err := fmt.Sscan(fields[15], &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDriveRefused(t *testing.T) {
	path := file(t, t.TempDir(), noise(4096))
	for name, want := range map[string]error{
		path:               block.ErrNotDrive,
		filepath.Dir(path): block.ErrNotDrive,
		os.DevNull:         block.ErrNotDrive,
		path + ".none":     fs.ErrNotExist,
	} {
		for _, mode := range []block.Mode{block.ReadOnly, block.ReadWrite} {
			if _, err := block.OpenDrive(name, mode); !errors.Is(err, want) {
				t.Errorf("%s (mode %d): %v, want %v", name, mode, err, want)
			}
		}
	}
}

// TestDriveBusy tries a drive in all the ways in which it can be in use.
func TestDriveBusy(t *testing.T) {
	node := attach(t, file(t, t.TempDir(), noise(1<<20)))
	for _, mode := range []block.Mode{block.ReadOnly, block.ReadWrite} {
		dev := mustOpenDrive(t, node, mode)
		for _, second := range []block.Mode{block.ReadOnly, block.ReadWrite} {
			if _, err := block.OpenDrive(node, second); !errors.Is(err, block.ErrBusy) {
				t.Errorf("mode %d while open in mode %d: %v", second, mode, err)
			}
		}
		if err := dev.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDriveMounted tries to open a drive that is mounted, and to mount one that
// is open.
func TestDriveMounted(t *testing.T) {
	if _, err := exec.LookPath("mke2fs"); err != nil {
		t.Skip("NOT RUN: mke2fs is missing")
	}
	path, point := file(t, t.TempDir(), make([]byte, 8<<20)), t.TempDir()
	if out, err := exec.Command("mke2fs", "-q", path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	node := attach(t, path)
	if err := unix.Mount(node, point, "ext2", 0, ""); err != nil {
		t.Skipf("NOT RUN: cannot mount an ext2 file system here: %v", err)
	}
	for _, mode := range []block.Mode{block.ReadOnly, block.ReadWrite} {
		if _, err := block.OpenDrive(node, mode); !errors.Is(err, block.ErrBusy) {
			t.Errorf("mode %d of a mounted drive: %v", mode, err)
		}
	}
	if err := unix.Unmount(point, 0); err != nil {
		t.Fatal(err)
	}
	mustOpenDrive(t, node, block.ReadWrite)
	if err := unix.Mount(node, point, "ext2", 0, ""); !errors.Is(err, unix.EBUSY) {
		t.Errorf("mounting an open drive: %v", err)
		unix.Unmount(point, 0)
	}
}

// TestDriveLocked opens a drive while somebody holds a lock on it as udev does:
// for a moment, and for good.
func TestDriveLocked(t *testing.T) {
	t.Parallel() // most of it is waiting
	node := attach(t, file(t, t.TempDir(), noise(1<<20)))
	other, err := os.Open(node)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	fd := int(other.Fd())
	if err := unix.Flock(fd, unix.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	mustOpenDrive(t, node, block.ReadOnly).Close() // a shared lock does not disturb
	if _, err := block.OpenDrive(node, block.ReadWrite); !errors.Is(err, block.ErrBusy) {
		t.Errorf("locked for good: %v", err)
	}
	time.AfterFunc(300*time.Millisecond, func() { unix.Flock(fd, unix.LOCK_UN) })
	mustOpenDrive(t, node, block.ReadWrite)
	if err := unix.Flock(fd, unix.LOCK_SH|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
		t.Errorf("udev's lock on an open drive: %v", err)
	}
}

// TestDrivePartition: a partition is no drive, and a drive with one in use is busy.
func TestDrivePartition(t *testing.T) {
	// With --partscan the kernel drops the partition again when it detaches.
	node := attach(t, file(t, t.TempDir(), make([]byte, 4<<20)), "--partscan")
	if out, err := exec.Command("addpart", node, "1", "2048", "4096").CombinedOutput(); err != nil {
		t.Skipf("NOT RUN: addpart does not work here: %v: %s", err, out)
	}
	part := node + "p1"
	if _, err := os.Stat(part); err != nil {
		t.Skipf("NOT RUN: nobody makes device nodes here: %v", err)
	}
	_, err := block.OpenDrive(part, block.ReadOnly)
	if !errors.Is(err, block.ErrNotDrive) || !strings.Contains(err.Error(), "partition") {
		t.Errorf("a partition: %v", err)
	}
	held, err := os.OpenFile(part, os.O_RDONLY|unix.O_EXCL, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if _, err := block.OpenDrive(node, block.ReadWrite); !errors.Is(err, block.ErrBusy) {
		t.Errorf("a drive whose partition is held: %v", err)
	}
}

// TestDriveCheck changes in turn what the name, the descriptor and the kernel say
// about a drive.
func TestDriveCheck(t *testing.T) {
	needLoop(t)
	for _, test := range []struct {
		name   string
		change func(t *testing.T, link, node, image string) error
		want   error
	}{
		{"nothing", func(*testing.T, string, string, string) error { return nil }, nil},
		{"name removed", func(_ *testing.T, link, _, _ string) error { return os.Remove(link) }, block.ErrGone},
		{"another drive under the name", func(t *testing.T, link, _, image string) error {
			return errors.Join(os.Remove(link), os.Symlink(attach(t, image), link))
		}, block.ErrChanged},
		{"a file under the name", func(_ *testing.T, link, _, image string) error {
			return errors.Join(os.Remove(link), os.Symlink(image, link))
		}, block.ErrChanged},
		{"another size", func(_ *testing.T, _, node, image string) error {
			return errors.Join(os.Truncate(image, 2<<20), exec.Command("losetup", "--set-capacity", node).Run())
		}, block.ErrChanged},
		{"no bytes any more", func(_ *testing.T, _, node, image string) error {
			return errors.Join(os.Truncate(image, 0), exec.Command("losetup", "--set-capacity", node).Run())
		}, block.ErrGone},
		{"another medium of the same size", changeMedium, block.ErrChanged},
	} {
		t.Run(test.name, func(t *testing.T) {
			image := file(t, t.TempDir(), noise(1<<20))
			node := attach(t, image, "--read-only")
			link := filepath.Join(t.TempDir(), "stick")
			if err := os.Symlink(node, link); err != nil {
				t.Fatal(err)
			}
			dev := mustOpenDrive(t, link, block.ReadOnly)
			if err := test.change(t, link, node, image); err != nil {
				t.Fatal(err)
			}
			if err := dev.Check(); !errors.Is(err, test.want) {
				t.Errorf("Check: %v, want %v", err, test.want)
			}
		})
	}
}

const loopChangeFD = 0x4C06 // LOOP_CHANGE_FD of linux/loop.h

// changeMedium puts another file behind a loop device, which the kernel takes for
// another disk.
func changeMedium(t *testing.T, _, node, image string) error {
	loop, err := os.Open(node)
	if err != nil {
		return err
	}
	defer loop.Close()
	other, err := os.Open(file(t, t.TempDir(), noise(1<<20)))
	if err != nil {
		return err
	}
	defer other.Close()
	return unix.IoctlSetInt(int(loop.Fd()), loopChangeFD, int(other.Fd()))
}

// TestDriveFails tells a place that cannot be read from a drive that is gone.
func TestDriveFails(t *testing.T) {
	image := file(t, t.TempDir(), noise(1<<20))
	node := attach(t, image)
	dev := mustOpenDrive(t, node, block.ReadWrite)
	if err := os.Truncate(image, 512<<10); err != nil { // the device keeps its size
		t.Fatal(err)
	}
	buf := block.Buffer(64 << 10)
	if _, err := dev.ReadAt(buf, 0); err != nil {
		t.Errorf("what is there: %v", err)
	}
	_, err := dev.ReadAt(buf, 768<<10)
	if !errors.Is(err, syscall.EIO) || errors.Is(err, block.ErrGone) || errors.Is(err, block.ErrChanged) {
		t.Errorf("a place that cannot be read: %v", err)
	}
	if err := errors.Join(os.Truncate(image, 0), exec.Command("losetup", "--set-capacity", node).Run()); err != nil {
		t.Fatal(err)
	}
	// As with a drive that was pulled: the kernel takes its bytes away.
	if _, err := dev.ReadAt(buf, 0); !errors.Is(err, block.ErrGone) {
		t.Errorf("reading from a drive without bytes: %v", err)
	}
	if n, err := dev.WriteAt(buf, 0); n != 0 || !errors.Is(err, block.ErrGone) {
		t.Errorf("writing to a drive without bytes: %d, %v", n, err)
	}
}

// TestLoopDeviceIsNotReset: the bytes of a loop device are a file's.
func TestLoopDeviceIsNotReset(t *testing.T) {
	dev := mustOpenDrive(t, attach(t, file(t, t.TempDir(), noise(4096))), block.ReadWrite)
	var none *block.NoResetError
	if err := dev.Reset(); !errors.As(err, &none) || !strings.Contains(none.Because, "loop device") {
		t.Errorf("got %v", err)
	}
}

// TestDriveDiskseq compares with what the kernel shows.
func TestDriveDiskseq(t *testing.T) {
	node := attach(t, file(t, t.TempDir(), noise(4096)))
	dev, ok := mustOpenDrive(t, node, block.ReadOnly).(interface{ Diskseq() uint64 })
	if !ok {
		t.Fatal("a drive tells no disk sequence number")
	}
	text, err := os.ReadFile("/sys/block/" + filepath.Base(node) + "/diskseq")
	if err != nil {
		t.Skipf("NOT RUN: this kernel has no disk sequence numbers: %v", err)
	}
	if got := fmt.Sprint(dev.Diskseq()); got != strings.TrimSpace(string(text)) {
		t.Errorf("got %s, the kernel says %s", got, text)
	}
}
