package udisks

import (
	"errors"
	"fmt"
	"strings"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"

	"github.com/panoscrub/panoscrub/internal/block"
)

// maxText is how much of what the service says is passed on, in bytes.
const maxText = 500

var errNotMounted = errors.New("it is not mounted")

// byName are the D-Bus errors that have a meaning here: UDisks2's own, and those
// with which the bus answers for a service that does not.
var byName = map[string]error{
	serviceName + ".Error.NotAuthorized":          ErrDenied,
	serviceName + ".Error.NotAuthorizedCanObtain": ErrDenied,
	serviceName + ".Error.NotAuthorizedDismissed": ErrDismissed,
	serviceName + ".Error.DeviceBusy":             block.ErrBusy,
	serviceName + ".Error.NotMounted":             errNotMounted,
	"org.freedesktop.DBus.Error.AccessDenied":     ErrDenied,
	"org.freedesktop.DBus.Error.ServiceUnknown":   ErrUnavailable,
	"org.freedesktop.DBus.Error.NameHasNoOwner":   ErrUnavailable,
	"org.freedesktop.DBus.Error.NoReply":          ErrUnavailable,
}

// byText are the reasons for which an open fails. The service has one name for all
// of them and ends its sentence with the reason, in the language in which it runs:
// in any other than English they stay words.
var byText = []struct {
	reason unix.Errno
	means  error
}{
	{unix.EBUSY, block.ErrBusy},
	{unix.EROFS, block.ErrReadOnly},
	{unix.ENOMEDIUM, block.ErrEmpty},
	{unix.ENXIO, block.ErrGone},
	{unix.ENODEV, block.ErrGone},
}

// explain gives an error of a call its type.
func explain(err error) error {
	var told dbus.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &told): // the connection ended
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	text := cut(told.Error())
	if means := meaning(told.Name, text); means != nil {
		return fmt.Errorf("%w: %s", means, text)
	}
	return errors.New(text)
}

// meaning is nil for what has none here.
func meaning(name, text string) error {
	if means := byName[name]; means != nil {
		return means
	}
	for _, known := range byText {
		if strings.HasSuffix(strings.ToLower(text), ": "+known.reason.Error()) {
			return known.means
		}
	}
	return nil
}

// cut shortens a text from outside, and says so.
func cut(text string) string {
	if len(text) <= maxText {
		return text
	}
	return fmt.Sprintf("%s … (%d bytes)", text[:maxText], len(text))
}
