package drive

import (
	"fmt"
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// hasKernelTree tells whether this system has /sys and /proc to read drives from.
const hasKernelTree = true

// nodeNumber is the device number, as in "8:16", of a block device's node.
func nodeNumber(info fs.FileInfo) (string, bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || info.Mode().Type() != fs.ModeDevice {
		return "", false
	}
	return fmt.Sprintf("%d:%d", unix.Major(st.Rdev), unix.Minor(st.Rdev)), true
}

// fileSystem is the number of the device that a file's file system is on, "0:n"
// for one on no block device, or on several.
func fileSystem(info fs.FileInfo) (string, bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", false
	}
	return fmt.Sprintf("%d:%d", unix.Major(st.Dev), unix.Minor(st.Dev)), true
}

// mayWrite asks the kernel whether this process may write a file, without opening
// it: rights, a read-only mount and the immutable flag all count.
func mayWrite(path string) error { return unix.Access(path, unix.W_OK) }

// mayRead is mayWrite for reading.
func mayRead(path string) error { return unix.Access(path, unix.R_OK) }
