package drive

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/panoscrub/panoscrub/internal/block"
)

// ErrUnsupported is returned where drives cannot be listed.
var ErrUnsupported = fmt.Errorf("drives are listed on Linux only, disk images work everywhere: %w", block.ErrUnsupported)

// System is a machine, seen through its /sys, /proc and /dev below Root: "/" for
// the machine itself, or a tree of files in tests. A drive found below another
// root has its path there, so that no test can reach a drive of the machine.
type System struct {
	Root string
	// Own are the places that this program needs itself. A drive that one of them
	// lies on is refused.
	Own []Place
}

// Place is a file or a folder, which need not exist yet, with words for what it is:
// "the state folder".
type Place struct{ What, Path string }

// Host is the machine that this program runs on.
func Host() System { return System{Root: "/"} }

func (s System) path(name string) string { return filepath.Join(s.Root, name) }
func (s System) dev() string             { return s.path("dev") }

// node is where the device of a kernel name has its node. The kernel writes "!"
// for a slash in a name.
func (s System) node(name string) string {
	return filepath.Join(s.dev(), strings.ReplaceAll(name, "!", "/"))
}

// List returns the whole disks of the machine, each with the reasons against it.
// RAM disks are left out, and so are virtual devices with nothing behind them.
func (s System) List() ([]Drive, error) {
	found, _, err := s.survey()
	if err != nil {
		return nil, fmt.Errorf("listing the drives: %w", err)
	}
	var drives []Drive
	for _, f := range found {
		if !f.idle {
			drives = append(drives, f.Drive)
		}
	}
	return drives, nil
}

// surveyed is a disk with what only its surroundings need to know.
type surveyed struct {
	Drive
	numbers []string // of the disk, its partitions, and what stands on them
	idle    bool     // nothing that anybody would look for in a list
}

// carries reports whether the device with a number is the disk or lies on it.
func (f surveyed) carries(number string) bool { return slices.Contains(f.numbers, number) }

// survey reads every disk, short names first, so that sdz precedes sdaa, and what
// the system does with them.
func (s System) survey() ([]surveyed, usage, error) {
	if s.Root == Host().Root && !hasKernelTree {
		return nil, usage{}, ErrUnsupported
	}
	entries, err := os.ReadDir(s.path("sys/block"))
	if err != nil {
		return nil, usage{}, err
	}
	slices.SortFunc(entries, func(a, b os.DirEntry) int {
		return cmp.Or(cmp.Compare(len(a.Name()), len(b.Name())), cmp.Compare(a.Name(), b.Name()))
	})
	u := s.usage()
	found := make([]surveyed, len(entries))
	for i, e := range entries {
		found[i] = s.examine(e.Name(), u)
	}
	noteTwins(found)
	return found, u, nil
}

// noteTwins marks USB drives that show the same serial at the same time. The
// slots of one card reader share its serial by right.
func noteTwins(found []surveyed) {
	for i := range found {
		for j := range found {
			a, b := &found[i].Drive, found[j].Drive
			if a.Identity.Kind == KindUSB && b.Identity.Kind == KindUSB && a.Attachment.PortPath != b.Attachment.PortPath &&
				a.Identity.SerialQuality != SerialMissing && a.Identity.Serial == b.Identity.Serial &&
				a.Identity.VendorID == b.Identity.VendorID && a.Identity.ProductID == b.Identity.ProductID {
				a.Attachment.SameSerial = append(a.Attachment.SameSerial, b.Path)
			}
		}
	}
}
