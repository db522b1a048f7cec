package udisks_test

import (
	"errors"
	"os"
	"testing"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/testtool"
	"github.com/panoscrub/panoscrub/internal/udisks/udiskstest"
)

// TestOpenAsks looks at what the service is asked.
func TestOpenAsks(t *testing.T) {
	service := startFake(t, knows(stick, hands(t, os.DevNull, unix.O_RDWR)))
	s := dial(t)
	for access, mode := range map[string]block.Mode{"r": block.ReadOnly, "rw": block.ReadWrite} {
		service.calls()
		f, err := s.Open(t.Context(), stick, mode)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 || f.Name() != stick {
			t.Errorf("got %s: %v, %v", f.Name(), info, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		seen := service.calls()
		if len(seen) != 3 {
			t.Fatalf("%d calls", len(seen))
		}
		wantCall(t, seen[0], "/org/freedesktop/UDisks2/Manager", "org.freedesktop.UDisks2.Manager.ResolveDevice")
		wantCall(t, seen[1], object, "org.freedesktop.DBus.Properties.Get")
		wantCall(t, seen[2], object, "org.freedesktop.UDisks2.Block.OpenDevice")
		named, _ := seen[0].Body[0].(map[string]dbus.Variant)
		if named["path"].Value() != stick {
			t.Errorf("asked for %v", seen[0].Body)
		}
		options, _ := seen[2].Body[1].(map[string]dbus.Variant)
		flags := int32(unix.O_EXCL | unix.O_DIRECT | unix.O_CLOEXEC)
		if seen[2].Body[0] != access || len(options) != 1 || options["flags"].Value() != flags {
			t.Errorf("asked to open with %v", seen[2].Body)
		}
	}
}

func wantCall(t *testing.T, call *dbus.Message, path dbus.ObjectPath, method string) {
	t.Helper()
	iface, _ := call.Headers[dbus.FieldInterface].Value().(string)
	if got := iface + "." + member(call); got != method || call.Headers[dbus.FieldPath].Value() != path {
		t.Errorf("called %s of %v", got, call.Headers[dbus.FieldPath])
	}
	if call.Flags&dbus.FlagAllowInteractiveAuthorization == 0 || call.Flags&dbus.FlagNoAutoStart != 0 {
		t.Errorf("%s has flags %#x: the user cannot be asked", method, call.Flags)
	}
}

// TestOpenAdopted: of what the service hands over, only the drive itself is taken.
func TestOpenAdopted(t *testing.T) {
	node, other := loopDevice(t, testtool.Image(t, 8<<20)), loopDevice(t, testtool.Image(t, 8<<20))
	for _, test := range []struct {
		name  string
		path  string
		flags int
		want  error
	}{
		{"the drive", node, unix.O_RDWR | unix.O_EXCL | unix.O_DIRECT, nil},
		{"the drive, not direct", node, unix.O_RDWR | unix.O_EXCL, nil},
		{"another drive", other, unix.O_RDWR | unix.O_EXCL | unix.O_DIRECT, block.ErrChanged},
		{"no drive", os.DevNull, unix.O_RDWR, block.ErrChanged},
		{"for reading only", node, unix.O_RDONLY | unix.O_EXCL | unix.O_DIRECT, block.ErrWrongMode},
	} {
		t.Run(test.name, func(t *testing.T) {
			startFake(t, knows(node, hands(t, test.path, test.flags)))
			f, err := dial(t).Open(t.Context(), node, block.ReadWrite)
			if err != nil {
				t.Fatal(err)
			}
			dev, err := block.AdoptDrive(f, node, block.ReadWrite)
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if err == nil {
				dev.Close()
			}
			mustBeFree(t, node)
			mustBeFree(t, other)
		})
	}
}

// mustBeFree waits until nobody holds a drive any more.
func mustBeFree(t *testing.T, node string) {
	t.Helper()
	for again := udiskstest.Deadline(t); ; {
		dev, err := block.OpenDrive(node, block.ReadWrite)
		if err == nil {
			dev.Close()
			return
		}
		again(err)
	}
}
