package block

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// image is a regular file as a [Device].
//
// It is open twice where the file system can bypass the page cache. Whole blocks
// go through the direct descriptor; the odd bytes at the end of the file, which
// direct I/O cannot write, go through the other one. The alignment is at least a
// page, so that the cached tail shares no page with bytes that bypass the cache.
type image struct {
	path   string
	file   *os.File // through the page cache; holds the lock
	direct *os.File // past it, or nil
	opened fs.FileInfo
	mode   Mode
	sector int
	align  int
	bypass bool
}

// OpenImage opens a disk image, a regular file of any length, with sectors of 512
// bytes. A symbolic link is followed. The image is locked against other programs
// that lock: shared for [ReadOnly], else exclusively. A file that nobody may
// write to is read-only for root as well.
//
// Errors wrap [ErrNotImage], [ErrEmpty], [ErrBusy], [ErrReadOnly], or what the
// operating system said.
func OpenImage(path string, mode Mode) (Device, error) {
	return OpenImageSectors(path, mode, 512)
}

// OpenImageSectors is [OpenImage] for an image of a drive with sectors of 512 or
// 4096 bytes.
func OpenImageSectors(path string, mode Mode, sectorSize int) (Device, error) {
	d := &image{path: path, mode: mode, sector: sectorSize, align: 1}
	if err := d.open(); err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, errors.Join(err, d.close()))
	}
	return d, nil
}

func (d *image) open() error {
	if d.sector != 512 && d.sector != 4096 {
		return fmt.Errorf("sectors of %d bytes: %w", d.sector, errors.ErrUnsupported)
	}
	// Looked at before it is opened: opening a device node can have effects.
	found, err := os.Stat(d.path)
	switch {
	case err != nil:
		return err
	case !found.Mode().IsRegular():
		return ErrNotImage
	case found.Size() == 0:
		return fmt.Errorf("the file %w", ErrEmpty)
	case d.mode == ReadWrite && found.Mode().Perm()&0o222 == 0:
		return fmt.Errorf("%w: its mode is %v", ErrReadOnly, found.Mode().Perm())
	}
	if d.file, err = openSame(d.path, d.mode, found, 0); err != nil {
		return err
	}
	if err := lock(d.file, d.mode); err != nil {
		return err
	}
	d.opened = found
	if d.mode == ReadWrite {
		return d.openDirect()
	}
	return nil
}

// openSame opens path and makes sure that it is what was found there before.
func openSame(path string, mode Mode, found fs.FileInfo, flags int) (*os.File, error) {
	access := os.O_RDONLY
	if mode == ReadWrite {
		access = os.O_RDWR
	}
	f, err := os.OpenFile(path, access|noBlocking|flags, 0)
	if err != nil {
		if mode == ReadWrite && isWriteProtected(err) {
			err = fmt.Errorf("%w: %w", ErrReadOnly, err)
		}
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && (!os.SameFile(info, found) || info.Size() != found.Size()) {
		err = fmt.Errorf("it %w", ErrChanged)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (d *image) Size() int64     { return d.opened.Size() }
func (d *image) SectorSize() int { return d.sector }
func (d *image) Alignment() int  { return d.align }

// BypassesHostCache is true only where the kernel confirms that it does: tmpfs
// and others accept direct I/O and serve it from memory.
func (d *image) BypassesHostCache() bool { return d.bypass }

func (d *image) ReadAt(p []byte, off int64) (n int, err error) {
	defer d.wrap(&err, "reading")
	if err := Admit(d, p, off); err != nil || len(p) == 0 {
		return 0, err
	}
	if d.direct == nil {
		n, err = d.file.ReadAt(p, off)
		return n, atEnd(err)
	}
	body := len(p) &^ (d.align - 1)
	n, err = d.direct.ReadAt(p[:body], off)
	if err != nil || body == len(p) {
		return n, atEnd(err)
	}
	// The tail is read with the rest of its block, which the file does not have.
	// What follows a short transfer may be EINVAL, since its offset is odd.
	block := Buffer(d.align)
	got, err := d.direct.ReadAt(block, off+int64(body))
	if got < len(p)-body {
		return n, atEnd(err)
	}
	return n + copy(p[body:], block), nil
}

func (d *image) WriteAt(p []byte, off int64) (n int, err error) {
	defer d.wrap(&err, "writing")
	if d.mode == ReadOnly {
		return 0, ErrReadOnly
	}
	if err := Admit(d, p, off); err != nil || len(p) == 0 {
		return 0, err
	}
	if d.direct == nil {
		return d.file.WriteAt(p, off)
	}
	body := len(p) &^ (d.align - 1)
	n, err = d.direct.WriteAt(p[:body], off)
	if err != nil || body == len(p) {
		return n, err
	}
	m, err := d.file.WriteAt(p[body:], off+int64(body))
	return n + m, err
}

// Sync flushes the file, and lets go of what the page cache holds of it.
func (d *image) Sync() (err error) {
	defer d.wrap(&err, "syncing")
	if d.mode == ReadOnly {
		return ErrReadOnly
	}
	if err := d.file.Sync(); err != nil {
		return err
	}
	return forget(d.file)
}

// Reset has nothing to do: the medium below the file system is out of reach.
func (d *image) Reset() (err error) {
	defer d.wrap(&err, "resetting")
	if d.mode == ReadOnly {
		return ErrReadOnly
	}
	return &NoResetError{Because: "an image has no cache of its own"}
}

func (d *image) Check() (err error) {
	defer d.wrap(&err, "checking")
	open, err := d.file.Stat()
	if err != nil {
		return err
	}
	named, err := os.Stat(d.path)
	switch {
	case err != nil:
		return fmt.Errorf("it %w: %w", ErrGone, err)
	case !os.SameFile(open, named):
		return fmt.Errorf("it %w: another file has its name", ErrChanged)
	case open.Size() != d.opened.Size():
		return fmt.Errorf("it %w: it had %d bytes, and has %d", ErrChanged, d.opened.Size(), open.Size())
	}
	return nil
}

func (d *image) Close() (err error) {
	defer d.wrap(&err, "closing")
	return d.close()
}

func (d *image) close() error {
	var errs []error
	for _, f := range []*os.File{d.direct, d.file} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// wrap says what was being done to which image.
func (d *image) wrap(err *error, doing string) {
	if *err != nil {
		*err = fmt.Errorf("%s %s: %w", doing, d.path, *err)
	}
}

// atEnd turns the end of a file, met inside what was its size, into an error that
// nobody takes for a regular end.
func atEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("it %w: %w", ErrChanged, io.ErrUnexpectedEOF)
	}
	return err
}

// isWriteProtected reports whether err says that opening for writing is not
// allowed.
func isWriteProtected(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, errReadOnlyFS)
}
