package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/panoscrub/panoscrub/internal/testtool"
	"github.com/panoscrub/panoscrub/internal/udisks/udiskstest"
)

// mountedStick is a drive with a file system, and how to mount it.
type mountedStick struct {
	t    *testing.T
	node string
}

// newMountedStick makes one of an image in a folder.
func newMountedStick(t *testing.T, dir string) mountedStick {
	t.Helper()
	image := filepath.Join(dir, "stick.img")
	if err := os.WriteFile(image, make([]byte, 32<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	node := attachLoop(t, image, "512")
	testtool.Run(t, "", "mkfs.ext4", "-q", node)
	return mountedStick{t, node}
}

// mount mounts it on a folder below another, which is made.
func (s mountedStick) mount(below string) (point string) {
	s.t.Helper()
	if err := os.MkdirAll(below, 0o755); err != nil {
		s.t.Fatal(err)
	}
	point, err := os.MkdirTemp(below, "panoscrub-test-")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = os.Remove(point) })
	if out, err := testtool.Try(s.t, "mount", "-t", "ext4", s.node, point); err != nil {
		s.t.Skipf("NOT RUN: ext4 cannot be mounted here: %s", out)
	}
	s.t.Cleanup(func() {
		if s.isMounted(point) {
			testtool.Run(s.t, "", "umount", point)
		}
	})
	return point
}

func (s mountedStick) isMounted(point string) bool {
	s.t.Helper()
	table, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.Contains(string(table), " "+point+" ")
}

// refused runs the program, insists on a refusal that leaves the mount, and returns
// what it says.
func (s mountedStick) refused(state, point string, args ...string) string {
	s.t.Helper()
	var stderr bytes.Buffer
	cmd := program(state, args...)
	cmd.Stderr = &stderr
	if code := exitCodeOf(s.t, cmd.Run()); code != 4 || !s.isMounted(point) {
		s.t.Errorf("%q: exit code %d, still mounted: %v\n%s", args, code, s.isMounted(point), &stderr)
	}
	return stderr.String()
}

// TestMountedByDesktop: what the desktop mounted is unmounted, without a question.
func TestMountedByDesktop(t *testing.T) {
	s, state := newMountedStick(t, t.TempDir()), t.TempDir()
	point := s.mount("/media")
	panoscrub(t, state, 0, "inspect", s.node)
	if s.isMounted(point) {
		t.Error("it was inspected while it was mounted")
	}
	point = s.mount("/run/media/somebody")
	panoscrub(t, state, 0, "sanitize", s.node, "--appliance", appliance, "--confirm", confirmToken(t, state, s.node))
	if _, verdict := access(t, onlyRecord(t, state)); s.isMounted(point) || verdict != "PASS" {
		t.Errorf("mounted: %v, verdict %s", s.isMounted(point), verdict)
	}
}

// TestMountedElsewhere: what somebody mounted somewhere is unmounted when the
// operator agrees, and when nobody uses it.
func TestMountedElsewhere(t *testing.T) {
	s, state := newMountedStick(t, t.TempDir()), t.TempDir()
	point := s.mount(t.TempDir())
	confirm := confirmToken(t, state, s.node)
	for _, args := range [][]string{
		{"inspect", s.node},
		{"sanitize", s.node, "--appliance", appliance, "--confirm", confirm},
	} {
		said := s.refused(state, point, args...)
		for _, want := range []string{"to get it free: unmount " + point + " (ext4 on ", "agree to that with --release", "not touched"} {
			if !strings.Contains(said, want) {
				t.Errorf("%q is not in %s", want, said)
			}
		}
	}
	user := exec.Command("sleep", "600")
	user.Dir = point
	if err := user.Start(); err != nil {
		t.Fatal(err)
	}
	said := s.refused(state, point, "inspect", s.node, "--release")
	if !strings.Contains(said, "sleep (") || !strings.Contains(said, "working directory") || !strings.Contains(said, "close what uses it") {
		t.Errorf("it says: %s", said)
	}
	if err := user.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = user.Wait()
	panoscrub(t, state, 0, "inspect", s.node, "--release")
	if s.isMounted(point) {
		t.Error("it was inspected while it was mounted")
	}
}

// TestMountedElsewhereAsks: at a terminal the operator is asked, and yes is yes.
func TestMountedElsewhereAsks(t *testing.T) {
	for answer, code := range map[string]int{"no": 4, "y": 4, "yes": 0} {
		s := newMountedStick(t, t.TempDir())
		point := s.mount(t.TempDir())
		person, tty := terminal(t)
		cmd := program(t.TempDir(), "inspect", s.node)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		screen := make(chan string, 1)
		go func() {
			var seen []byte
			for part := make([]byte, 4096); ; {
				n, err := person.Read(part)
				if seen = append(seen, part[:n]...); err != nil || bytes.Contains(seen, []byte("Type yes")) {
					screen <- string(seen)
					return
				}
			}
		}()
		if seen := <-screen; !strings.Contains(seen, "unmount "+point) {
			t.Errorf("it asks: %s", seen)
		}
		if _, err := person.WriteString(answer + "\n"); err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = person.WriteTo(new(bytes.Buffer)) }() // so that it can go on
		if got := exitCodeOf(t, cmd.Wait()); got != code || s.isMounted(point) != (code != 0) {
			t.Errorf("%q: exit code %d, still mounted: %v", answer, got, s.isMounted(point))
		}
	}
}

// TestHelperUnmounts: the helper does what its user may not.
func TestHelperUnmounts(t *testing.T) {
	u := newUser(t)
	s := newMountedStick(t, u.dir)
	point := s.mount("/media")
	if _, stderr := u.run(0, "inspect", s.node); s.isMounted(point) || !strings.Contains(stderr, "unmount "+point) {
		t.Errorf("mounted: %v; %s", s.isMounted(point), stderr)
	}
	point = s.mount(t.TempDir())
	u.run(4, "inspect", s.node)
	u.run(0, "inspect", s.node, "--release")
	if s.isMounted(point) {
		t.Error("it was inspected while it was mounted")
	}
}

// TestUDisks runs the whole flow at a drive that the real UDisks2 opens, for root,
// to whom it denies nothing.
func TestUDisks(t *testing.T) {
	state := t.TempDir()
	u := newUser(t)
	node := u.stick(64 << 20)
	udiskstest.RealService(t, node, "")
	panoscrub(t, state, 3, "inspect", node, "--access", "udisks")
	panoscrub(t, state, 0, "sanitize", node, "--access", "udisks", "--appliance", appliance, "--confirm", confirmToken(t, state, node))
	record := onlyRecord(t, state)
	if way, verdict := access(t, record); way != "udisks" || verdict != "PASS" {
		t.Errorf("the record says %s by %q", verdict, way)
	}
	panoscrub(t, state, 0, "verify", record, "--drive", node, "--access", "udisks")
}

// TestUDisksDenies: whom UDisks2 may not serve the helper serves, and whoever wants
// UDisks2 alone is told.
func TestUDisksDenies(t *testing.T) {
	u := newUserWith(t, bin)
	node := u.stick(64 << 20)
	udiskstest.RealService(t, node, "")
	u.bus = os.Getenv("DBUS_SYSTEM_BUS_ADDRESS")
	if _, stderr := u.run(4, "inspect", node, "--access", "udisks"); !strings.Contains(stderr, "does not permit it") || !strings.Contains(stderr, "--access helper") {
		t.Errorf("with UDisks2 alone: %s", stderr)
	}
	_, stderr := u.run(0, "sanitize", node, "--appliance", appliance, "--confirm", u.token(node))
	if way, verdict := access(t, onlyRecord(t, u.state)); way != "helper" || verdict != "PASS" || !strings.Contains(stderr, "the helper is asked instead") {
		t.Errorf("the record says %s by %q; %s", verdict, way, stderr)
	}
}
