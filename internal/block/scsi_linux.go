package block

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Two commands of SCSI (SPC-5, SBC-4) that no file operation stands for. The
// kernel lets whoever has a drive open for writing send them, without any other
// right.
var (
	testUnitReady         = [6]byte{0x00}
	synchronizeCacheOfAll = [10]byte{0x35}
)

const (
	sgIO           = 0x2285 // SG_IO of scsi/sg.h
	sgNoData       = -1     // SG_DXFER_NONE
	commandTimeout = 60_000 // milliseconds: a large cache of a slow stick

	checkCondition = 0x02
)

// Sense keys.
const (
	senseNotReady       = 0x2
	senseIllegalRequest = 0x5
	senseUnitAttention  = 0x6
)

const (
	flushTries = 3
	readyWait  = 30 * time.Second // as long as kernels wait for a drive
	readyPause = 100 * time.Millisecond
)

// sgHeader is struct sg_io_hdr of scsi/sg.h.
type sgHeader struct {
	interfaceID      int32
	direction        int32
	commandLength    uint8
	senseRoom        uint8
	vectors          uint16
	dataLength       uint32
	data             unsafe.Pointer
	command          *byte
	sense            *byte
	timeout, flags   uint32
	packID           int32
	user             unsafe.Pointer
	status           uint8
	maskedStatus     uint8
	message          uint8
	senseLength      uint8
	host, driver     uint16
	residual         int32
	duration, result uint32
}

// senseError is what a drive answers when it does not do what a command asks for.
type senseError struct{ key, code, qualifier byte }

func (e *senseError) Error() string {
	return fmt.Sprintf("the drive answers with sense %x/%02x/%02x", e.key, e.code, e.qualifier)
}

// send sends a command without data. The error is a *senseError where the drive
// answers that, errors.ErrUnsupported for what takes no such commands, EIO where
// no answer arrives, or what the kernel says.
func send(fd int, command []byte) error {
	sense := make([]byte, 64)
	h := sgHeader{
		interfaceID: 'S', direction: sgNoData, timeout: commandTimeout,
		command: &command[0], commandLength: uint8(len(command)), sense: &sense[0], senseRoom: uint8(len(sense)),
	}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), sgIO, uintptr(unsafe.Pointer(&h)))
	switch {
	case errno == unix.ENOTTY, errno == unix.EINVAL, errno == unix.EPERM:
		return fmt.Errorf("SCSI commands: %w: %w", errors.ErrUnsupported, errno)
	case errno != 0:
		return errno
	case h.status == checkCondition:
		return parseSense(sense[:min(int(h.senseLength), len(sense))])
	case h.status != 0 || h.host != 0 || h.driver != 0:
		return fmt.Errorf("no answer to the command %#02x (status %#x, host %#x, driver %#x): %w", command[0], h.status, h.host, h.driver, unix.EIO)
	}
	return nil
}

// parseSense reads sense data in either format (SPC-5, 4.4).
func parseSense(data []byte) error {
	at := func(i int) byte {
		if i < len(data) {
			return data[i]
		}
		return 0
	}
	if format := at(0) & 0x7F; format == 0x72 || format == 0x73 {
		return &senseError{at(1) & 0x0F, at(2), at(3)}
	}
	return &senseError{at(2) & 0x0F, at(12), at(13)}
}

// synchronizeCache has a drive store what its cache holds. One without that
// command, or which is no SCSI drive, has nothing to say, which is no error.
func synchronizeCache(fd int) (err error) {
	for range flushTries {
		err = send(fd, synchronizeCacheOfAll[:])
		var sense *senseError
		switch {
		case errors.Is(err, errors.ErrUnsupported), errors.As(err, &sense) && sense.key == senseIllegalRequest:
			return nil
		case err == nil, isGone(err), sense != nil && sense.key != senseUnitAttention && sense.key != senseNotReady:
			return err
		}
	}
	return err
}

// awaitReady waits until a drive that was reset is ready, and takes in what it has
// to say about that: a kernel that got to hear it, in answer to a read, would take
// the medium of a removable drive for another one.
func awaitReady(fd int) error {
	for end := time.Now().Add(readyWait); ; time.Sleep(readyPause) {
		err := send(fd, testUnitReady[:])
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			return nil
		case err == nil, isGone(err), time.Now().After(end):
			return err
		}
	}
}
