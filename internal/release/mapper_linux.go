package release

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/panoscrub/panoscrub/internal/drive"
)

// removeVolume takes a device-mapper volume away, as "cryptsetup close" and
// "vgchange -an" do in the end. The volume is named by its UUID, which says what
// it is, and which the kernel gives to no two volumes at a time. One that is open
// the kernel does not remove.
func removeVolume(ctx context.Context, on drive.Standing) (err error) {
	control, err := os.OpenFile("/dev/mapper/control", os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("asking the device mapper: %w", err)
	}
	defer func() { err = errors.Join(err, control.Close()) }()
	holds := holding{under: "/dev/", is: func(st unix.Statx_t) bool {
		return st.Mode&unix.S_IFMT == unix.S_IFBLK && fmt.Sprintf("%d:%d", st.Rdev_major, st.Rdev_minor) == on.Number
	}}
	return patiently(ctx, on.Name, holds, func() error {
		status, err := ask(control, unix.DM_DEV_STATUS, on.UUID)
		if err != nil {
			return fmt.Errorf("asking the device mapper: %w", err)
		}
		if name := unix.ByteSliceToString(status.Name[:]); name != on.Name || numberOf(status) != on.Number {
			return errors.New("it is another volume than it was")
		}
		_, err = ask(control, unix.DM_DEV_REMOVE, on.UUID)
		return err
	})
}

// numberOf is a volume's major and minor, from the kernel's encoding of both.
func numberOf(v unix.DmIoctl) string {
	return fmt.Sprintf("%d:%d", unix.Major(v.Dev), unix.Minor(v.Dev))
}

// ask gives the device mapper a command about the volume with a UUID.
func ask(control *os.File, command uint, uuid string) (unix.DmIoctl, error) {
	v := unix.DmIoctl{Version: [3]uint32{unix.DM_VERSION_MAJOR, 0, 0}}
	v.Data_size, v.Data_start = uint32(unsafe.Sizeof(v)), uint32(unsafe.Sizeof(v))
	if len(uuid) == 0 || len(uuid) >= len(v.Uuid) || strings.Contains(uuid, "\x00") {
		return v, fmt.Errorf("%q is no UUID of a volume", uuid)
	}
	copy(v.Uuid[:], uuid)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, control.Fd(), uintptr(command), uintptr(unsafe.Pointer(&v)))
	if errno != 0 {
		return v, errno
	}
	return v, nil
}
