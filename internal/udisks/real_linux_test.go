package udisks_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/testtool"
	"github.com/panoscrub/panoscrub/internal/udisks"
	"golang.org/x/sys/unix"
)

// beside is a shell script that mounts what is to be mounted and becomes the real
// service. It runs where its mounts, the service's memory and udev's knowledge are its
// own: so it sees the test's drive, on a machine without udev too, and no other.
const beside = `set -e
mount -t tmpfs tmpfs /run
[ ! -d /var/lib/udisks2 ] || mount -t tmpfs tmpfs /var/lib/udisks2
mkdir -p /run/udev/data
printf 'I:1\nE:ID_FS_USAGE=filesystem\nE:ID_FS_TYPE=ext2\n' >"/run/udev/data/b$NUMBER"
[ -z "$POINT" ] || mount "$NODE" "$POINT"
exec "$SERVICE"`

// realService starts the real UDisks2 on a bus of its own. It sees the drive at node,
// and has it mounted at point, which is "" for nowhere. It returns the service's root
// folder.
func realService(t *testing.T, node, point string) (root string) {
	t.Helper()
	program := realProgram(t)
	needMount(t, "-t", "tmpfs", "tmpfs", "/run")
	if point != "" {
		needMount(t, node, point)
	}
	startBus(t, "")
	number, err := os.ReadFile("/sys/block/" + filepath.Base(node) + "/dev")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("unshare", "--mount", "sh", "-c", beside)
	cmd.Env = append(os.Environ(), "NUMBER="+strings.TrimSpace(string(number)), "NODE="+node, "POINT="+point, "SERVICE="+program, "LC_ALL=C")
	start(t, cmd)
	await(t, node)
	return fmt.Sprintf("/proc/%d/root", cmd.Process.Pid)
}

// needMount skips the test where a process cannot have such a mount of its own.
func needMount(t *testing.T, args ...string) {
	t.Helper()
	if out, err := testtool.Try(t, "unshare", append([]string{"--mount", "mount"}, args...)...); err != nil {
		t.Skipf("NOT RUN: there can be no mount of one's own here: mount %q: %s", args, out)
	}
}

func realProgram(t *testing.T) string {
	t.Helper()
	for _, path := range []string{"/usr/libexec/udisks2/udisksd", "/usr/lib/udisks2/udisksd"} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Skip("NOT RUN: udisks2 is not installed")
	return ""
}

// TestReal has the real service open a drive, for root and for nobody.
func TestReal(t *testing.T) {
	image := testtool.Image(t, 8<<20)
	node := loopDevice(t, image)
	realService(t, node, "")
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
	root := realService(t, node, point)
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

// await waits until the service knows the drive.
func await(t *testing.T, node string) {
	t.Helper()
	for again := deadline(t); ; {
		s, err := udisks.Dial(t.Context())
		if err == nil {
			err = s.Lock(t.Context(), node) // which it cannot be
			s.Close()
		}
		if !errors.Is(err, udisks.ErrUnavailable) && !errors.Is(err, udisks.ErrUnknown) {
			return
		}
		again(err)
	}
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
