package drive

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// usage is what the running system does with block devices, each named by its
// number ("8:17").
type usage struct {
	mounts   []mount             // in the kernel's order
	points   map[string][]string // where each is mounted
	hidden   map[string]string   // file systems that are in use and mounted nowhere in sight: of what type
	swaps    map[string][]string // swap files on it, or "" for the device itself
	own      map[string][]string // what this program needs of it
	loops    []loop
	attached map[string][]string // names of the virtual devices that stand on it, unlisted by the kernel
	gaps     []string            // what could not be found out
	untraced []untraced          // what is in use, nobody knows on which device
}

// usage reads the tables of the kernel. It never fails: what cannot be read is a
// gap, and a gap counts against every drive, as does what cannot be traced.
func (s System) usage() usage {
	u := usage{
		points: map[string][]string{}, hidden: map[string]string{}, swaps: map[string][]string{},
		own: map[string][]string{}, attached: map[string][]string{},
	}
	u.note(s.noteMounts(&u))
	u.note(s.noteHidden(&u))
	u.note(s.noteSwaps(&u))
	u.note(s.noteLoops(&u))
	u.note(s.noteZram(&u))
	s.noteOwn(&u)
	return u
}

func (u *usage) note(err error) {
	if err != nil {
		u.gaps = append(u.gaps, err.Error())
	}
}

// unsure is all that is not known, in words.
func (u usage) unsure() []string {
	unsure := slices.Clone(u.gaps)
	for _, t := range u.untraced {
		unsure = append(unsure, t.what+" cannot be traced to a device")
	}
	return unsure
}

func (s System) noteMounts(u *usage) (err error) {
	if u.mounts, err = table(s, "proc/self/mountinfo", parseMounts); err != nil {
		return err
	}
	pools, err := s.btrfsPools()
	if err != nil {
		return err
	}
	for i := range u.mounts {
		m := &u.mounts[i]
		if m.devices, err = s.devicesOf(*m, pools); err != nil {
			u.untraced = append(u.untraced, untraced{what: fmt.Sprintf("what is mounted at %s from %s", m.point, m.source)})
		}
	}
	s.noteOverlays(u.mounts)
	for _, m := range u.mounts {
		for _, n := range m.devices {
			u.points[n] = including(u.points[n], m.point)
		}
	}
	return nil
}

func (s System) noteSwaps(u *usage) error {
	swaps, err := table(s, "proc/swaps", parseSwaps)
	if err != nil {
		return err
	}
	for _, swap := range swaps {
		if swap.file {
			s.noteSwapFile(u, strings.TrimSuffix(swap.path, deleted))
			continue
		}
		number, err := s.claimed(swap.path)
		switch {
		case err != nil:
			u.untraced = append(u.untraced, untraced{"swap space on " + swap.path, command("swapoff ", swap.path)})
		case number != "":
			u.swaps[number] = append(u.swaps[number], "")
		}
	}
	return nil
}

func (s System) noteSwapFile(u *usage, path string) {
	for _, number := range s.devicesUnder(s.path(path), u.mounts) {
		u.swaps[number] = append(u.swaps[number], path)
	}
}

// devicesOf is the numbers of the block devices that a mounted file system lies
// on. Most carry it as their own number. Others have an anonymous one, and tell
// the device as their source; those of btrfs lie on every member of their pool,
// and on any pool at all where the source tells nothing.
func (s System) devicesOf(m mount, pools [][]string) ([]string, error) {
	if !strings.HasPrefix(m.number, "0:") {
		return []string{m.number}, nil
	}
	number, err := s.trace(m.source)
	if m.fsType == "btrfs" {
		for _, pool := range pools {
			if slices.Contains(pool, number) {
				return pool, nil
			}
		}
		if number == "" && len(pools) > 0 {
			return slices.Concat(pools...), nil
		}
	}
	if number == "" {
		return nil, err
	}
	return []string{number}, nil
}

// table reads one of the kernel's tables.
func table[T any](s System, path string, parse func(io.Reader) ([]T, error)) ([]T, error) {
	f, err := os.Open(s.path(path))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := parse(f)
	if err != nil {
		return nil, fmt.Errorf("/%s: %w", path, err)
	}
	return rows, nil
}
