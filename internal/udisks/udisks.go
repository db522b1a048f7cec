// Package udisks reaches drives through UDisks2, the service with which a Linux
// desktop opens, mounts and unmounts drives for a user without rights. It decides
// with polkit, which may ask the user.
//
// What the service answers is believed as little as what a drive holds: a
// descriptor that it hands over is checked by [block.AdoptDrive], which asks the
// kernel. The interface is that of UDisks2's reference manual, and needs its
// version 2.7.3 or later.
package udisks

import (
	"errors"
	"fmt"
)

// Errors that callers tell apart, besides [block.ErrBusy], [block.ErrReadOnly],
// [block.ErrEmpty] and [block.ErrGone]. Each is wrapped with what was being done,
// and followed by what the service said.
var (
	// ErrUnavailable: there is no system bus here, or no UDisks2 on it, or it ended.
	ErrUnavailable = errors.New("UDisks2 is not available")
	// ErrUnknown: the service does not know the device, or takes it for another.
	ErrUnknown = errors.New("UDisks2 knows no such device")
	// ErrDenied: this user may not.
	ErrDenied = errors.New("UDisks2 does not permit it")
	// ErrDismissed: the user was asked, and declined. It is an [ErrDenied], too.
	ErrDismissed = fmt.Errorf("%w: the question for it was dismissed", ErrDenied)
	// ErrAnswer: the service answered with something of another form.
	ErrAnswer = errors.New("UDisks2 gave an answer of another form")
)
