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
	"context"
	"fmt"
	"slices"
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

// Step takes down one thing.
type Step struct {
	Kind Kind           `json:"kind"`
	On   drive.Standing `json:"on"`
}

// desktop are the folders below which a desktop mounts what is plugged in.
var desktop = []string{"/media/", "/run/media/"}

// Asks reports whether the operator has to agree to the step. A desktop mounts a
// stick by itself; whatever else is mounted or opened, somebody wanted to have so.
func (s Step) Asks() bool {
	inDesktop := func(folder string) bool { return strings.HasPrefix(s.On.Name, folder) }
	return s.Kind != Unmount || !slices.ContainsFunc(desktop, inDesktop)
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

// Beyond are the steps to which the operator has to agree and has not. A USB disk
// may be one that people keep their files on: there, every step asks.
func (p Plan) Beyond(agreed []Step) (steps []Step) {
	for _, s := range p.Steps {
		isIt := func(a Step) bool { return a.Kind == s.Kind && a.isAbout(s.On) }
		if (s.Asks() || p.Drive.ByNameOnly()) && !slices.ContainsFunc(agreed, isIt) {
			steps = append(steps, s)
		}
	}
	return steps
}

// Unmounter takes one mount away of the file system on a node, such as /dev/sdb1.
// One that is in use is [block.ErrBusy].
type Unmounter interface {
	Unmount(ctx context.Context, node string) error
}

// OnlyUnmounts reports whether the plan takes down nothing but mounts.
func (p Plan) OnlyUnmounts() bool {
	return !slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Kind != Unmount })
}

// isAbout reports whether that is what the step was planned for, under whatever
// name: a folder above a mount point may have been renamed.
func (s Step) isAbout(on drive.Standing) bool {
	return s.On.Kind == on.Kind && s.On.Mount == on.Mount && s.On.Number == on.Number && s.On.UUID == on.UUID
}

// sentences are those of steps, as a list in one line.
func sentences(steps []Step) string {
	said := make([]string, len(steps))
	for i, s := range steps {
		said[i] = s.Sentence()
	}
	return strings.Join(said, "; ")
}
