package helper

import (
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// nobody is the user and the group that a helper becomes: ones that own nothing,
// and that nobody works as.
const nobody = 65534

// GiveUpRights leaves this process, for good, what a run needs once its target is
// open: the descriptors that it has, and to read what the kernel tells. It can
// then open nothing for writing, connect to nothing, and gain no rights by
// executing anything; and if it was root, it is not any more, nor has it any
// capability.
//
// A kernel without Landlock (before 5.13, or one where it is off) leaves it what
// nobody may do.
func GiveUpRights() error {
	if err := onAllThreads(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0); err != nil {
		return fmt.Errorf("giving up the way to new rights: %w", err)
	}
	if err := restrict(); err != nil && !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EOPNOTSUPP) {
		return fmt.Errorf("giving up the file system: %w", err)
	}
	if unix.Geteuid() != 0 {
		return nil
	}
	// Only that order works; the last step takes all capabilities along.
	for _, step := range []func() error{
		func() error { return syscall.Setgroups(nil) },
		func() error { return syscall.Setresgid(nobody, nobody, nobody) },
		func() error { return syscall.Setresuid(nobody, nobody, nobody) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("giving up root's rights: %w", err)
		}
	}
	return nil
}

// readable are the folders in which the kernel tells about drives.
var readable = []string{"/sys", "/proc", "/dev"}

// What is left of all that Landlock can restrict, and what it knows of networks.
const (
	readingRights = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	everyNetRight = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
)

// fileRights is how many rights each version of Landlock knows: the last are
// refer, truncate, and ioctl on devices.
var fileRights = []int{13, 14, 15, 15, 16}

// restrict has Landlock allow nothing but reading below the readable folders.
func restrict() error {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return errno
	}
	attr := unix.LandlockRulesetAttr{Handled_access_fs: 1<<fileRights[min(int(version), len(fileRights))-1] - 1}
	if version >= 4 {
		attr.Handled_access_net = everyNetRight
	}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if errno != 0 {
		return errno
	}
	ruleset := int(fd)
	defer unix.Close(ruleset)
	for _, folder := range readable {
		if err := allow(ruleset, folder); err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
	}
	return onAllThreads(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(ruleset), 0, 0)
}

func allow(ruleset int, folder string) error {
	fd, err := unix.Open(folder, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	attr := unix.LandlockPathBeneathAttr{Allowed_access: readingRights, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&attr)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// onAllThreads makes a system call that concerns one thread on all that there are.
// A program that was linked with C cannot.
func onAllThreads(trap, a1, a2, a3 uintptr) error {
	if _, _, errno := syscall.AllThreadsSyscall(trap, a1, a2, a3); errno != 0 {
		return errno
	}
	return nil
}
