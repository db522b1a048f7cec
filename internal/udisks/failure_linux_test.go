package udisks_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/udisks"
)

// TestFailures: each error of the service has its type, and its text.
func TestFailures(t *testing.T) {
	const own, bus = "org.freedesktop.UDisks2.Error.", "org.freedesktop.DBus.Error."
	long := strings.Repeat("x", 1<<20)
	service := startFake(t, knows(stick, nil))
	s := dial(t)
	for _, test := range []struct {
		name, text string
		want       error // nil: none of the types
	}{
		{own + "NotAuthorized", "Not authorized", udisks.ErrDenied},
		{own + "NotAuthorizedCanObtain", "Not authorized", udisks.ErrDenied},
		{own + "NotAuthorizedDismissed", "The dialog was dismissed", udisks.ErrDismissed},
		{own + "DeviceBusy", "target is busy", block.ErrBusy},
		{own + "Failed", "Error opening device /dev/stick: Device or resource busy", block.ErrBusy},
		{own + "Failed", "Error opening device /dev/stick: Read-only file system", block.ErrReadOnly},
		{own + "Failed", "Error opening device /dev/stick: No medium found", block.ErrEmpty},
		{own + "Failed", "Error opening device /dev/stick: No such device or address", block.ErrGone},
		{own + "Failed", "Error opening device /dev/stick: No such device", block.ErrGone},
		{own + "Failed", "Error opening device: Device or resource busy: but that was yesterday", nil},
		{own + "Failed", "This is no device or resource busy", nil},
		{own + "Failed", long, nil},
		{own + "Cancelled", "Cancelled", nil},
		{bus + "AccessDenied", "rejected", udisks.ErrDenied},
		{bus + "ServiceUnknown", "not provided", udisks.ErrUnavailable},
		{bus + "NameHasNoOwner", "nobody", udisks.ErrUnavailable},
		{bus + "NoReply", "disconnected", udisks.ErrUnavailable},
		{bus + "UnknownMethod", "no such method", nil},
	} {
		service.becomes(knows(stick, fails(test.name, test.text)))
		_, opening := s.Open(t.Context(), stick, block.ReadWrite)
		for doing, err := range map[string]error{
			"opening": opening, "unmounting": s.Unmount(t.Context(), stick),
		} {
			text := test.text[:min(len(test.text), 400)]
			if err == nil || !strings.Contains(err.Error(), text) || !strings.HasPrefix(err.Error(), doing+" "+stick) || len(err.Error()) > 1000 {
				t.Errorf("%s: %.200v", test.name, err)
			}
			if got := typeOf(err); got != test.want {
				t.Errorf("%s, %.100s: taken for %v", test.name, test.text, got)
			}
			if denied := test.want == udisks.ErrDenied || test.want == udisks.ErrDismissed; errors.Is(err, udisks.ErrDenied) != denied {
				t.Errorf("%s: denied is %v", test.name, !denied)
			}
		}
	}
	service.becomes(knows(stick, fails(own+"NotMounted", "Device is not mounted")))
	if err := s.Unmount(t.Context(), stick); err != nil {
		t.Errorf("what is not mounted: %v", err)
	}
	service.becomes(knows(stick, answers()))
	if err := s.Unmount(t.Context(), stick); err != nil {
		t.Error(err)
	}
}

// typeOf is the type that an error has. Only an ErrDismissed has two.
func typeOf(err error) (found error) {
	for _, is := range []error{
		udisks.ErrUnavailable, udisks.ErrDismissed, udisks.ErrDenied, udisks.ErrUnknown, udisks.ErrAnswer,
		block.ErrBusy, block.ErrReadOnly, block.ErrEmpty, block.ErrGone,
	} {
		if errors.Is(err, is) {
			return is
		}
	}
	return nil
}

// TestStrangeAnswers: a service that answers with anything is refused, and not obeyed.
func TestStrangeAnswers(t *testing.T) {
	sound := knows(stick, hands(t, os.DevNull, unix.O_RDWR))
	service := startFake(t, sound)
	s := dial(t)
	for _, test := range []struct {
		method string
		answer []any
		want   error
	}{
		{"ResolveDevice", []any{[]dbus.ObjectPath{}}, udisks.ErrUnknown},
		{"ResolveDevice", []any{[]dbus.ObjectPath{object, object}}, udisks.ErrUnknown},
		{"ResolveDevice", []any{[]string{string(object)}}, udisks.ErrAnswer},
		{"ResolveDevice", []any{}, udisks.ErrAnswer},
		{"ResolveDevice", []any{[]dbus.ObjectPath{object}, "more"}, udisks.ErrAnswer},
		{"Get", []any{dbus.MakeVariant([]byte("/dev/sda\x00"))}, udisks.ErrUnknown},
		{"Get", []any{dbus.MakeVariant([]byte(stick + "1"))}, udisks.ErrUnknown},
		{"Get", []any{dbus.MakeVariant([]byte{})}, udisks.ErrUnknown},
		{"Get", []any{dbus.MakeVariant(make([]byte, 1<<20))}, udisks.ErrUnknown},
		{"Get", []any{dbus.MakeVariant(stick)}, udisks.ErrAnswer},
		{"Get", []any{stick}, udisks.ErrAnswer},
		{"OpenDevice", []any{}, udisks.ErrAnswer},
		{"OpenDevice", []any{uint32(0)}, udisks.ErrAnswer},
	} {
		service.becomes(func(call *dbus.Message) ([]any, *dbus.Error) {
			if member(call) == test.method {
				return test.answer, nil
			}
			return sound(call)
		})
		_, err := s.Open(t.Context(), stick, block.ReadOnly)
		if got := typeOf(err); got != test.want || len(err.Error()) > 5000 {
			t.Errorf("%s answers %.60v: %.200v", test.method, test.answer, err)
		}
	}
	service.becomes(sound)
	for _, node := range []string{"/dev/a\x00b", "/dev/\xff", "", "stick"} {
		if _, err := s.Open(t.Context(), node, block.ReadOnly); !errors.Is(err, udisks.ErrUnknown) {
			t.Errorf("%q: %v", node, err)
		}
	}
	f, err := s.Open(t.Context(), stick, block.ReadOnly)
	if err != nil {
		t.Fatalf("after all that: %v", err)
	}
	f.Close()
}
