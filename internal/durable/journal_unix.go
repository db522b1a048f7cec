//go:build unix

package durable

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lock takes the file for this open descriptor, or fails if another one has it.
func lock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }

// removeLocked unlinks a file while its lock is held, so that nobody can adopt it
// in between, and makes that durable.
func removeLocked(f *os.File, path string) error {
	err := removeIfThere(path)
	return errors.Join(err, closeOnce(f), syncDir(filepath.Dir(path)))
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
