package drive

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// untraced is something in use that stands on a device, nobody knows on which. So
// it counts against every drive.
type untraced struct {
	what   string // for people
	remedy string // the command that takes it out of use; "" for none that is safe to copy
}

// plainPath is a path that means nothing else to a shell.
var plainPath = regexp.MustCompile(`^/[A-Za-z0-9/_.+:-]+$`)

// command is a command on a path, "" for a path that is better not copied.
func command(verb, path string) string {
	if !plainPath.MatchString(path) {
		return ""
	}
	return verb + path
}

// deleted is what the kernel puts behind the path of a file, or of a device's node,
// that went while it was in use.
const deleted = " (deleted)"

// trace finds the number of the block device that a path below /dev names; ""
// when the path is not one of a block device. A name that has gone from /dev, or
// that a container does not show, is looked up among the kernel's own names; one
// that is not there either cannot be traced, which is an error.
func (s System) trace(source string) (string, error) {
	name, isDevice := strings.CutPrefix(source, "/dev/")
	if !isDevice {
		return "", nil
	}
	path := filepath.Join(s.dev(), name)
	if info, err := os.Stat(path); err == nil {
		number, _ := s.blockNumber(path, info)
		return number, nil
	}
	if number := s.classNumber(name); number != "" {
		return number, nil
	}
	return "", fmt.Errorf("%s cannot be traced to a device", source)
}

// claimed is the number of a block device that the kernel has claimed for itself,
// as what it swaps to, by the path by which it was opened; "" for a device that has
// gone.
//
// When a drive is pulled, the kernel takes its nodes away, and calls a path that
// was opened before deleted. But a node can be deleted by anybody, and can have had
// any name: so a device that is still there may be taken for gone. For what is
// claimed that is safe, since the kernel then lets nobody open the device, or the
// drive that it is a part of, exclusively, which is the only way in which a drive
// is opened here. What is not claimed, as what a loop device stands on, must not be
// judged by this.
//
// A name that was given to another device since is taken for that one: the kernel
// gives none away as long as it is in use, so that it is rather the same device.
func (s System) claimed(path string) (number string, err error) {
	if number, err = s.trace(path); err == nil && number == "" {
		err = fmt.Errorf("%s is not a block device", path)
	}
	node, wasDeleted := strings.CutSuffix(path, deleted)
	if err == nil || !wasDeleted {
		return number, err
	}
	if number, err := s.trace(node); err == nil && number != "" {
		return number, nil
	}
	if name, isDevice := strings.CutPrefix(node, "/dev/"); isDevice && s.gone(name) {
		return "", nil
	}
	return "", err
}

// gone reports whether the kernel has no device of a name any more. A list without
// a device, as where /sys is covered, proves nothing.
func (s System) gone(name string) bool {
	present, err := dir(s.path("sys/class/block")).names()
	return err == nil && len(present) > 0 && !slices.Contains(present, kernelName(name))
}
