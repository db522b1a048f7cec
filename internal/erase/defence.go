package erase

import (
	"errors"
	"fmt"

	"github.com/panoscrub/panoscrub/internal/block"
)

// Defence is what was done between the last pass and the read-back so that the
// drive's own cache cannot have answered in place of its medium.
type Defence struct {
	Kind    DefenceKind `json:"kind"`
	Because string      `json:"because,omitempty"` // why there was none
}

// DefenceKind is a way to empty a drive's own cache.
type DefenceKind string

const (
	NoDefence DefenceKind = "none"
	Reset     DefenceKind = "reset"  // its USB port was reset, and it kept its power
	Replug    DefenceKind = "replug" // it was pulled out and plugged in again
)

// Defend resets a drive that was written and flushed. One that cannot be reset is
// read back as it is, which is no error and is said. An error means that the drive
// is not as it was, and that reading it back makes no sense.
func Defend(dev block.Device) (Defence, error) {
	err := dev.Reset()
	var none *block.NoResetError
	switch {
	case errors.As(err, &none):
		return Defence{Kind: NoDefence, Because: none.Error()}, nil
	case err != nil:
		return Defence{Kind: NoDefence, Because: "the reset failed"}, err
	}
	if err := dev.Check(); err != nil {
		return Defence{Kind: NoDefence, Because: "another drive came back from the reset"}, fmt.Errorf("after the reset: %w", err)
	}
	return Defence{Kind: Reset}, nil
}
