package udisks_test

import (
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"

	"github.com/panoscrub/panoscrub/internal/udisks/udiskstest"
)

// answerer gets a call, and gives the values of the answer, or an error; neither is
// no answer.
type answerer func(*dbus.Message) ([]any, *dbus.Error)

// fake is UDisks2 as a test wants it.
type fake struct {
	conn   *dbus.Conn
	mu     sync.Mutex
	answer answerer
	seen   []*dbus.Message
}

// startFake puts a fake on a bus of its own.
func startFake(t *testing.T, answer answerer) *fake {
	t.Helper()
	udiskstest.StartBus(t, "")
	return joinFake(t, answer)
}

// joinFake puts a fake on the test's bus.
func joinFake(t *testing.T, answer answerer) *fake {
	t.Helper()
	conn, err := dbus.ConnectSystemBus()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := conn.RequestName("org.freedesktop.UDisks2", dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	calls := make(chan *dbus.Message, 100)
	conn.Eavesdrop(calls)
	f := &fake{conn: conn, answer: answer}
	go f.serve(calls)
	return f
}

// becomes has the fake answer otherwise from now on.
func (f *fake) becomes(answer answerer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

// calls returns what was asked since the last time.
func (f *fake) calls() []*dbus.Message {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := f.seen
	f.seen = nil
	return seen
}

// serve answers one call after the other, until the bus ends, and closes its own
// copies of what it hands over.
func (f *fake) serve(calls <-chan *dbus.Message) {
	for call := range calls {
		if call.Type != dbus.TypeMethodCall {
			continue
		}
		if values, failed := f.ask(call); values != nil || failed != nil {
			f.conn.Send(reply(call, values, failed), nil)
			closeFiles(values)
		}
	}
}

func (f *fake) ask(call *dbus.Message) ([]any, *dbus.Error) {
	f.mu.Lock()
	f.seen = append(f.seen, call)
	answer := f.answer
	f.mu.Unlock()
	return answer(call)
}

func reply(call *dbus.Message, values []any, failed *dbus.Error) *dbus.Message {
	msg := &dbus.Message{Type: dbus.TypeMethodReply, Body: values, Headers: map[dbus.HeaderField]dbus.Variant{
		dbus.FieldDestination: call.Headers[dbus.FieldSender],
		dbus.FieldReplySerial: dbus.MakeVariant(call.Serial()),
	}}
	if failed != nil {
		msg.Type, msg.Body = dbus.TypeError, failed.Body
		msg.Headers[dbus.FieldErrorName] = dbus.MakeVariant(failed.Name)
	}
	if len(msg.Body) > 0 {
		msg.Headers[dbus.FieldSignature] = dbus.MakeVariant(dbus.SignatureOf(msg.Body...))
	}
	return msg
}

const (
	stick  = "/dev/stick"
	object = dbus.ObjectPath("/org/freedesktop/UDisks2/block_devices/stick")
)

// member is the method that a message calls.
func member(call *dbus.Message) string {
	name, _ := call.Headers[dbus.FieldMember].Value().(string)
	return name
}

// closeFiles closes the fake's own copies of what it handed over.
func closeFiles(values []any) {
	for _, v := range values {
		if fd, ok := v.(dbus.UnixFD); ok {
			_ = unix.Close(int(fd))
		}
	}
}

// knows is a service that knows one device, for which it answers as use says.
func knows(node string, use func(*dbus.Message) ([]any, *dbus.Error)) answerer {
	return func(call *dbus.Message) ([]any, *dbus.Error) {
		switch member(call) {
		case "Get":
			if call.Body[1] == "Version" {
				return []any{dbus.MakeVariant("2.9.4")}, nil
			}
			return []any{dbus.MakeVariant([]byte(node + "\x00"))}, nil
		case "ResolveDevice":
			return []any{[]dbus.ObjectPath{object}}, nil
		}
		return use(call)
	}
}

// hands opens a file anew for each call, and hands it over.
func hands(t *testing.T, path string, flags int) answerer {
	return func(*dbus.Message) ([]any, *dbus.Error) {
		fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Error(err)
			return nil, nil
		}
		return []any{dbus.UnixFD(fd)}, nil
	}
}

func fails(name, text string) answerer {
	return func(*dbus.Message) ([]any, *dbus.Error) { return nil, dbus.NewError(name, []any{text}) }
}

func answers(values ...any) answerer {
	values = append([]any{}, values...) // not nil, even when empty: that would be no answer
	return func(*dbus.Message) ([]any, *dbus.Error) { return values, nil }
}
