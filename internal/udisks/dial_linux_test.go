package udisks_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/panoscrub/panoscrub/internal/udisks"
	"github.com/panoscrub/panoscrub/internal/udisks/udiskstest"
)

// TestUnavailable tries all that can be there instead of the service.
func TestUnavailable(t *testing.T) {
	const silent = "[D-BUS Service]\nName=org.freedesktop.UDisks2\nUser=root\nExec="
	for _, test := range []struct {
		name  string
		setup func(*testing.T)
		want  error
	}{
		{"no bus", func(t *testing.T) {
			t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
		}, udisks.ErrUnavailable},
		{"no address", func(t *testing.T) { t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "nonsense") }, udisks.ErrUnavailable},
		{"no service", func(t *testing.T) { udiskstest.StartBus(t, "") }, udisks.ErrUnavailable},
		{"a service that ends at once", func(t *testing.T) { service(t, silent+"/bin/false") }, udisks.ErrUnavailable},
		{"a policy against it", func(t *testing.T) {
			udiskstest.StartBus(t, `<deny send_destination="org.freedesktop.UDisks2"/>`)
			joinFake(t, knows(stick, answers()))
		}, udisks.ErrDenied},
		{"a bus that says nothing", func(t *testing.T) { silentBus(t); impatient(t) }, udisks.ErrUnavailable},
		{"a service that never comes", func(t *testing.T) { service(t, silent+"/bin/sleep 5"); impatient(t) }, udisks.ErrUnavailable},
		{"a service that says nothing", func(t *testing.T) {
			startFake(t, func(*dbus.Message) ([]any, *dbus.Error) { return nil, nil })
			impatient(t)
		}, udisks.ErrUnavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.setup(t)
			if s, err := udisks.Dial(t.Context()); typeOf(err) != test.want || s != nil {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

// TestDialCancelled: what ended the wait is said, and is not that there is no service.
func TestDialCancelled(t *testing.T) {
	silentBus(t)
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(enough) })
	if _, err := udisks.Dial(ctx); !errors.Is(err, enough) || errors.Is(err, udisks.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

// TestDialOutlivesItsContext: the context is for connecting, not for the connection.
func TestDialOutlivesItsContext(t *testing.T) {
	startFake(t, knows(stick, answers()))
	ctx, cancel := context.WithCancel(t.Context())
	s, err := udisks.Dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cancel()
	if err := s.Unmount(t.Context(), stick); err != nil {
		t.Error(err)
	}
}

// service tells a bus how to start UDisks2.
func service(t *testing.T, text string) {
	t.Helper()
	path := filepath.Join(udiskstest.StartBus(t, ""), "org.freedesktop.UDisks2.service")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// silentBus is a bus that takes connections and does not talk.
func silentBus(t *testing.T) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bus")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+path)
}

// impatient shortens the wait for the service to start.
func impatient(t *testing.T) {
	usual := *udisks.Patience
	*udisks.Patience = 200 * time.Millisecond
	t.Cleanup(func() { *udisks.Patience = usual })
}
