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

// imageSector is the sector size of an image: that of nearly every drive that an
// image was made of.
const imageSector = 512

// image describes a target that is no block device.
func (s System) image(target string, info fs.FileInfo) Drive {
	d := Drive{
		Path: target,
		Identity: Identity{
			Schema: IdentitySchema, Kind: KindImage, SerialQuality: SerialMissing,
			Name: strings.ToValidUTF8(filepath.Base(target), "\uFFFD"),
		},
		Attachment: Attachment{Removable: "unknown"},
		Refusals:   []Refusal{},
	}
	if !info.Mode().IsRegular() {
		d.Refusals = []Refusal{refuse(ReasonNotRegular, fileKind(info.Mode()))}
		return d
	}
	d.Identity.SizeBytes = info.Size()
	d.Identity.LogicalSectorBytes = imageSector
	if info.Size() == 0 {
		d.Refusals = append(d.Refusals, refuse(ReasonEmpty, "the file has no bytes"))
	}
	if why := writeProtection(target, info); why != "" {
		d.Attachment.ReadOnly = true
		d.Refusals = append(d.Refusals, refuse(ReasonReadOnly, why))
	}
	d.Refusals = inOrder(append(d.Refusals, s.surroundings(target, info)...))
	return d
}

// surroundings gives the reasons against an image that lie in what the machine
// does with it. Where the kernel's tree is absent there are no loop devices to
// see, and an image can still be worked on.
func (s System) surroundings(target string, info fs.FileInfo) (refusals []Refusal) {
	found, u, err := s.survey()
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, ErrUnsupported):
		return nil
	case err != nil:
		return []Refusal{refuse(ReasonUnknown, fmt.Sprintf("whether it is attached as a loop device: %v", err))}
	}
	for _, l := range u.loops {
		if behind, err := os.Stat(s.path(l.backing)); err == nil && os.SameFile(behind, info) {
			refusals = append(refusals, refuse(ReasonAlias, s.node(l.name)))
		}
	}
	place := s.placeOf(target, u.mounts, nil)
	if place.fsType == "devtmpfs" {
		refusals = append(refusals, refuse(ReasonUnknown, "it is a file where the node of a device belongs"))
	}
	if d, on := carrier(*place, found); on {
		refusals = append(refusals, refuse(ReasonOnDrive, d.Path))
	}
	return refusals
}

// carrier is the USB drive that a mounted file system lies on, unless the system
// runs from it: there, an image is a file like any other.
func carrier(place mount, found []surveyed) (Drive, bool) {
	for _, f := range found {
		system := slices.ContainsFunc(f.Refusals, func(r Refusal) bool { return r.Reason == ReasonSystem })
		if f.Identity.Kind == KindUSB && !system && slices.ContainsFunc(place.devices, f.carries) {
			return f.Drive, true
		}
	}
	return Drive{}, false
}

// writeProtection says why a file must not be written, "" when it may be. A mode
// without any write bit is heeded even where the system would not: root may
// write such a file, but its owner said that nobody should.
func writeProtection(path string, info fs.FileInfo) string {
	if info.Mode().Perm()&0o222 == 0 {
		return fmt.Sprintf("its mode %v lets nobody write it", info.Mode().Perm())
	}
	if err := mayWrite(path); err != nil {
		return "this user cannot write it: " + err.Error()
	}
	return ""
}

func fileKind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeCharDevice != 0:
		return "a character device"
	}
	return "a special file"
}
