package drive

import (
	"cmp"
	"slices"
)

// systemPoints are the mount points without which a running system does not go
// on. A drive with one of them is told apart from one that merely needs to be
// unmounted; both are refused.
var systemPoints = []string{
	"/", "/boot", "/boot/efi", "/boot/firmware", "/efi", "/etc", "/home", "/nix", "/nix/store", "/opt", "/root",
	"/srv", "/sysroot", "/usr", "/usr/local", "/var", "/var/lib", "/var/log", "/var/tmp", "/tmp",
	// Live systems keep the medium that they run from here.
	"/cdrom", "/lib/live/mount/medium", "/run/archiso/bootmnt", "/run/initramfs/live", "/run/live/medium",
}

// guard gives every reason against a disk. What names the disk when it is of no
// kind that is handled; devices is the disk with everything on it.
func (d *disk) guard(what string, devices []device, u usage) []Refusal {
	refusals := against(devices, u)
	id := d.drive.Identity
	if id.Kind == KindOther {
		refusals = append(refusals, refuse(ReasonNotUSB, what))
	}
	if len(d.unknown) > 0 {
		refusals = append(refusals, refuse(ReasonUnknown, d.unknown...))
	}
	if len(u.untraced) > 0 {
		refusals = append(refusals, refuseUntraced(u.untraced))
	}
	if d.alias {
		refusals = append(refusals, refuse(ReasonAlias, d.drive.Attachment.Backing))
	}
	if d.drive.Attachment.ReadOnly {
		refusals = append(refusals, refuse(ReasonReadOnly, "it is write-protected"))
	}
	if d.empty {
		refusals = append(refusals, refuse(ReasonEmpty, "no medium is in it"))
	}
	return inOrder(refusals)
}

// against gives the reasons that lie in what the system does with a disk and
// with everything on it.
func against(devices []device, u usage) []Refusal {
	refusals := []Refusal{}
	var system, own, mounted, hidden, swaps, holders []string
	for _, d := range devices {
		for _, point := range u.points[d.number] {
			mounted = including(mounted, point)
			if slices.Contains(systemPoints, point) {
				system = including(system, point)
			}
		}
		for _, what := range u.own[d.number] {
			own = including(own, what)
		}
		if fsType := u.hidden[d.number]; fsType != "" {
			hidden = append(hidden, fsType+" on "+d.name)
		}
		for _, file := range u.swaps[d.number] {
			swaps = including(swaps, cmp.Or(file, d.name))
		}
		if d.holder != "" {
			holders = append(holders, d.holder)
		}
	}
	slices.Sort(system)
	slices.Sort(mounted)
	for _, r := range []Refusal{
		refuse(ReasonSystem, system...),
		refuse(ReasonOwn, own...),
		refuse(ReasonMounted, mounted...),
		refuse(ReasonHidden, hidden...),
		refuse(ReasonSwap, swaps...),
		refuse(ReasonHeld, holders...),
	} {
		if len(r.About) > 0 {
			refusals = append(refusals, r)
		}
	}
	return refusals
}

// including appends what is not there yet.
func including(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
