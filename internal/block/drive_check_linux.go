package block

import (
	"fmt"
	"os"
)

// match makes sure that what is open is what has the name.
func (d *wholeDrive) match() error {
	info, err := d.file.Stat()
	if err != nil {
		return err
	}
	if number, err := numberOf(info); err != nil || number != d.number {
		return fmt.Errorf("it %w", ErrChanged)
	}
	return nil
}

// check compares what the descriptor, the name and the kernel say now with what
// they said when the drive was opened.
func (d *wholeDrive) check() error {
	err := control(d.file, func(fd int) error {
		size, err := sizeOf(fd)
		switch {
		case err != nil:
			return err
		case size == 0:
			return fmt.Errorf("it %w: the kernel gives it no bytes any more", ErrGone)
		case size != d.size:
			return fmt.Errorf("it %w: it had %d bytes, and has %d", ErrChanged, d.size, size)
		}
		return d.checkDiskseq(fd)
	})
	if err != nil {
		return err
	}
	info, err := os.Stat(d.path)
	if err != nil {
		return fmt.Errorf("it %w: %w", ErrGone, err)
	}
	if number, err := numberOf(info); err != nil || number != d.number {
		return fmt.Errorf("it %w: another device has its name", ErrChanged)
	}
	return nil
}

// checkDiskseq asks the descriptor, and the kernel's list of the drives that are
// there.
func (d *wholeDrive) checkDiskseq(fd int) error {
	if _, err := os.Stat(d.number.sysfs()); err != nil {
		return fmt.Errorf("it %w: %w", ErrGone, err)
	}
	held, err := diskseqOf(fd, d.number)
	if err != nil {
		return err
	}
	listed, err := diskseqListed(d.number)
	if err != nil {
		return err
	}
	if held != d.seq || listed != 0 && listed != d.seq {
		return fmt.Errorf("it %w: it was disk number %d of this boot, and is %d", ErrChanged, d.seq, max(held, listed))
	}
	return nil
}
