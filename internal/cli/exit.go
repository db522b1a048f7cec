package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/helper"
	"github.com/panoscrub/panoscrub/internal/session"
	"github.com/panoscrub/panoscrub/internal/udisks"
	"github.com/panoscrub/panoscrub/internal/volume"
)

// The exit codes of the contract; exitCodes in cli.go explains them to users.
const (
	exitDone        = 0
	exitError       = 1
	exitUsage       = 2
	exitLeftovers   = 3
	exitRefused     = 4
	exitNotPass     = 5
	exitNotValid    = 6
	exitInterrupted = 130
)

// outcome is an error that has been reported already and only sets the code.
type outcome int

func (o outcome) Error() string { return fmt.Sprintf("exit code %d", int(o)) }

// errHelpShown ends a run that only showed help because there was nothing to do.
const errHelpShown = outcome(exitUsage)

// usageError is a mistake on the command line.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// notBegunError ended a run before the first write.
type notBegunError struct{ err error }

func (e notBegunError) Error() string { return e.err.Error() }
func (e notBegunError) Unwrap() error { return e.err }

// interruptedError is the cause of a context that a signal cancelled.
type interruptedError struct{ signal os.Signal }

func (e interruptedError) Error() string { return "interrupted by " + e.signal.String() }

// exitCode gives each error its code.
func exitCode(err error) int {
	var (
		already     outcome
		usage       usageError
		refused     *drive.RefusedError
		interrupted interruptedError
		notBegun    notBegunError
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &already):
		return int(already)
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &interrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &refused), isAny(err, block.ErrBusy, block.ErrReadOnly, block.ErrEmpty, block.ErrNotImage,
		block.ErrNotDrive, block.ErrChanged, volume.ErrTooSmall, session.ErrDeclined, helper.ErrNotStarted,
		udisks.ErrDenied, udisks.ErrUnavailable, udisks.ErrUnknown):
		return exitRefused
	case errors.As(err, &notBegun) && errors.Is(err, block.ErrGone): // pulled, or swapped for another
		return exitRefused
	}
	return exitError
}

func isAny(err error, targets ...error) bool {
	for _, target := range targets {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("unknown command %q", args[0])
	}
	return nil
}

// oneArgument makes a cobra rule for commands that take exactly one argument.
func oneArgument(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch len(args) {
		case 1:
			return nil
		case 0:
			return usagef("%s is missing", name)
		}
		return usagef("one %s is expected, got %d arguments", name, len(args))
	}
}
