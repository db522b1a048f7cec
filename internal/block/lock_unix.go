//go:build linux || darwin || freebsd || netbsd || openbsd

package block

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const (
	noBlocking    = unix.O_NONBLOCK // a FIFO must not hold up the open
	errReadOnlyFS = unix.EROFS
)

// lock takes an advisory lock that ends with the descriptor. It does not wait:
// one that is held is [ErrBusy].
func lock(f *os.File, mode Mode) error {
	how := unix.LOCK_SH | unix.LOCK_NB
	if mode == ReadWrite {
		how = unix.LOCK_EX | unix.LOCK_NB
	}
	err := control(f, func(fd int) error { return unix.Flock(fd, how) })
	if errors.Is(err, unix.EWOULDBLOCK) {
		return fmt.Errorf("%w: it is locked", ErrBusy)
	}
	return err
}

// control calls use with f's descriptor, for as long as it is open.
func control(f *os.File, use func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) { failed = use(int(fd)) })
	return errors.Join(err, failed)
}
