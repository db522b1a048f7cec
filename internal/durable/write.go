// Package durable keeps local files that survive a power cut: records that
// appear in full or not at all and are never changed, and journals that tell of a
// run whose process died.
//
// Each function says by which system calls it gets there. They are written for
// what POSIX promises and not for what one file system happens to do: data is
// flushed before its name appears, and the folder after.
package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// unfinished matches the temporary files of WriteFile, and of the keys that
// package envelope saves: what a run that was killed may leave behind.
const unfinished = ".new-*"

// WriteFile writes a new file that is durable when it returns. It replaces
// nothing: the error wraps fs.ErrExist when there is something at path, and
// whatever the error, path is as it was.
//
//	open(temporary name in the same folder, O_CREAT|O_EXCL)
//	write, fchmod, fsync
//	renameat2(RENAME_NOREPLACE), or where there is none link and unlink
//	fsync(folder)
//
// Only when the last of these fails may the file be there all the same.
func WriteFile(path string, data []byte, perm fs.FileMode) error {
	folder := filepath.Dir(path)
	temp, err := os.CreateTemp(folder, unfinished)
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	if err = errors.Join(err, temp.Chmod(perm), temp.Sync(), temp.Close()); err == nil {
		err = publish(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return syncFolder(folder)
}

// makeFolder makes a folder and those above it that are missing, for the owner
// only. Each new name is flushed with the folder that it is in: mkdir, then
// fsync(parent).
func makeFolder(path string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return &fs.PathError{Op: "mkdir", Path: path, Err: errors.New("there is a file of that name")}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	parent := filepath.Dir(path)
	if err := makeFolder(parent); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(parent)
}
