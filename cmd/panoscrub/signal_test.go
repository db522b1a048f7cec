//go:build unix

package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

// sparse makes an image of that many zero bytes.
func sparse(t *testing.T, size int64) string {
	t.Helper()
	image := filepath.Join(t.TempDir(), "stick.img")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, size); err != nil {
		t.Fatal(err)
	}
	return image
}

// TestReaderGoesAway: the program at the other end of the pipe ends after one
// line, as "head" does, or "tee" on the same Ctrl-C. The run goes on to its
// record.
func TestReaderGoesAway(t *testing.T) {
	image, state := sparse(t, 64<<20), t.TempDir()
	cmd := program(state, "sanitize", image, "--appliance", appliance, "--yes", "--events")
	events, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReaderSize(events, 16).ReadByte(); err != nil {
		t.Fatal(err)
	}
	if err := events.Close(); err != nil {
		t.Fatal(err)
	}
	if code := exitCodeOf(t, cmd.Wait()); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	onlyRecord(t, state)
}

// TestHangUpUnderNohup: a run that was started so that it outlives its terminal
// does.
func TestHangUpUnderNohup(t *testing.T) {
	testtool.Need(t, "sh")
	image, state := sparse(t, 64<<20), t.TempDir()
	cmd := program(state, "sanitize", image, "--appliance", appliance, "--yes", "--events")
	shell := exec.Command("sh", append([]string{"-c", `trap "" HUP; exec "$0" "$@"`}, cmd.Args...)...)
	shell.Env = cmd.Env
	events, err := shell.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, 1<<20)
	for first := true; lines.Scan(); first = false {
		if first {
			if err := shell.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
		}
	}
	if code := exitCodeOf(t, shell.Wait()); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	onlyRecord(t, state)
}
