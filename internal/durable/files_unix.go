//go:build unix

package durable

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// linkAndUnlink gives a finished file its name, unless that is taken: link fails
// when it is.
func linkAndUnlink(temp, path string) error {
	if err := os.Link(temp, path); err != nil {
		return err
	}
	return os.Remove(temp)
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// lock takes the exclusive lock of an open file, which ends with the file's last
// descriptor: when the process ends, however it does.
func lock(f *os.File, how waiting) (taken bool, err error) {
	operation := unix.LOCK_EX
	if how == dontWait {
		operation |= unix.LOCK_NB
	}
	for {
		err := unix.Flock(int(f.Fd()), operation)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		default:
			return err == nil, os.NewSyscallError("flock", err)
		}
	}
}
