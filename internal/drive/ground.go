package drive

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// ground is a disk with everything on it, and what the system does with devices:
// the same survey that the guards judge by.
type ground struct {
	System
	use     usage
	devices []device // each before what it stands on
}

func (s System) ground(node string) (ground, error) {
	if s.Root == Host().Root && !hasKernelTree {
		return ground{}, ErrUnsupported
	}
	at, err := dir(s.path("sys/block")).follow(node)
	if err != nil {
		return ground{}, err
	}
	u := s.usage()
	if unsure := u.unsure(); len(unsure) > 0 {
		return ground{}, errors.New(strings.Join(unsure, "; "))
	}
	w := stackWalk{System: s, attached: u.attached, seen: map[string]bool{}}
	err = w.visit(at, "")
	return ground{System: s, use: u, devices: w.topFirst}, err
}

// named is the device with a number, among the drive and what is on it.
func (g ground) named(number string) (device, bool) {
	i := slices.IndexFunc(g.devices, func(d device) bool { return d.number == number })
	if i < 0 {
		return device{}, false
	}
	return g.devices[i], true
}

// mounts lists the mounts on the drive, and those inside of them, deepest first,
// and the latest first among equals.
func (g ground) mounts() []Standing {
	byID := map[int]mount{}
	for _, m := range g.use.mounts {
		byID[m.id] = m
	}
	var mounts []Standing
	depth := map[int]int{}
	for _, m := range slices.Backward(g.use.mounts) {
		above := g.ancestors(m, byID)
		if g.carriesMount(m) || slices.ContainsFunc(above, g.carriesMount) {
			depth[m.id] = len(above)
			mounts = append(mounts, g.standingMount(m))
		}
	}
	slices.SortStableFunc(mounts, func(a, b Standing) int { return cmp.Compare(depth[b.Mount], depth[a.Mount]) })
	return mounts
}

// ancestors are the mounts that a mount lies in, the nearest first.
func (g ground) ancestors(m mount, byID map[int]mount) (above []mount) {
	seen := map[int]bool{m.id: true}
	for {
		parent, listed := byID[m.parent]
		if !listed || seen[parent.id] {
			return above
		}
		seen[parent.id] = true
		above = append(above, parent)
		m = parent
	}
}

func (g ground) carriesMount(m mount) bool {
	return slices.ContainsFunc(m.devices, func(n string) bool { _, own := g.named(n); return own })
}

func (g ground) standingMount(m mount) Standing {
	st := Standing{
		Kind: StandingMount, Number: m.number, Name: m.point, FileSystem: m.fsType, Mount: m.id,
		System: slices.Contains(systemPoints, m.point),
	}
	for _, n := range m.devices {
		if d, own := g.named(n); own {
			st.Device, st.Number = d.name, n
		} else {
			st.Elsewhere = append(st.Elsewhere, n)
		}
	}
	if len(m.devices) == 0 {
		st.Elsewhere = []string{m.number}
	}
	return st
}

func (g ground) swapped() (swaps []Standing) {
	for _, d := range g.devices {
		for _, file := range g.use.swaps[d.number] {
			swaps = append(swaps, Standing{Kind: StandingSwap, Device: d.name, Number: d.number, Name: file})
		}
	}
	return swaps
}
