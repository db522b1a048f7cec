package durable

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// publish gives a finished file its name, unless that is taken: without a flag
// to replace, MoveFileEx fails when it is.
func publish(temp, path string) error {
	from, err := windows.UTF16PtrFromString(temp)
	if err != nil {
		return err
	}
	to, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	if err := windows.MoveFileEx(from, to, windows.MOVEFILE_WRITE_THROUGH); err != nil {
		return &os.LinkError{Op: "MoveFileEx", Old: temp, New: path, Err: err}
	}
	return nil
}

// syncFolder has nothing to do: folders cannot be flushed here, and publish
// writes through.
func syncFolder(string) error { return nil }

// lock takes the exclusive lock of an open file, which ends when the process
// does. Locked bytes cannot be read by others here, so the lock is on a byte far
// behind all contents.
func lock(f *os.File, how waiting) (taken bool, err error) {
	flags := uint32(windows.LOCKFILE_EXCLUSIVE_LOCK)
	if how == dontWait {
		flags |= windows.LOCKFILE_FAIL_IMMEDIATELY
	}
	err = windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 30})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return false, nil
	}
	return err == nil, os.NewSyscallError("LockFileEx", err)
}
