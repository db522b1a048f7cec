package block

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Udev holds a shared lock while it looks at a drive that has just appeared.
const (
	lockTries = 30
	lockPause = 100 * time.Millisecond
)

// OpenDrive opens a whole drive, past the page cache, for this process alone: the
// kernel refuses to mount it or its partitions meanwhile, and udev leaves it be.
//
// Errors wrap [ErrBusy] when anything on it is in use, [ErrNotDrive] for what is
// not a whole drive, [ErrReadOnly] for one that is write-protected, [ErrEmpty] for
// a reader without a card, [ErrChanged] or [ErrGone] for one that was swapped or
// pulled meanwhile, or what the operating system said. Nothing was written then.
//
// The device has a method Diskseq() uint64: the kernel's sequence number of the
// disk behind the node, or 0 where the kernel (before 5.15) has none.
func OpenDrive(path string, mode Mode) (Device, error) {
	d := &wholeDrive{path: path, mode: mode}
	return d.held("opening", d.open())
}

func (d *wholeDrive) open() (err error) {
	if d.number, err = wholeDisk(d.path); err != nil {
		return err
	}
	if d.file, err = openExclusive(d.path, d.mode); err != nil {
		return err
	}
	if err := d.match(); err != nil {
		return err
	}
	return d.hold()
}

// held returns the drive, or closes what there is of it and says what failed.
func (d *wholeDrive) held(doing string, err error) (Device, error) {
	if err == nil {
		return d, nil
	}
	if d.file != nil {
		err = errors.Join(err, d.file.Close(), d.usb.close())
	}
	return nil, fmt.Errorf("%s the drive %s: %w", doing, d.path, err)
}

// hold locks the drive, and learns what a Device tells. All that a reset takes is
// opened here: the process may have given up its rights when it comes to that.
func (d *wholeDrive) hold() error {
	if err := d.lockPatiently(); err != nil {
		return err
	}
	if err := d.measure(); err != nil {
		return err
	}
	if d.mode == ReadWrite {
		d.usb = openPort(d.number)
	}
	return d.check()
}

// openExclusive claims the drive. A drive that anyone holds is busy: there is no
// second try without O_EXCL.
func openExclusive(path string, mode Mode) (*os.File, error) {
	flags := os.O_RDONLY
	if mode == ReadWrite {
		flags = os.O_RDWR
	}
	f, err := os.OpenFile(path, flags|unix.O_EXCL|unix.O_DIRECT, 0)
	switch {
	case errors.Is(err, unix.EBUSY):
		err = fmt.Errorf("%w: %w", ErrBusy, err)
	case errors.Is(err, unix.EROFS):
		err = fmt.Errorf("%w: %w", ErrReadOnly, err)
	case errors.Is(err, unix.ENOMEDIUM):
		err = fmt.Errorf("the drive %w: %w", ErrEmpty, err)
	case isGone(err):
		err = fmt.Errorf("it %w: %w", ErrGone, err)
	}
	return f, err
}

// wholeDisk returns the number of the drive at path, without opening it: opening
// other device nodes can have effects.
func wholeDisk(path string) (devNumber, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	number, err := numberOf(info)
	if err != nil {
		return 0, err
	}
	if _, err := os.Stat(number.sysfs()); err != nil {
		return 0, fmt.Errorf("the kernel tells nothing about it: %w", err)
	}
	_, err = os.Stat(number.sysfs() + "/partition")
	switch {
	case err == nil:
		return 0, fmt.Errorf("%w: it is a partition of one", ErrNotDrive)
	case !errors.Is(err, fs.ErrNotExist):
		return 0, err
	}
	return number, nil
}

// lockPatiently locks the drive, waiting up to three seconds for udev.
func (d *wholeDrive) lockPatiently() error {
	for try := 1; ; try++ {
		err := lock(d.file, d.mode)
		if !errors.Is(err, ErrBusy) || try == lockTries {
			return err
		}
		time.Sleep(lockPause)
	}
}

// measure asks the kernel for what does not change while the drive is open.
func (d *wholeDrive) measure() error {
	err := control(d.file, func(fd int) (err error) {
		if d.mode == ReadWrite {
			if err := checkWritable(fd); err != nil {
				return err
			}
		}
		if d.sector, err = sectorSizeOf(fd); err != nil {
			return err
		}
		if d.size, err = sizeOf(fd); err != nil {
			return err
		}
		d.seq, err = diskseqOf(fd, d.number)
		return err
	})
	switch {
	case err != nil:
		return err
	case d.size == 0:
		return fmt.Errorf("the drive %w", ErrEmpty)
	case d.size%int64(d.sector) != 0:
		return fmt.Errorf("a size of %d bytes, which is not in whole sectors: %w", d.size, errors.ErrUnsupported)
	}
	align, err := directAlignment(d.file)
	d.align = max(align, d.sector)
	return err
}
