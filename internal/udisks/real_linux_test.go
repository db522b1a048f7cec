package udisks_test

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/testtool"
	"github.com/panoscrub/panoscrub/internal/udisks"
	"github.com/panoscrub/panoscrub/internal/udisks/udiskstest"
)

// TestReal has the real service open a drive, for root and for nobody.
func TestReal(t *testing.T) {
	image := testtool.Image(t, 8<<20)
	node := loopDevice(t, image)
	udiskstest.RealService(t, node, "")
	s := dial(t)
	for _, mode := range []block.Mode{block.ReadOnly, block.ReadWrite} {
		f, err := s.Open(t.Context(), node, mode)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Open(t.Context(), node, mode); !errors.Is(err, block.ErrBusy) {
			t.Errorf("a drive that is held, once more in mode %d: %v", mode, err)
		}
		dev, err := block.AdoptDrive(f, node, mode)
		if err != nil {
			t.Fatal(err)
		}
		if mode == block.ReadWrite {
			mustWrite(t, dev, image)
		}
		if err := dev.Close(); err != nil {
			t.Fatal(err)
		}
	}
	mustBeFree(t, node)
	if _, err := s.Open(t.Context(), image, block.ReadOnly); !errors.Is(err, udisks.ErrUnknown) {
		t.Errorf("a file: %v", err)
	}
	asNobody(t, func() {
		nobody, err := udisks.Dial(t.Context())
		if err != nil {
			t.Error(err)
			return
		}
		defer nobody.Close()
		if _, err := nobody.Open(t.Context(), node, block.ReadOnly); !errors.Is(err, udisks.ErrDenied) {
			t.Errorf("for nobody: %v", err)
		}
	})
}

// mustWrite writes through a drive to the file behind it.
func mustWrite(t *testing.T, dev block.Device, image string) {
	t.Helper()
	p := block.Buffer(dev.Alignment())
	copy(p, "written through UDisks2")
	if _, err := dev.WriteAt(p, 0); err != nil {
		t.Fatal(err)
	}
	if err := dev.Sync(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(image); err != nil || !strings.HasPrefix(string(got), "written through UDisks2") {
		t.Errorf("%.30q, %v", got, err)
	}
}

// TestRealUnmount has the real service unmount a file system that is in use, then not.
func TestRealUnmount(t *testing.T) {
	image, point := testtool.Image(t, 8<<20), t.TempDir()
	testtool.Run(t, "", "mke2fs", "-q", "-F", image)
	node := loopDevice(t, image)
	root := udiskstest.RealService(t, node, point)
	s := dial(t)
	if _, err := s.Open(t.Context(), node, block.ReadWrite); !errors.Is(err, block.ErrBusy) {
		t.Errorf("opening a mounted drive: %v", err)
	}
	inside, err := os.Open(root + point + "/lost+found")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Unmount(t.Context(), node); !errors.Is(err, block.ErrBusy) {
		t.Errorf("unmounting what is in use: %v", err)
	}
	inside.Close()
	if os.Getenv("PANOSCRUB_E2E") == "" {
		t.Skip("NOT RUN: unmounting what is not in use takes the service 20 s where no udev runs; \"make e2e\" has the time")
	}
	for range 2 { // the second time there is nothing to do
		if err := s.Unmount(t.Context(), node); err != nil {
			t.Fatal(err)
		}
	}
	mustBeFree(t, node)
}

// asNobody runs what with a thread of its own, that is the user nobody from then on.
func asNobody(t *testing.T, what func()) {
	t.Helper()
	const nobody = 65534
	done := make(chan bool)
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		if _, _, errno := syscall.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, nobody); errno != 0 {
			t.Errorf("becoming nobody: %v", errno)
			return
		}
		what()
	}()
	<-done
}
