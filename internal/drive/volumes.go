package drive

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// volumeGroup is how many characters of an LVM volume's UUID are the same for all
// volumes of a group: "LVM-" and the group's own 32.
const volumeGroup = 4 + 32

// volumes are the devices that stand on the drive, each before what it stands on.
func (g ground) volumes() (volumes []Standing, err error) {
	for _, d := range g.devices {
		if d.holder == "" {
			continue
		}
		st := Standing{Kind: kindOf(d.dir), Device: d.name, Number: d.number}
		name := "dm/name"
		if st.Kind == StandingLoop {
			name = "loop/backing_file"
		}
		var nameErr, uuidErr, baseErr error
		st.Name, nameErr = d.dir.exact(name)
		st.UUID, uuidErr = d.dir.exact("dm/uuid")
		st.Elsewhere, baseErr = g.elsewhere(d.dir)
		if err := errors.Join(nameErr, uuidErr, baseErr); err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
		volumes = append(volumes, st)
	}
	return volumes, nil
}

// exact is an attribute as it is, but for the kernel's line end; "" when the
// device has none.
func (d dir) exact(name string) (string, error) {
	if !d.has(name) {
		return "", nil
	}
	s, err := d.raw(name)
	return strings.TrimSuffix(s, "\n"), err
}

// elsewhere are the numbers of what a volume stands on outside of the drive. One
// that says nothing of what it stands on counts as standing elsewhere.
func (g ground) elsewhere(volume dir) (outside []string, err error) {
	together, err := g.together(volume)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, v := range together {
		bases, err := basesOf(v, seen)
		if err != nil {
			return nil, err
		}
		for _, number := range bases {
			if d, own := g.named(number); !own || d.holder != "" {
				outside = append(outside, number)
			}
		}
	}
	return outside, nil
}

// together is a volume with all others of its LVM volume group that are active.
func (g ground) together(volume dir) ([]dir, error) {
	uuid := volume.text("dm/uuid")
	if kindOf(volume) != StandingLVM {
		return []dir{volume}, nil
	}
	group := uuid[:min(len(uuid), volumeGroup)]
	blocks := dir(g.path("sys/block"))
	names, err := blocks.names()
	if err != nil {
		return nil, err
	}
	var all []dir
	for _, name := range names {
		if other := dir(blocks.path(name)); strings.HasPrefix(other.text("dm/uuid"), group) {
			all = append(all, other)
		}
	}
	return all, nil
}

// basesOf follows a device down to those that stand on no other, and returns
// their numbers.
func basesOf(at dir, seen map[string]bool) (bases []string, err error) {
	if seen[at.base()] {
		return nil, nil
	}
	seen[at.base()] = true
	slaves := dir(at.path("slaves"))
	names, err := slaves.names()
	if err != nil || len(names) == 0 {
		return []string{at.text("dev")}, err
	}
	for _, name := range names {
		below, err := slaves.follow(name)
		if err != nil {
			return nil, err
		}
		deeper, err := basesOf(below, seen)
		if err != nil {
			return nil, err
		}
		bases = append(bases, deeper...)
	}
	slices.Sort(bases)
	return slices.Compact(bases), nil
}
