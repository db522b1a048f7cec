package drive

import (
	"cmp"
	"slices"
	"strings"

	"github.com/panoscrub/panoscrub/internal/human"
)

// Reason is why a target may not be touched.
type Reason string

const (
	ReasonNotUSB     Reason = "not-usb"     // neither a USB drive nor an SD card
	ReasonUnknown    Reason = "unknown"     // something that a guard needs could not be found out
	ReasonUntraced   Reason = "untraced"    // something in use may be on it, or on any other drive
	ReasonNotRegular Reason = "not-regular" // neither a drive nor a regular file
	ReasonAlias      Reason = "alias"       // another name of a device, or the file behind one
	ReasonPartition  Reason = "partition"   // a part of a drive
	ReasonSystem     Reason = "system"      // the running system needs it
	ReasonOwn        Reason = "our-own"     // this program itself needs it
	ReasonMounted    Reason = "mounted"     // a file system on it is mounted
	ReasonHidden     Reason = "hidden"      // a file system on it is in use, and mounted nowhere in sight
	ReasonSwap       Reason = "swap"        // active swap space is on it
	ReasonHeld       Reason = "held"        // LVM, RAID, encryption or the like stands on it
	ReasonReadOnly   Reason = "read-only"   // write-protected
	ReasonEmpty      Reason = "empty"       // no medium, or no bytes
	ReasonOnDrive    Reason = "on-drive"    // an image that lies on the drive that it may be a copy of
)

// order is the order in which reasons are given, the gravest first.
var order = []Reason{
	ReasonNotUSB, ReasonUnknown, ReasonUntraced, ReasonNotRegular, ReasonAlias, ReasonPartition, ReasonSystem,
	ReasonOwn, ReasonMounted, ReasonHidden, ReasonSwap, ReasonHeld, ReasonReadOnly, ReasonEmpty, ReasonOnDrive,
}

// Purpose is what a target is wanted for.
type Purpose int

const (
	Reading Purpose = iota // looking at it, exclusively where it is a drive
	Writing                // overwriting it
)

// Refusal is one reason with its particulars.
type Refusal struct {
	Reason Reason `json:"reason"`
	// About are the particulars: mount points, holders, nodes, causes. They are
	// as found, and hostile until shown through Sentence or Hint.
	About []string `json:"about,omitempty"`
	// Remedies are commands that take away what stands against it.
	Remedies []string `json:"remedies,omitempty"`
}

// refuse makes a refusal.
func refuse(reason Reason, about ...string) Refusal { return Refusal{Reason: reason, About: about} }

// refuseUntraced makes the refusal for what may be on any drive.
func refuseUntraced(all []untraced) Refusal {
	r := refuse(ReasonUntraced)
	for _, u := range all {
		r.About = append(r.About, u.what)
		if u.remedy != "" {
			r.Remedies = append(r.Remedies, u.remedy)
		}
	}
	return r
}

// Forbids reports whether the refusal stands against a purpose. Write protection
// and an image's place are no hindrance to looking; everything else is, since
// even looking takes a drive exclusively.
func (r Refusal) Forbids(p Purpose) bool {
	return p == Writing || r.Reason != ReasonReadOnly && r.Reason != ReasonOnDrive
}

// Sentence says what stands against the target, as a clause that continues "it
// is refused:", without a full stop. It is safe to print.
func (r Refusal) Sentence() string {
	return strings.ReplaceAll(words[r.Reason].sentence, "%s", listed(r.About))
}

// Hint says what to do about it. It is safe to print, and carries no name that
// was chosen by a drive, such as a mount point: hints are copied into shells.
func (r Refusal) Hint() string {
	remedies := ""
	if len(r.Remedies) > 0 {
		remedies = " (" + listed(r.Remedies) + ")"
	}
	return strings.NewReplacer("%s", listed(r.About), "%r", remedies).Replace(words[r.Reason].hint)
}

// inOrder sorts refusals by their reason's place in order.
func inOrder(refusals []Refusal) []Refusal {
	slices.SortStableFunc(refusals, func(a, b Refusal) int {
		return cmp.Compare(slices.Index(order, a.Reason), slices.Index(order, b.Reason))
	})
	return refusals
}

// RefusedError says that a target may not be touched, and why.
type RefusedError struct {
	Path     string
	Refusals []Refusal
}

func (e *RefusedError) Error() string {
	why := make([]string, len(e.Refusals))
	for i, r := range e.Refusals {
		why[i] = r.Sentence()
	}
	return human.Safe(e.Path) + " is refused: " + strings.Join(why, "; ")
}

// Refused is nil for a drive that may be overwritten, else a *[RefusedError]
// with every reason against it.
func (d Drive) Refused() error { return d.RefusedFor(Writing) }

// RefusedFor is nil for a drive that may be used for a purpose, else a
// *[RefusedError] with every reason against that.
func (d Drive) RefusedFor(p Purpose) error {
	var against []Refusal
	for _, r := range d.Refusals {
		if r.Forbids(p) {
			against = append(against, r)
		}
	}
	if len(against) == 0 {
		return nil
	}
	return &RefusedError{Path: d.Path, Refusals: against}
}
