package block

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	usbFolder = "/dev/bus/usb"
	usbReset  = 0x5514 // USBDEVFS_RESET of linux/usbdevice_fs.h
)

// usbPort is the way to reset a drive.
type usbPort struct {
	folder string   // the kernel's, of the USB device
	file   *os.File // its node
	none   error    // why there is no way
}

// openPort opens what a drive is plugged in by. That alone does nothing to it.
func openPort(number devNumber) (p usbPort) {
	if _, err := os.Stat(number.sysfs() + "/loop"); err == nil {
		return usbPort{none: &NoResetError{Because: "a loop device has no cache of its own"}}
	}
	place, err := filepath.EvalSymlinks(number.sysfs())
	if err != nil {
		return usbPort{none: &NoResetError{"it is not known what the drive is connected to", bare(err)}}
	}
	folder, found := usbDevice(place)
	if !found {
		return usbPort{none: &NoResetError{Because: "the drive is not connected by USB"}}
	}
	file, err := openUSB(folder)
	if err != nil {
		return usbPort{none: &NoResetError{"its USB device cannot be opened", bare(err)}}
	}
	return usbPort{folder: folder, file: file}
}

// usbDevice walks up from a disk to the USB device that carries it.
func usbDevice(place string) (folder string, found bool) {
	for folder = place; folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "idVendor")); err == nil {
			return folder, true
		}
	}
	return "", false
}

// openUSB opens the node of a USB device, and makes sure that it is that one's.
func openUSB(folder string) (*os.File, error) {
	bus, err := attribute(folder, "busnum")
	if err != nil {
		return nil, err
	}
	address, err := attribute(folder, "devnum")
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(fmt.Sprintf("%s/%03s/%03s", usbFolder, bus, address), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if err := isNodeOf(f, folder); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// attribute reads a number that the kernel tells of a device, as digits.
func attribute(folder, name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return "", err
	}
	digits := strings.TrimSpace(string(text))
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", fmt.Errorf("its %s is %.20q", name, digits)
	}
	return digits, nil
}

// isNodeOf returns ErrChanged for a node that is not that of the device.
func isNodeOf(f *os.File, folder string) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	want, err := os.ReadFile(filepath.Join(folder, "dev"))
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || st.Mode&syscall.S_IFMT != syscall.S_IFCHR ||
		fmt.Sprintf("%d:%d", unix.Major(uint64(st.Rdev)), unix.Minor(uint64(st.Rdev))) != strings.TrimSpace(string(want)) {
		return fmt.Errorf("it %w: its node is another device's", ErrChanged)
	}
	return nil
}

// bare is what the operating system said, without the name that it was about.
func bare(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// reset resets the USB device of a drive.
func (p usbPort) reset(number devNumber) error {
	if p.file == nil {
		return p.none
	}
	// A reset is one of the whole device.
	if used, err := otherMedia(p.folder, number); err != nil || used {
		return &NoResetError{"another drive in the same device may be in use", bare(err)}
	}
	err := control(p.file, func(fd int) error { return unix.IoctlSetInt(fd, usbReset, 0) })
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES), errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOTTY):
		return &NoResetError{"the kernel does not reset its USB device", err}
	}
	return err
}

// otherMedia reports whether a USB device has media in other units than the one of
// a number.
func otherMedia(folder string, number devNumber) (bool, error) {
	disks, err := filepath.Glob(folder + "/*:*/host*/target*/*/block/*")
	if err != nil {
		return false, err
	}
	own := fmt.Sprintf("%d:%d", unix.Major(uint64(number)), unix.Minor(uint64(number)))
	for _, disk := range disks {
		if name, err := os.ReadFile(disk + "/dev"); err == nil && strings.TrimSpace(string(name)) == own {
			continue
		}
		if size, err := attribute(disk, "size"); err != nil || size != "0" {
			return true, err
		}
	}
	return false, nil
}

func (p usbPort) close() error {
	if p.file == nil {
		return nil
	}
	return p.file.Close()
}
