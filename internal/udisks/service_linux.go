package udisks

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"
)

// Names of D-Bus, and of UDisks2 on it.
const (
	serviceName = "org.freedesktop.UDisks2"
	managerPath = dbus.ObjectPath("/org/freedesktop/UDisks2/Manager")

	managerInterface    = serviceName + ".Manager"
	blockInterface      = serviceName + ".Block"
	filesystemInterface = serviceName + ".Filesystem"
	getProperty         = "org.freedesktop.DBus.Properties.Get"
)

// patience is how long UDisks2 may take to start.
var patience = 15 * time.Second

// Service is UDisks2 on the system bus. Its methods are safe for concurrent use.
//
// It is to be closed as soon as the drive is open, and before anything is written:
// any program on the machine can send something to a connection to the bus, and the
// library that reads it (godbus 5.2.4) panics at an array of descriptors. What was
// opened stays open.
type Service struct{ conn *dbus.Conn }

// Dial connects to the system bus (the one that DBUS_SYSTEM_BUS_ADDRESS names, else
// the system's own) and has it start UDisks2 where it does not run yet, which may
// take 15 seconds.
//
// Errors wrap [ErrUnavailable] or [ErrDenied], or are the cause for which ctx ended.
func Dial(ctx context.Context) (*Service, error) {
	starting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s, err := dial(starting)
	switch {
	case err == nil:
		return s, nil
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case !errors.Is(err, ErrDenied) && !errors.Is(err, ErrUnavailable):
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil, fmt.Errorf("reaching UDisks2: %w", err)
}

func dial(ctx context.Context) (*Service, error) {
	conn, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	s := &Service{conn}
	if !conn.SupportsUnixFDs() {
		return nil, errors.Join(errors.New("the system bus passes no descriptors"), s.Close())
	}
	// Any question makes the bus start the service.
	if _, err := s.call(ctx, managerPath, getProperty, managerInterface, "Version"); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// connect connects to the bus while ctx lasts. The connection lasts longer.
func connect(ctx context.Context) (*dbus.Conn, error) {
	lifetime, end := context.WithCancel(context.WithoutCancel(ctx))
	connected := context.AfterFunc(ctx, end)
	conn, err := dbus.ConnectSystemBus(dbus.WithContext(lifetime))
	if !connected() && err == nil {
		return nil, errors.Join(context.Cause(ctx), conn.Close())
	}
	return conn, err
}

// Close ends the connection. What is still being asked fails.
func (s *Service) Close() error { return s.conn.Close() }

// call calls a method of an object, for as long as ctx lasts: the user may be asked
// for a password meanwhile, which takes as long as it takes.
//
// The call cannot be taken back. When ctx ends it, what is answered later is let
// go, for a descriptor that nobody knows of would hold the drive.
func (s *Service) call(ctx context.Context, object dbus.ObjectPath, method string, args ...any) ([]any, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	done := s.conn.Send(message(object, method, args), make(chan *dbus.Call, 1)).Done
	select {
	case call := <-done:
		return call.Body, explain(call.Err)
	case <-ctx.Done():
		go func() { closeDescriptors((<-done).Body) }()
		return nil, context.Cause(ctx)
	}
}

// message is a method call that permits to ask the user. (Calls of the library's
// objects cannot: they drop that flag.)
func message(object dbus.ObjectPath, method string, args []any) *dbus.Message {
	dot := strings.LastIndexByte(method, '.')
	return &dbus.Message{
		Type:  dbus.TypeMethodCall,
		Flags: dbus.FlagAllowInteractiveAuthorization,
		Headers: map[dbus.HeaderField]dbus.Variant{
			dbus.FieldDestination: dbus.MakeVariant(serviceName),
			dbus.FieldPath:        dbus.MakeVariant(object),
			dbus.FieldInterface:   dbus.MakeVariant(method[:dot]),
			dbus.FieldMember:      dbus.MakeVariant(method[dot+1:]),
			dbus.FieldSignature:   dbus.MakeVariant(dbus.SignatureOf(args...)),
		},
		Body: args,
	}
}

// only is the one value of an answer.
func only[T any](body []any) (value T, err error) {
	if len(body) == 1 {
		if value, ok := body[0].(T); ok {
			return value, nil
		}
	}
	return value, ErrAnswer
}

// closeDescriptors closes what an answer holds open. There is nobody to tell of a
// failure, and nothing was written.
func closeDescriptors(body []any) {
	for _, value := range body {
		if fd, ok := value.(dbus.UnixFD); ok {
			_ = unix.Close(int(fd))
		}
	}
}
