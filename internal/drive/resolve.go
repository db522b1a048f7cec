package drive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Resolve finds out what a target is: a node below /dev or a link to one there,
// or the path of a disk image. Whatever there is comes back as a drive, with the
// reasons against it; an error says that there is nothing to look at, and wraps
// [fs.ErrNotExist] where the target is missing.
func (s System) Resolve(target string) (Drive, error) {
	info, err := os.Stat(target)
	if err != nil {
		return Drive{}, fmt.Errorf("looking at the target: %w", err)
	}
	if number, ok := s.blockNumber(target, info); ok {
		return s.device(target, number), nil
	}
	if info.Mode()&fs.ModeDevice != 0 && !hasKernelTree {
		return Drive{}, fmt.Errorf("%s: %w", target, ErrUnsupported)
	}
	return s.image(target, info), nil
}

// MayOpen reports whether this process has the right to open a target for a
// purpose. Whether that is a good idea the refusals tell.
func (d Drive) MayOpen(p Purpose) bool {
	return mayRead(d.Path) == nil && (p == Reading || mayWrite(d.Path) == nil)
}

// device is the disk that a device number belongs to. A partition gives the
// whole disk with one reason more against it, and so does a name elsewhere than
// in /dev: those who follow it later would not see what they follow.
func (s System) device(target, number string) Drive {
	d, node, err := s.find(number)
	if err != nil {
		return Drive{
			Path:     target,
			Identity: Identity{Schema: IdentitySchema, Kind: KindOther, SerialQuality: SerialMissing},
			Refusals: []Refusal{refuse(ReasonUnknown, fmt.Sprintf("the device %s: %v", number, err))},
		}
	}
	whole := d.Path
	d.Path = s.node(node)
	if d.Path != whole {
		d.Refusals = append(d.Refusals, refuse(ReasonPartition, whole))
	}
	if _, inside := s.below(s.dev(), target); !inside {
		d.Refusals = append(d.Refusals, refuse(ReasonAlias, d.Path))
	}
	d.Refusals = inOrder(d.Refusals)
	return d
}

// find looks up the disk of a device number, and the name of the very device: the
// disk's own, or that of one of its partitions.
func (s System) find(number string) (d Drive, node string, err error) {
	at, err := dir(s.path("sys/dev/block")).follow(number)
	if err != nil {
		return Drive{}, "", err
	}
	whole := at
	if at.has("partition") {
		whole = at.up()
	}
	found, _, err := s.survey()
	if err != nil {
		return Drive{}, "", err
	}
	i := slices.IndexFunc(found, func(f surveyed) bool { return f.Attachment.Node == whole.base() })
	if i < 0 {
		return Drive{}, "", errors.New("it is not among the disks of this machine")
	}
	d = found[i].Drive
	d.Refusals = slices.Clone(d.Refusals)
	return d, at.base(), nil
}

// below is the path as seen from a folder, and whether it lies in it at all,
// judged by the names alone.
func (s System) below(folder, path string) (string, bool) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", false
	}
	rest, err := filepath.Rel(folder, absolute)
	return rest, err == nil && rest != ".." && !strings.HasPrefix(rest, ".."+string(filepath.Separator))
}

// blockNumber is the number of the block device whose node a path leads to.
//
// A tree of files has no nodes: below any root but the machine's own, a file in
// dev that is named like a device of that tree stands for its node.
func (s System) blockNumber(path string, info fs.FileInfo) (string, bool) {
	if number, ok := nodeNumber(info); ok || s.Root == Host().Root || !info.Mode().IsRegular() {
		return number, ok
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", false
	}
	devFolder, err := filepath.EvalSymlinks(s.dev())
	if err != nil {
		return "", false
	}
	name, inside := s.below(devFolder, real)
	if !inside {
		return "", false
	}
	number := s.classNumber(name)
	return number, number != ""
}

// classNumber is the number of the device with a name, as in "sdb1" or
// "cciss/c0d0p1"; "" when the kernel knows none.
func (s System) classNumber(name string) string {
	number := dir(s.path("sys/class/block/" + kernelName(name))).text("dev")
	if !validNumber(number) {
		return ""
	}
	return number
}

// kernelName is the kernel's own name of a device with a node in /dev, or in a
// folder there: it has "!" for a slash.
func kernelName(node string) string { return strings.ReplaceAll(node, "/", "!") }
