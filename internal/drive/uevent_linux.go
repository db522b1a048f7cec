package drive

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

const (
	ueventGroup = 1       // of the kernel's own messages; udev's are in group 2
	maxUevent   = 8 << 10 // the kernel's limit is 2 KiB of pairs and a path
	maxBatch    = 256     // messages taken at once: no flood keeps the watch from ending
)

// receive takes the messages that wait, and reports whether one concerns drives.
func (k *kernelHints) receive() (concerned bool, err error) {
	for range maxBatch {
		n, _, flags, from, err := unix.Recvmsg(k.socket, k.buffer, nil, 0)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return concerned, nil
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.ENOBUFS): // there were more than could be kept
			concerned = true
			continue
		case err != nil:
			return concerned, fmt.Errorf("listening to the kernel: %w", err)
		}
		if isKernel(from) && (flags&unix.MSG_TRUNC != 0 || concernsDrives(k.buffer[:n])) {
			concerned = true
		}
	}
	return concerned, nil
}

// isKernel reports whether the kernel sent a message: any process that may can
// send to the group.
func isKernel(from unix.Sockaddr) bool {
	sender, ok := from.(*unix.SockaddrNetlink)
	return ok && sender.Pid == 0
}
