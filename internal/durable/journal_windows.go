package durable

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lock takes a byte far behind the file's end for this handle, or fails if
// another one has it. Windows' locks are mandatory; there, it hinders no reader.
func lock(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 20})
}

// removeLocked closes a file before it deletes it, as Windows asks for.
func removeLocked(f *os.File, path string) error {
	return errors.Join(closeOnce(f), removeIfThere(path))
}

// syncDir does nothing: Windows has no such call, and NTFS journals names itself.
func syncDir(string) error { return nil }
