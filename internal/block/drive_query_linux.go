package block

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// devNumber is the device number of a block device.
type devNumber uint64

// sysfs is the kernel's directory about the device.
func (n devNumber) sysfs() string {
	return fmt.Sprintf("/sys/dev/block/%d:%d", unix.Major(uint64(n)), unix.Minor(uint64(n)))
}

// numberOf returns the device number of a block device.
func numberOf(info fs.FileInfo) (devNumber, error) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || st.Mode&syscall.S_IFMT != syscall.S_IFBLK {
		return 0, ErrNotDrive
	}
	return devNumber(st.Rdev), nil
}

// diskseqOf returns the disk sequence number of an open drive, 0 where the kernel
// does not know such numbers.
func diskseqOf(fd int, number devNumber) (uint64, error) {
	seq, err := ioctlUint64(fd, unix.BLKGETDISKSEQ)
	switch {
	case err == nil:
		return seq, nil
	case errors.Is(err, unix.ENOTTY), errors.Is(err, unix.EINVAL):
		return diskseqListed(number)
	}
	return 0, fmt.Errorf("asking for its sequence number: %w", markGone(err))
}

// diskseqListed returns the disk sequence number from sysfs, 0 where it has none.
func diskseqListed(number devNumber) (uint64, error) {
	text, err := os.ReadFile(number.sysfs() + "/diskseq")
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("asking for its sequence number: %w", markGone(err))
	}
	seq, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading its sequence number: %w", err)
	}
	return seq, nil
}

// checkWritable returns an error that wraps ErrReadOnly for a drive that the kernel
// holds to be write-protected.
func checkWritable(fd int) error {
	protected, err := unix.IoctlGetUint32(fd, unix.BLKROGET)
	if err != nil {
		return fmt.Errorf("asking whether it is write-protected: %w", markGone(err))
	}
	if protected != 0 {
		return fmt.Errorf("the drive is %w", ErrReadOnly)
	}
	return nil
}

// sectorSizeOf returns the logical sector size, 512 or 4096.
func sectorSizeOf(fd int) (int, error) {
	sector, err := unix.IoctlGetUint32(fd, unix.BLKSSZGET)
	if err != nil {
		return 0, fmt.Errorf("asking for its sector size: %w", markGone(err))
	}
	if sector != 512 && sector != 4096 {
		return 0, fmt.Errorf("sectors of %d bytes: %w", sector, errors.ErrUnsupported)
	}
	return int(sector), nil
}

// sizeOf returns the size of an open drive in bytes.
func sizeOf(fd int) (int64, error) {
	size, err := ioctlUint64(fd, unix.BLKGETSIZE64)
	if err != nil {
		return 0, fmt.Errorf("asking for its size: %w", markGone(err))
	}
	if int64(size) < 0 {
		return 0, fmt.Errorf("a size of %d bytes: %w", size, errors.ErrUnsupported)
	}
	return int64(size), nil
}

// markGone wraps what a question to a drive that is gone fails with.
func markGone(err error) error {
	if isGone(err) {
		return fmt.Errorf("it %w: %w", ErrGone, err)
	}
	return err
}

func ioctlUint64(fd int, request uint) (value uint64, err error) {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(unsafe.Pointer(&value)))
	if errno != 0 {
		return 0, errno
	}
	return value, nil
}
