package udisks_test

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/udisks"
)

// pipe returns a pipe, of which the end for writing is a bare descriptor.
func pipe(t *testing.T) (r *os.File, w int) {
	t.Helper()
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	r = os.NewFile(uintptr(ends[0]), "pipe")
	t.Cleanup(func() { r.Close() })
	return r, ends[1]
}

// mustBeClosed waits until nobody holds the other end any more.
func mustBeClosed(t *testing.T, r *os.File) {
	t.Helper()
	if err := r.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("a descriptor was left open: %v", err)
	}
}

// TestDescriptorsAreClosed: descriptors in answers of another form would hold the
// drive.
func TestDescriptorsAreClosed(t *testing.T) {
	service := startFake(t, knows(stick, nil))
	s := dial(t)
	open := func() error { _, err := s.Open(t.Context(), stick, block.ReadOnly); return err }
	for _, test := range []struct {
		name string
		call func() error
		want error
	}{
		{"two at once", open, udisks.ErrAnswer},
		{"for no open", func() error { return s.Unmount(t.Context(), stick) }, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, w := pipe(t)
			second, err := unix.Dup(w)
			if err != nil {
				t.Fatal(err)
			}
			service.becomes(knows(stick, answers(dbus.UnixFD(w), dbus.UnixFD(second))))
			if err := test.call(); !errors.Is(err, test.want) {
				t.Errorf("got %v", err)
			}
			mustBeClosed(t, r)
		})
	}
}

// TestHangs: only ctx ends a question to the user, and what is answered afterwards is
// let go.
func TestHangs(t *testing.T) {
	r, w := pipe(t)
	asked, late := make(chan bool), make(chan bool)
	service := startFake(t, knows(stick, func(*dbus.Message) ([]any, *dbus.Error) {
		asked <- true
		<-late
		return []any{dbus.UnixFD(w)}, nil
	}))
	s := dial(t)
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-asked
		cancel(enough)
	}()
	if _, err := s.Open(ctx, stick, block.ReadWrite); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
	close(late)
	mustBeClosed(t, r)
	service.becomes(knows(stick, answers()))
	service.calls()
	if err := s.Unmount(ctx, stick); !errors.Is(err, enough) {
		t.Errorf("with a context that has ended: %v", err)
	}
	if err := s.Unmount(t.Context(), stick); err != nil {
		t.Error(err)
	}
	if n := len(service.calls()); n != 3 {
		t.Errorf("with a context that has ended, the service was asked: %d calls", n)
	}
}

// TestClosedWhileAsking: whoever waits for an answer is told.
func TestClosedWhileAsking(t *testing.T) {
	asked := make(chan bool, 1)
	startFake(t, knows(stick, func(*dbus.Message) ([]any, *dbus.Error) { asked <- true; return nil, nil }))
	s := dial(t)
	go func() { <-asked; s.Close() }()
	if err := s.Unmount(t.Context(), stick); !errors.Is(err, udisks.ErrUnavailable) {
		t.Errorf("while asking: %v", err)
	}
	if err := s.Unmount(t.Context(), stick); !errors.Is(err, udisks.ErrUnavailable) {
		t.Errorf("afterwards: %v", err)
	}
}
