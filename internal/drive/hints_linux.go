package drive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// kernelHints listens to the kernel: its messages about devices, and changes of
// the tables of mounts and swap space.
type kernelHints struct {
	socket         int
	tables         []int
	stopped, stops *os.File // a pipe that ends the waiting
	buffer         []byte
}

// newHints starts to listen on this machine.
func newHints(s System) (_ hints, err error) {
	if s.Root != Host().Root {
		return nil, errors.New("this is not the machine that the kernel tells about")
	}
	uidMap, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return nil, err
	}
	if !firstUserNamespace(string(uidMap)) {
		return nil, errors.New("the kernel does not tell a container of its devices")
	}
	k := &kernelHints{socket: -1, buffer: make([]byte, maxUevent)}
	if err := k.open(); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return k, nil
}

func (k *kernelHints) open() (err error) {
	if k.stopped, k.stops, err = os.Pipe(); err != nil {
		return err
	}
	for _, path := range []string{"/proc/self/mountinfo", "/proc/swaps"} {
		// Not by package os: its poller asks the open file, too, and whoever asks
		// first takes the change away from the other.
		table, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("opening %s: %w", path, err)
		}
		k.tables = append(k.tables, table)
	}
	k.socket, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		k.socket = -1
		return fmt.Errorf("listening to the kernel: %w", err)
	}
	if err := unix.Bind(k.socket, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: ueventGroup}); err != nil {
		return fmt.Errorf("listening to the kernel: %w", err)
	}
	return nil
}

func (k *kernelHints) Close() error {
	var errs []error
	for _, f := range []*os.File{k.stopped, k.stops} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	for _, fd := range append(k.tables, k.socket) {
		if fd >= 0 {
			errs = append(errs, unix.Close(fd))
		}
	}
	return errors.Join(errs...)
}

func (k *kernelHints) await(ctx context.Context, most time.Duration) (bool, error) {
	defer context.AfterFunc(ctx, func() {
		_, _ = k.stops.Write([]byte{0}) // fails only when nobody waits any more
	})()
	start := time.Now()
	for ctx.Err() == nil {
		timeout := -1
		if most != forever {
			timeout = int(max(0, most-time.Since(start)).Milliseconds())
		}
		ready, hinted, err := k.poll(timeout)
		if err != nil || hinted || ready == 0 && timeout >= 0 {
			return hinted, err
		}
	}
	return false, context.Cause(ctx)
}

// poll waits until something is ready, and returns how much is, and whether that
// is a hint.
func (k *kernelHints) poll(timeout int) (ready int, hinted bool, err error) {
	fds := []unix.PollFd{
		{Fd: int32(k.stopped.Fd()), Events: unix.POLLIN},
		{Fd: int32(k.socket), Events: unix.POLLIN},
	}
	for _, table := range k.tables {
		fds = append(fds, unix.PollFd{Fd: int32(table), Events: unix.POLLPRI})
	}
	ready, err = unix.Poll(fds, timeout)
	switch {
	case errors.Is(err, unix.EINTR):
		return -1, false, nil // waited for no known time
	case err != nil:
		return 0, false, fmt.Errorf("waiting for the kernel: %w", err)
	}
	for _, table := range fds[2:] {
		hinted = hinted || table.Revents != 0
	}
	if fds[1].Revents == 0 {
		return ready, hinted, nil
	}
	concerned, err := k.receive()
	return ready, hinted || concerned, err
}
