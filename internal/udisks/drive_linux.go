package udisks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"

	"github.com/panoscrub/panoscrub/internal/block"
)

// openFlags are those with which [block.OpenDrive] opens. O_SYNC is not among them:
// a [block.Device] is flushed where its contents must last, and a flush after every
// write makes a stick many times slower, and proves no more.
const openFlags = unix.O_EXCL | unix.O_DIRECT | unix.O_CLOEXEC

// options are what a method takes besides its arguments.
type options map[string]dbus.Variant

// Open has a drive opened, exclusively and past the page cache, by the node that
// the kernel gave it, such as /dev/sdb. polkit may ask the user; only ctx limits how
// long. Nothing about the descriptor is checked here: it is for [block.AdoptDrive].
func (s *Service) Open(ctx context.Context, node string, mode block.Mode) (*os.File, error) {
	f, err := s.open(ctx, node, mode)
	if err != nil {
		return nil, fmt.Errorf("opening %s through UDisks2: %w", node, err)
	}
	return f, nil
}

func (s *Service) open(ctx context.Context, node string, mode block.Mode) (*os.File, error) {
	device, err := s.resolve(ctx, node)
	if err != nil {
		return nil, err
	}
	access := "r"
	if mode == block.ReadWrite {
		access = "rw"
	}
	flags := options{"flags": dbus.MakeVariant(int32(openFlags))}
	body, err := s.call(ctx, device, blockInterface+".OpenDevice", access, flags)
	if err != nil {
		return nil, err
	}
	fd, err := only[dbus.UnixFD](body)
	if err != nil {
		closeDescriptors(body)
		return nil, err
	}
	return os.NewFile(uintptr(fd), node), nil
}

// Unmount takes one mount of a partition's file system away, after a sync. It is no
// error when there is none. One that is in use is [block.ErrBusy].
func (s *Service) Unmount(ctx context.Context, node string) error {
	err := s.ask(ctx, node, filesystemInterface+".Unmount")
	if err != nil && !errors.Is(err, errNotMounted) {
		return fmt.Errorf("unmounting %s through UDisks2: %w", node, err)
	}
	return nil
}

// ask calls a method of a device that takes and answers nothing.
func (s *Service) ask(ctx context.Context, node, method string) error {
	device, err := s.resolve(ctx, node)
	if err != nil {
		return err
	}
	body, err := s.call(ctx, device, method, options{})
	closeDescriptors(body)
	return err
}

// resolve finds the one object that is the device, and says so itself.
func (s *Service) resolve(ctx context.Context, node string) (dbus.ObjectPath, error) {
	if !utf8.ValidString(node) || strings.ContainsRune(node, 0) {
		return "", fmt.Errorf("%w: %q cannot be the name of one", ErrUnknown, node)
	}
	body, err := s.call(ctx, managerPath, managerInterface+".ResolveDevice", options{"path": dbus.MakeVariant(node)}, options{})
	if err != nil {
		return "", err
	}
	objects, err := only[[]dbus.ObjectPath](body)
	switch {
	case err != nil:
		return "", err
	case len(objects) != 1:
		return "", fmt.Errorf("%w: it names %d for it", ErrUnknown, len(objects))
	}
	device, err := s.device(ctx, objects[0])
	if err == nil && device != node {
		err = fmt.Errorf("%w: it names %q for it", ErrUnknown, cut(device))
	}
	return objects[0], err
}

// device is the node of which an object says that it is it.
func (s *Service) device(ctx context.Context, object dbus.ObjectPath) (string, error) {
	body, err := s.call(ctx, object, getProperty, blockInterface, "Device")
	if err != nil {
		return "", err
	}
	property, err := only[dbus.Variant](body)
	if err != nil {
		return "", err
	}
	bytes, ok := property.Value().([]byte)
	if !ok {
		return "", ErrAnswer
	}
	return strings.TrimSuffix(string(bytes), "\x00"), nil
}
