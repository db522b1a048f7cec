package drive

import (
	"fmt"
	"slices"
	"strings"
)

// StandingKind is what kind of thing stands on a drive.
type StandingKind string

const (
	StandingLoop   StandingKind = "loop"   // a loop device, on a device of the drive or on a file on it
	StandingSwap   StandingKind = "swap"   // active swap space
	StandingMount  StandingKind = "mount"  // a mounted file system
	StandingCrypt  StandingKind = "crypt"  // an open encrypted volume, or another that cryptsetup made
	StandingLVM    StandingKind = "lvm"    // an active LVM volume
	StandingMapper StandingKind = "mapper" // any other device-mapper volume
	StandingRAID   StandingKind = "raid"   // an assembled RAID array
	StandingCache  StandingKind = "bcache" // a cached disk
	StandingZram   StandingKind = "zram"   // compressed memory that moves idle pages to the drive
	StandingOther  StandingKind = "other"  // what is not known
)

// Standing is one thing that the system has put on a drive, and that has to go
// before anybody can have the drive for himself.
type Standing struct {
	Kind StandingKind `json:"kind"`
	// Device is the kernel's name of what is mounted or swapped to, or of the
	// volume itself: "sdb1", "dm-0". Number is its major and minor: "8:17".
	Device string `json:"device"`
	Number string `json:"number"`
	// Name is the mount point, the volume's name, the swap file, or the file
	// behind a loop device; as found, and hostile until it is made safe.
	Name       string `json:"name,omitempty"`
	FileSystem string `json:"fileSystem,omitempty"` // of a mount: "vfat"
	Mount      int    `json:"mount,omitempty"`      // of a mount: the kernel's ID for it
	UUID       string `json:"uuid,omitempty"`       // of a device-mapper volume: "CRYPT-LUKS2-…"
	System     bool   `json:"system,omitempty"`     // of a mount: the running system needs it
	// Elsewhere are the numbers of devices that it needs and that are not of this
	// drive: other physical volumes of a volume group, other members of a file
	// system, or what is mounted inside a mount of the drive.
	Elsewhere []string `json:"elsewhere,omitempty"`
}

// Standing lists what stands on a drive, in the order in which it has to be taken
// down; nothing for an image. It fails where not all of it can be found out. What
// it says of a volume group holds for its active volumes: the kernel knows no
// others.
func (s System) Standing(d Drive) ([]Standing, error) {
	if d.Attachment.Node == "" {
		return nil, nil
	}
	g, err := s.ground(d.Attachment.Node)
	if err != nil {
		return nil, fmt.Errorf("finding out what stands on %s: %w", d.Path, err)
	}
	volumes, err := g.volumes()
	if err != nil {
		return nil, fmt.Errorf("finding out what stands on %s: %w", d.Path, err)
	}
	return slices.Concat(g.swapped(), g.mounts(), volumes), nil
}

// kindOf tells a device that holds others by what the kernel says of it.
func kindOf(holder dir) StandingKind {
	name, uuid := holder.base(), holder.text("dm/uuid")
	switch {
	case strings.HasPrefix(uuid, "CRYPT-"):
		return StandingCrypt
	case strings.HasPrefix(uuid, "LVM-"):
		return StandingLVM
	case strings.HasPrefix(name, "dm-"):
		return StandingMapper
	case strings.HasPrefix(name, "md"):
		return StandingRAID
	case strings.HasPrefix(name, "bcache"):
		return StandingCache
	case strings.HasPrefix(name, "loop"):
		return StandingLoop
	case strings.HasPrefix(name, "zram"):
		return StandingZram
	}
	return StandingOther
}

// words is the kind for people, with its article; "" for what is not known.
func (k StandingKind) words() string {
	return map[StandingKind]string{
		StandingLoop:   "a loop device",
		StandingCrypt:  "an open encrypted volume",
		StandingLVM:    "an LVM volume",
		StandingMapper: "a device-mapper volume",
		StandingRAID:   "a RAID array",
		StandingCache:  "a cached disk",
		StandingZram:   "compressed memory",
	}[k]
}
