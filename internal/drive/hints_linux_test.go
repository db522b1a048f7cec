package drive

import (
	"context"
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// TestKernelHintsEnd: waiting for the kernel ends with its context, whether that
// ends before or meanwhile.
func TestKernelHintsEnd(t *testing.T) {
	h, err := newHints(Host())
	if err != nil {
		t.Skipf("NOT RUN: the kernel cannot be listened to here: %v", err)
	}
	defer func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}()
	over := errors.New("over")
	for _, before := range []bool{true, false} {
		ctx, cancel := context.WithCancelCause(t.Context())
		if before {
			cancel(over)
		}
		ended := make(chan error, 1)
		go func() {
			for { // what else goes on in this machine gives hints, too
				if _, err := h.await(ctx, forever); err != nil {
					ended <- err
					return
				}
			}
		}()
		cancel(over)
		if err := <-ended; !errors.Is(err, over) {
			t.Errorf("it ended with %v", err)
		}
	}
}

func TestNoHintsForATree(t *testing.T) {
	if _, err := newHints(System{Root: t.TempDir()}); err == nil {
		t.Error("a tree of files is listened to")
	}
}

// TestIsKernel: what another process sends to the group is no hint.
func TestIsKernel(t *testing.T) {
	for _, c := range []struct {
		from unix.Sockaddr
		want bool
	}{
		{&unix.SockaddrNetlink{Pid: 0, Groups: ueventGroup}, true},
		{&unix.SockaddrNetlink{Pid: 4711, Groups: ueventGroup}, false},
		{&unix.SockaddrUnix{}, false},
		{nil, false},
	} {
		if isKernel(c.from) != c.want {
			t.Errorf("%+v: %v", c.from, !c.want)
		}
	}
}
