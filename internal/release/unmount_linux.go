package release

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/panoscrub/panoscrub/internal/drive"
)

// errCovered is a mount that its own path does not lead to.
var errCovered = errors.New("something else is mounted over it, or its path changed")

// unmount flushes a file system and takes one of its mounts away. It needs Linux
// 5.8, which tells mounts apart by their IDs.
func unmount(ctx context.Context, on drive.Standing) error {
	at, err := reach(on)
	if err != nil {
		return err
	}
	defer at.parent.Close()
	if err := at.flush(ctx); err != nil {
		return err
	}
	return patiently(ctx, on.Name, holding{under: on.Name, is: at.isOn}, func() error {
		if err := at.check(); err != nil {
			return err
		}
		return unix.Unmount(at.path(), unix.UMOUNT_NOFOLLOW)
	})
}

// unmountThrough has a service unmount it. Which of several mounts of the file
// system that takes away is up to the service. Where one is left in the end, the
// guards refuse the drive on account of it.
func unmountThrough(ctx context.Context, service Unmounter, on drive.Standing) error {
	is := func(st unix.Statx_t) bool { return st.Mnt_id == uint64(on.Mount) }
	return patiently(ctx, on.Name, holding{under: on.Name, is: is}, func() error {
		return service.Unmount(ctx, "/dev/"+on.Device)
	})
}

// mountPoint is where a mount is, seen from an open folder: a path from the root
// could be bent by whoever owns a folder on the way.
type mountPoint struct {
	parent *os.File
	base   string
	id     uint64
}

func reach(on drive.Standing) (*mountPoint, error) {
	folder := filepath.Dir(on.Name)
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS}
	fd, err := unix.Openat2(unix.AT_FDCWD, folder, &how)
	if err != nil {
		return nil, fmt.Errorf("opening the folder of the mount point: %w", err)
	}
	at := &mountPoint{parent: os.NewFile(uintptr(fd), folder), base: filepath.Base(on.Name), id: uint64(on.Mount)}
	if err := at.check(); err != nil {
		return nil, errors.Join(err, at.parent.Close())
	}
	return at, nil
}

// path leads through the open folder, so that only the last name is looked up.
func (at *mountPoint) path() string {
	return fmt.Sprintf("/proc/self/fd/%d/%s", at.parent.Fd(), at.base)
}

// check makes sure that the mount point still leads to the mount.
func (at *mountPoint) check() error {
	st, err := mountStat(int(at.parent.Fd()), at.base, unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		return fmt.Errorf("looking at the mount point: %w", err)
	}
	if !at.isOn(st) {
		return errCovered
	}
	// To open anything else, such as a device's node, would not be without effect.
	if kind := st.Mode & unix.S_IFMT; kind != unix.S_IFDIR && kind != unix.S_IFREG {
		return errors.New("the mount point is neither a folder nor a regular file")
	}
	return nil
}

func (at *mountPoint) isOn(st unix.Statx_t) bool { return st.Mnt_id == at.id }

// flush writes out what the system still keeps in memory. A drive that takes its
// time must not keep the operator from leaving.
func (at *mountPoint) flush(ctx context.Context) error {
	how := unix.OpenHow{Flags: unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC}
	fd, err := unix.Openat2(int(at.parent.Fd()), at.base, &how)
	if err != nil {
		return fmt.Errorf("opening it to flush it: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- errors.Join(unix.Syncfs(fd), unix.Close(fd)) }()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("flushing it: %w", err)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// mountStat asks which mount and device a path leads to, and for no attribute
// that a file system behind a network or a process would have to be asked for.
func mountStat(dir int, path string, flags int) (st unix.Statx_t, err error) {
	err = unix.Statx(dir, path, flags|unix.AT_STATX_DONT_SYNC|unix.AT_NO_AUTOMOUNT, unix.STATX_MNT_ID, &st)
	if err == nil && st.Mask&unix.STATX_MNT_ID == 0 {
		err = errors.New("this kernel does not tell mounts apart: Linux 5.8 does")
	}
	return st, err
}
