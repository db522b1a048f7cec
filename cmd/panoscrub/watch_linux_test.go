package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

// startWatch starts "drives --watch", and has it stopped at the end if need be.
func startWatch(t *testing.T, args ...string) (*exec.Cmd, io.Reader) {
	t.Helper()
	cmd := program(t.TempDir(), append([]string{"drives", "--watch"}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // fails when it has ended, as it should
	return cmd, out
}

// TestWatchInterrupted: a watch ends by an interrupt, in order.
func TestWatchInterrupted(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		cmd, out := startWatch(t)
		first, err := bufio.NewReader(out).ReadString('\n')
		if err != nil || first == "" {
			t.Fatalf("%q, %v", first, err)
		}
		if err := cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		if code := exitCodeOf(t, cmd.Wait()); code != 0 {
			t.Errorf("%v: exit code %d, want 0", s, code)
		}
	}
}

// TestWatchLoopDevice: the program tells of a block device of the real kernel that
// is there, is swapped to, and goes.
func TestWatchLoopDevice(t *testing.T) {
	image := filepath.Join(t.TempDir(), "stick.img")
	if err := os.WriteFile(image, make([]byte, 16<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	node := attachLoopOnce(t, image)
	testtool.Run(t, "", "mkswap", node)
	cmd, out := startWatch(t, "--json")
	steps := map[string]func(){
		"present usable": func() { testtool.Run(t, "", "swapon", node) },
		"changed swap":   func() { testtool.Run(t, "", "swapoff", node) },
		"changed usable": func() { testtool.Run(t, "", "losetup", "--detach", node) },
		"removed usable": func() {
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
		},
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if told := toldOf(t, lines.Bytes(), node); told != "" {
			step := steps[told]
			if step == nil {
				t.Fatalf("told %q, which is not expected any more", told)
			}
			delete(steps, told)
			step()
		}
	}
	if code := exitCodeOf(t, cmd.Wait()); code != 0 || len(steps) > 0 {
		t.Errorf("exit code %d, %d steps were not told", code, len(steps))
	}
}

// attachLoopOnce makes a block device that the test detaches itself.
func attachLoopOnce(t *testing.T, image string) string {
	t.Helper()
	testtool.NeedRoot(t)
	out, err := testtool.Try(t, "losetup", "--find", "--show", image)
	if err != nil {
		t.Skipf("NOT RUN: this test needs loop devices: %s", out)
	}
	node := strings.TrimSpace(out)
	t.Cleanup(func() {
		if t.Failed() { // else it is detached, and may be somebody else's by now
			_ = exec.Command("swapoff", node).Run()
			_ = exec.Command("losetup", "--detach", node).Run()
		}
	})
	return node
}

// toldOf is the event of a line and why the drive is refused, if it is that drive.
func toldOf(t *testing.T, line []byte, node string) string {
	t.Helper()
	var c struct {
		Event string
		Drive struct {
			Path     string
			Refusals []struct{ Reason string }
		}
	}
	if err := json.Unmarshal(line, &c); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	switch {
	case c.Drive.Path != node:
		return ""
	case len(c.Drive.Refusals) == 0:
		return c.Event + " usable"
	}
	return c.Event + " " + c.Drive.Refusals[0].Reason
}
