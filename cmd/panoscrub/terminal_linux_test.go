package main

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal makes a pair of a terminal and who sits at it.
func terminal(t *testing.T) (person, tty *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("NOT RUN: this test needs a terminal: %v", err)
	}
	t.Cleanup(func() { person.Close() })
	fd := int(person.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Skipf("NOT RUN: this test needs a terminal: %v", err)
	}
	t.Cleanup(func() { tty.Close() })
	return person, tty
}

// TestInterruptAtPassphrase: Ctrl-C while a passphrase is asked for ends the
// program, and the terminal shows again what is typed.
func TestInterruptAtPassphrase(t *testing.T) {
	person, tty := terminal(t)
	cmd := program(t.TempDir(), "key", "init", "--passphrase")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	echoes := func() bool {
		settings, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		return settings.Lflag&unix.ECHO != 0
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for echoes() { // until the passphrase is waited for
		select {
		case err := <-ended:
			t.Fatalf("it ended without asking: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	if _, err := person.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	if code := exitCodeOf(t, <-ended); code != 130 {
		t.Errorf("exit code %d, want 130", code)
	}
	if !echoes() {
		t.Error("the terminal was left without an echo")
	}
}
