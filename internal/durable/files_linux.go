package durable

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// publish gives a finished file its name, unless that is taken.
func publish(temp, path string) error {
	err := unix.Renameat2(unix.AT_FDCWD, temp, unix.AT_FDCWD, path, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return linkAndUnlink(temp, path) // this file system cannot rename so
	}
	if err != nil {
		return &os.LinkError{Op: "renameat2", Old: temp, New: path, Err: err}
	}
	return nil
}

// syncData flushes a file's contents, and of its metadata what reading them
// needs.
func syncData(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}

// reserve makes sure that the first n bytes of a file can be written even when
// the disk has become full, without changing the file's size. Where the file
// system cannot do that, nothing is reserved and there is no error.
func reserve(f *os.File, n int64) error {
	for {
		err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, n)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS):
			return nil
		default:
			return os.NewSyscallError("fallocate", err)
		}
	}
}
