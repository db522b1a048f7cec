package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteFile stores a file in full or not at all, and never replaces one: if path
// exists already, the error wraps [fs.ErrExist].
//
// The steps are those that survive a power cut at any moment: a temporary file in
// the same folder is written and fsynced, linked to its name (which fails if the
// name is taken, as rename would not), unlinked under its temporary name, and the
// folder is fsynced, so that the new name is on the disk as well.
func WriteFile(path string, data []byte, perm fs.FileMode) error {
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	if err := fillAndSync(temp, data, perm); err != nil {
		return err
	}
	if err := publish(temp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func fillAndSync(f *os.File, data []byte, perm fs.FileMode) error {
	_, writeErr := f.Write(data)
	return errors.Join(writeErr, f.Chmod(perm), f.Sync(), f.Close())
}

// publish gives a file its name unless the name is taken. File systems without
// links (FAT, some network ones) get a check and a rename: there, two writers at
// the same instant are not told apart, but certificate ids do not repeat.
func publish(temp, path string) error {
	err := os.Link(temp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, statErr := os.Lstat(path); !errors.Is(statErr, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", path, fs.ErrExist)
	}
	return os.Rename(temp, path)
}
