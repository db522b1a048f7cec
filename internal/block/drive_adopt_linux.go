package block

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// AdoptDrive makes a [Device] of a whole drive that another program opened for this
// one, and takes f over: it is closed with the device, and when there is an error.
//
// Nothing is believed of f that can be asked of the kernel. It must be open on the
// very device that path names now, for exactly what mode says ([ErrWrongMode]
// otherwise), and be made to go past the page cache; the rest is as [OpenDrive] has
// it, with the same errors. The one thing that no kernel tells of a descriptor is
// whether it was opened with O_EXCL. Whoever opens must have asked for that: else
// what is on the drive can be mounted, or be mounted already.
func AdoptDrive(f *os.File, path string, mode Mode) (Device, error) {
	d := &wholeDrive{path: path, file: f, mode: mode}
	return d.held("taking over", d.adopt())
}

func (d *wholeDrive) adopt() (err error) {
	if d.number, err = wholeDisk(d.path); err != nil {
		return err
	}
	if err := d.match(); err != nil {
		return err
	}
	if err := control(d.file, func(fd int) error { return settle(fd, d.mode) }); err != nil {
		return err
	}
	return d.hold()
}

// settle gives a descriptor the state in which [openExclusive] makes one.
func settle(fd int, mode Mode) error {
	if err := checkAccess(fd, mode); err != nil {
		return err
	}
	unix.CloseOnExec(fd)
	// This also takes away all that can be: appending, not waiting, signals.
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFL, unix.O_DIRECT); err != nil {
		return fmt.Errorf("direct I/O: %w", err)
	}
	return nil
}

// checkAccess returns ErrWrongMode for a descriptor that can do less than mode says,
// or more.
func checkAccess(fd int, mode Mode) error {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return fmt.Errorf("asking how it was opened: %w", err)
	}
	want := unix.O_RDONLY
	if mode == ReadWrite {
		want = unix.O_RDWR
	}
	if flags&(unix.O_ACCMODE|unix.O_PATH) != want {
		return fmt.Errorf("it %w", ErrWrongMode)
	}
	return nil
}
