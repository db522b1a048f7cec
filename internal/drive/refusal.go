package drive

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/panoscrub/panoscrub/internal/human"
)

// Reason is why a target may not be touched.
type Reason string

const (
	ReasonNotUSB     Reason = "not-usb"     // neither a USB drive nor an SD card
	ReasonUnknown    Reason = "unknown"     // something that a guard needs could not be found out
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
	ReasonNotUSB, ReasonUnknown, ReasonNotRegular, ReasonAlias, ReasonPartition, ReasonSystem,
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
}

// refuse makes a refusal.
func refuse(reason Reason, about ...string) Refusal { return Refusal{reason, about} }

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
	return strings.ReplaceAll(words[r.Reason].hint, "%s", listed(r.About))
}

// words holds what is said for each reason; %s is for the particulars.
var words = map[Reason]struct{ sentence, hint string }{
	ReasonNotUSB: {
		"it is %s, neither a USB drive nor an SD card",
		"only USB drives, SD cards and disk images are handled; no option changes that",
	},
	ReasonUnknown: {
		"not enough is known about it to be sure: %s",
		"what cannot be found out counts against a drive; /proc, /sys and /dev must be there and readable",
	},
	ReasonNotRegular: {
		"it is %s, neither a drive nor a regular file",
		"name a whole drive such as /dev/sdb, or a disk image",
	},
	ReasonAlias: {
		"it stands for the device %s",
		"name %s itself, if it is what you mean",
	},
	ReasonPartition: {
		"it is a partition of the drive %s",
		"name the whole drive, %s: the overwrite covers every partition and what lies between them",
	},
	ReasonSystem: {
		"the running system is on it, at %s",
		"choose another drive; one that the running system needs is never touched",
	},
	ReasonOwn: {
		"what this program itself needs is on it: %s",
		"keep the state folder (--state-dir) on another drive, and start the program from another drive and another folder",
	},
	ReasonMounted: {
		"it is mounted at %s",
		"inspect and sanitize unmount what the desktop mounted, and ask about other mounts (or take --release for a yes); what they leave you unmount yourself",
	},
	ReasonHidden: {
		"a file system on it is in use, though it is mounted nowhere that this program sees: %s",
		"end what uses it: it is mounted in a container, or it was detached (umount -l) while files on it are open",
	},
	ReasonSwap: {
		"active swap space is on it: %s",
		"if that is really the drive to sanitize, take its swap space out of use with swapoff first",
	},
	ReasonHeld: {
		"it is in use by %s",
		"inspect and sanitize close encrypted and LVM volumes when you agree (or with --release); the rest you close yourself: mdadm --stop for RAID, losetup -d for a loop device",
	},
	ReasonReadOnly: {
		"%s",
		"lift the write protection: the switch on the drive or on the card's adapter, or the mode of the image file",
	},
	ReasonEmpty: {
		"%s",
		"put a card into the reader, plug the drive in again, or name another image",
	},
	ReasonOnDrive: {
		"this image lies on the USB drive %s, and overwriting it would leave that drive as it is",
		"to sanitize the drive, unmount it and name %s; to sanitize the image, copy it to another place first",
	},
}

// listed joins particulars, safe to print, and cuts a long list short.
func listed(about []string) string {
	const most = 5
	rest := ""
	if len(about) > most {
		rest = fmt.Sprintf(" and %d more", len(about)-most)
		about = about[:most]
	}
	safe := make([]string, len(about))
	for i, a := range about {
		safe[i] = human.Safe(a)
	}
	return strings.Join(safe, ", ") + rest
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
