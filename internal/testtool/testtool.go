// Package testtool lets tests call other people's programs, and says loudly when
// they are not there.
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

// Run runs a program in a folder, "" for the current one, and returns what it
// printed; the test fails when the program does.
func Run(t testing.TB, dir, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=UTC", "MTOOLS_SKIP_CHECK=1")
	out, err := cmd.Output()
	if err != nil {
		var detail []byte
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			detail = exit.Stderr
		}
		t.Fatalf("%s %q: %v: %s%s", program, args, err, out, detail)
	}
	return string(out)
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
