// Package release takes down what stands on a drive, so that it can be had
// exclusively: mounts are flushed and unmounted, encrypted volumes closed, LVM
// volumes deactivated. Only what lies on that drive alone is taken down, and never
// by force; everything else stays, and so does the refusal.
//
// It writes nothing to the drive but what unmounting flushes. Nothing that it
// says is to be believed: whoever is to use the drive afterwards asks the guards
// of package drive again, and opens it exclusively.
package release

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/human"
)

// Kind is what a step does.
type Kind string

const (
	Unmount       Kind = "unmount"
	CloseCrypt    Kind = "close-crypt"
	DeactivateLVM Kind = "deactivate-lvm"
)

// steps are the kinds of things that can be taken down, and by what.
var steps = map[drive.StandingKind]Kind{
	drive.StandingMount: Unmount,
	drive.StandingCrypt: CloseCrypt,
	drive.StandingLVM:   DeactivateLVM,
}

// Asks reports whether the operator has to agree first. A desktop mounts a stick
// by itself; an encrypted or LVM volume was opened by somebody.
func (k Kind) Asks() bool { return k != Unmount }

// Step takes down one thing.
type Step struct {
	Kind Kind           `json:"kind"`
	On   drive.Standing `json:"on"`
}

// Sentence says what the step does, as a command without a full stop. It is safe
// to print.
func (s Step) Sentence() string {
	name := human.Safe(cmp.Or(s.On.Name, s.On.Device))
	switch s.Kind {
	case Unmount:
		return fmt.Sprintf("unmount %s (%s on %s)", name, human.Safe(s.On.FileSystem), s.On.Device)
	case CloseCrypt:
		return fmt.Sprintf("close the encrypted volume %s (%s)", name, s.On.Device)
	default:
		return fmt.Sprintf("deactivate the LVM volume %s (%s)", name, s.On.Device)
	}
}

// Plan is what it takes to get a drive free.
type Plan struct {
	Drive drive.Drive `json:"drive"`
	Steps []Step      `json:"steps"` // in the order in which they are done

	system drive.System
}

// Asks reports whether the operator has to agree to one of the steps.
func (p Plan) Asks() bool {
	for _, s := range p.Steps {
		if s.Kind.Asks() {
			return true
		}
	}
	return false
}

// sentences are those of steps, as a list in one line.
func sentences(steps []Step) string {
	said := make([]string, len(steps))
	for i, s := range steps {
		said[i] = s.Sentence()
	}
	return strings.Join(said, "; ")
}
