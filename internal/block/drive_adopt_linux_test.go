package block_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"golang.org/x/sys/unix"
)

// handedOver opens a node as another program would.
func handedOver(t *testing.T, node string, flags int) *os.File {
	t.Helper()
	f, err := os.OpenFile(node, flags, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestAdoptedDrive(t *testing.T) {
	testDrive(t, func(t *testing.T, node string, mode block.Mode) block.Device {
		dev, err := block.AdoptDrive(handedOver(t, node, os.O_RDWR|unix.O_EXCL), node, mode)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { dev.Close() })
		return dev
	})
}

func TestAdoptedDriveReadOnly(t *testing.T) {
	want := noise(300 * 512)
	node := attach(t, file(t, t.TempDir(), want), "--read-only")
	dev, err := block.AdoptDrive(handedOver(t, node, os.O_RDONLY|unix.O_EXCL|unix.O_DIRECT), node, block.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	blocktest.RunReadOnly(t, dev, want)
}

// TestAdoptDriveSettles looks at what adopting makes of a descriptor's flags,
// through another one of the same open file.
func TestAdoptDriveSettles(t *testing.T) {
	node := attach(t, file(t, t.TempDir(), noise(1<<20)))
	f := handedOver(t, node, os.O_RDWR|unix.O_EXCL|unix.O_APPEND|unix.O_NONBLOCK)
	fd := int(f.Fd())
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
		t.Fatal(err)
	}
	dev, err := block.AdoptDrive(f, node, block.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	status, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil || status&(unix.O_DIRECT|unix.O_APPEND|unix.O_NONBLOCK) != unix.O_DIRECT {
		t.Errorf("flags %#o, %v", status, err)
	}
	if own, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || own&unix.FD_CLOEXEC == 0 {
		t.Errorf("a child inherits the drive: %#x, %v", own, err)
	}
	if err := unix.Flock(int(handedOver(t, node, os.O_RDONLY).Fd()), unix.LOCK_SH|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
		t.Errorf("udev's lock on an adopted drive: %v", err)
	}
}

// TestAdoptDriveRefused hands over what is not what was asked for.
func TestAdoptDriveRefused(t *testing.T) {
	image := file(t, t.TempDir(), noise(1<<20))
	node, other := attach(t, image), attach(t, file(t, t.TempDir(), noise(1<<20)))
	protected := attach(t, image, "--read-only")
	for _, test := range []struct {
		name  string
		opens string
		flags int
		path  string
		mode  block.Mode
		want  error
	}{
		{"another drive", other, os.O_RDWR, node, block.ReadWrite, block.ErrChanged},
		{"a file", image, os.O_RDWR, node, block.ReadWrite, block.ErrChanged},
		{"the null device", os.DevNull, os.O_RDWR, node, block.ReadWrite, block.ErrChanged},
		{"under the name of a file", node, os.O_RDWR, image, block.ReadWrite, block.ErrNotDrive},
		{"under no name", node, os.O_RDWR, filepath.Join(t.TempDir(), "none"), block.ReadWrite, os.ErrNotExist},
		{"for reading only", node, os.O_RDONLY, node, block.ReadWrite, block.ErrWrongMode},
		{"for writing only", node, os.O_WRONLY, node, block.ReadWrite, block.ErrWrongMode},
		{"for writing too", node, os.O_RDWR, node, block.ReadOnly, block.ErrWrongMode},
		{"a mere name", node, unix.O_PATH, node, block.ReadOnly, block.ErrWrongMode},
		{"write-protected", protected, os.O_RDONLY, protected, block.ReadWrite, block.ErrWrongMode},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := handedOver(t, test.opens, test.flags)
			if _, err := block.AdoptDrive(f, test.path, test.mode); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if err := f.Close(); !errors.Is(err, os.ErrClosed) {
				t.Errorf("it was left open: %v", err)
			}
		})
	}
	if _, err := block.AdoptDrive(nil, node, block.ReadOnly); !errors.Is(err, os.ErrInvalid) {
		t.Errorf("no file at all: %v", err)
	}
}

// TestAdoptDriveLocked: a drive that somebody else has locked is busy.
func TestAdoptDriveLocked(t *testing.T) {
	t.Parallel() // most of it is waiting
	node := attach(t, file(t, t.TempDir(), noise(1<<20)))
	if err := unix.Flock(int(handedOver(t, node, os.O_RDONLY).Fd()), unix.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	if _, err := block.AdoptDrive(handedOver(t, node, os.O_RDWR), node, block.ReadWrite); !errors.Is(err, block.ErrBusy) {
		t.Errorf("got %v", err)
	}
}
