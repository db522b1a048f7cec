package block

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// wholeDrive is a whole-disk block device as a [Device].
type wholeDrive struct {
	path   string
	file   *os.File
	mode   Mode
	number devNumber
	seq    uint64 // 0 is unknown
	size   int64
	sector int
	align  int
	usb    usbPort
}

func (d *wholeDrive) Size() int64     { return d.size }
func (d *wholeDrive) SectorSize() int { return d.sector }
func (d *wholeDrive) Alignment() int  { return d.align }

// Diskseq is the disk sequence number, 0 when unknown.
func (d *wholeDrive) Diskseq() uint64 { return d.seq }

// BypassesHostCache is always true: a drive is opened past the cache or not at all.
func (*wholeDrive) BypassesHostCache() bool { return true }

func (d *wholeDrive) ReadAt(p []byte, off int64) (n int, err error) {
	defer d.wrap(&err, "reading")
	if err := Admit(d, p, off); err != nil || len(p) == 0 {
		return 0, err
	}
	n, err = d.file.ReadAt(p, off)
	return n, d.explain(err)
}

func (d *wholeDrive) WriteAt(p []byte, off int64) (n int, err error) {
	defer d.wrap(&err, "writing")
	if d.mode == ReadOnly {
		return 0, ErrReadOnly
	}
	if err := Admit(d, p, off); err != nil || len(p) == 0 {
		return 0, err
	}
	n, err = d.file.WriteAt(p, off)
	return n, d.explain(err)
}

// Sync waits for the drive to report that its cache is on the medium. The kernel
// asks it only where it believes that there is a cache, and of most sticks it
// does not: so it is asked once more, in its own language.
func (d *wholeDrive) Sync() (err error) {
	defer d.wrap(&err, "syncing")
	if d.mode == ReadOnly {
		return ErrReadOnly
	}
	if err := d.file.Sync(); err != nil {
		return d.explain(err)
	}
	return d.explain(control(d.file, synchronizeCache))
}

// Reset resets the port that the drive is plugged into.
func (d *wholeDrive) Reset() (err error) {
	defer d.wrap(&err, "resetting")
	if d.mode == ReadOnly {
		return ErrReadOnly
	}
	if err := d.check(); err != nil {
		return err
	}
	if err := d.usb.reset(d.number); err != nil {
		return d.explain(err)
	}
	return d.explain(control(d.file, awaitReady))
}

func (d *wholeDrive) Check() (err error) {
	defer d.wrap(&err, "checking")
	return d.check()
}

func (d *wholeDrive) Close() (err error) {
	defer d.wrap(&err, "closing")
	return errors.Join(d.file.Close(), d.usb.close())
}

// explain finds out whether a request failed because the drive is gone: one that
// was pulled answers with plain I/O errors, ends at byte 0 when read, and is full
// when written.
func (d *wholeDrive) explain(err error) error {
	if none := (*NoResetError)(nil); err == nil || errors.As(err, &none) {
		return err
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if isGone(err) {
		return fmt.Errorf("the drive %w: %w", ErrGone, err)
	}
	if now := d.check(); now != nil {
		return fmt.Errorf("%w: %w", now, err)
	}
	return err
}

// isGone reports whether err says by itself that there is no drive.
func isGone(err error) bool {
	return errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENOMEDIUM)
}

// wrap says what was being done to which drive.
func (d *wholeDrive) wrap(err *error, doing string) {
	if *err != nil {
		*err = fmt.Errorf("%s the drive %s: %w", doing, d.path, *err)
	}
}
