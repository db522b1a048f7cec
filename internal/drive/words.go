package drive

import (
	"fmt"
	"strings"

	"github.com/panoscrub/panoscrub/internal/human"
)

// words holds what is said for each reason; %s is for the particulars, %r for the
// remedies in brackets, if there are any.
var words = map[Reason]struct{ sentence, hint string }{
	ReasonNotUSB: {
		"it is %s, neither a USB drive nor an SD card",
		"only USB drives, SD cards and disk images are handled; no option changes that",
	},
	ReasonUnknown: {
		"not enough is known about it to be sure: %s",
		"what cannot be found out counts against a drive; /proc, /sys and /dev must be there and readable",
	},
	ReasonUntraced: {
		"what is in use cannot all be traced to a device, and may be on this one: %s",
		"take out of use what cannot be traced%r; where that fails, restart the machine",
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
