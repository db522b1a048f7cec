package block

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// openDirect opens the image once more, past the page cache. A file system that
// does not offer that leaves d as it is.
func (d *image) openDirect() error {
	f, err := openSame(d.path, d.mode, d.opened, unix.O_DIRECT)
	if errors.Is(err, unix.EINVAL) {
		return nil
	}
	if err != nil {
		return err
	}
	align, err := directAlignment(f)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return f.Close()
	case err != nil:
		return errors.Join(err, f.Close())
	}
	d.direct, d.bypass = f, align > 0
	d.align = max(align, 4096, os.Getpagesize())
	return nil
}

// forget drops what the page cache holds of a file that was synced, so that it is
// read from the medium next time.
func forget(f *os.File) error {
	return control(f, func(fd int) error { return unix.Fadvise(fd, 0, 0, unix.FADV_DONTNEED) })
}
