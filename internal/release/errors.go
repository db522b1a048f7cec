package release

import (
	"fmt"
	"strings"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/human"
)

// KeptError says why a drive cannot be got free: each thing on it that stays. It
// wraps the refusal that stays with it.
type KeptError struct {
	Path    string
	Why     []string // sentences without a full stop, safe to print
	Refused error
}

func (e *KeptError) Error() string {
	return fmt.Sprintf("what stands on %s is not taken down: %s", human.Safe(e.Path), strings.Join(e.Why, "; "))
}

func (e *KeptError) Unwrap() error { return e.Refused }

// NotAgreedError says what would get a drive free, and that the operator has not
// agreed to it. It wraps the refusal that stays.
type NotAgreedError struct {
	Path    string
	Steps   []Step
	Refused error
}

func (e *NotAgreedError) Error() string {
	return fmt.Sprintf("%s is in use; to get it free: %s", human.Safe(e.Path), sentences(e.Steps))
}

func (e *NotAgreedError) Unwrap() error { return e.Refused }

// StepError says which step failed, and what had been done by then. What was
// taken down stays down.
type StepError struct {
	Failed Step
	Done   []Step
	Err    error
}

func (e *StepError) Error() string {
	done := "nothing was taken down before"
	if len(e.Done) > 0 {
		done = "done before: " + sentences(e.Done)
	}
	return fmt.Sprintf("failed to %s: %v; %s", e.Failed.Sentence(), e.Err, done)
}

func (e *StepError) Unwrap() error { return e.Err }

// BusyError says that something is in use, and by whom as far as that could be
// seen. It wraps [block.ErrBusy].
type BusyError struct {
	Point   string // the mount point or the volume's name; hostile
	Holders []Process
	// Unseen is how many processes could not be looked into, or not in full. The
	// kernel itself may hold a mount too, for a swap file or a loop device, and so
	// may a process of another container; neither is seen or counted.
	Unseen int
}

func (e *BusyError) Unwrap() error { return block.ErrBusy }

func (e *BusyError) Error() string {
	const most = 5
	said := human.Safe(e.Point) + " is in use by "
	for i, p := range e.Holders[:min(len(e.Holders), most)] {
		if i > 0 {
			said += ", "
		}
		said += p.String()
	}
	switch n := len(e.Holders); {
	case n == 0:
		said += "something that is no process seen from here"
	case n > most:
		said += fmt.Sprintf(" and %d more", n-most)
	}
	if e.Unseen > 0 {
		said += fmt.Sprintf(" (%d processes could not be looked into)", e.Unseen)
	}
	return said
}

// Process is one that holds something.
type Process struct {
	PID  int    `json:"pid"`
	Name string `json:"name"` // as it calls itself; hostile
	// How are the ways in which it does: "working directory", "root directory",
	// "program", "open file", "mapped file".
	How []string `json:"how"`
}

// String is safe to print: "evince (4711: open file, mapped file)".
func (p Process) String() string {
	return fmt.Sprintf("%s (%d: %s)", human.Safe(p.Name), p.PID, strings.Join(p.How, ", "))
}
