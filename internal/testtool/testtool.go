// Package testtool is what tests of several packages share: other people's programs
// and images, for which it says loudly when they are not there, and a drive that
// fails.
package testtool

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Need skips the test where one of the programs is missing.
func Need(t testing.TB, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("NOT RUN: %s is not installed", p)
		}
	}
}

// NeedRoot skips the test where another user runs it.
func NeedRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: this needs root")
	}
}

// Run runs a program in a folder, "" for the current one, and returns what it
// printed; the test fails when the program does, and is skipped where there is
// none.
func Run(t testing.TB, dir, program string, args ...string) string {
	t.Helper()
	Need(t, program)
	out, err := command(dir, program, args).Output()
	if err != nil {
		var detail []byte
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			detail = exit.Stderr
		}
		t.Fatalf("%s %q: %v: %s%s", program, args, err, out, detail)
	}
	return string(out)
}

// Try runs a program that may refuse, and returns all that it printed, errors
// too; the test is skipped where there is none.
func Try(t testing.TB, program string, args ...string) (string, error) {
	t.Helper()
	Need(t, program)
	out, err := command("", program, args).CombinedOutput()
	return string(out), err
}

// command gives a program surroundings in which it prints the same anywhere.
func command(dir, program string, args []string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=UTC")
	return cmd
}

// Image makes an empty, sparse file of size bytes, and returns its path.
func Image(t testing.TB, size int64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
	return path
}

// PublicImage unpacks one of the public forensic test images, which are not part
// of this repository, and returns its path. The variable PANOSCRUB_IMAGES names
// the folder with them.
func PublicImage(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("PANOSCRUB_IMAGES")
	if dir == "" {
		t.Skip("NOT RUN: PANOSCRUB_IMAGES names no folder of public test images")
	}
	Need(t, "xz")
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(Run(t, "", "xz", "-dkc", filepath.Join(dir, name+".xz"))), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
