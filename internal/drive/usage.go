package drive

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
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
}

// usage reads the tables of the kernel. It never fails: what cannot be read is a
// gap, and a gap counts against every drive.
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
			u.note(fmt.Errorf("what is mounted at %s: %w", m.point, err))
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
		path := strings.TrimSuffix(swap.path, deleted)
		if swap.file {
			for _, number := range s.devicesUnder(s.path(path), u.mounts) {
				u.swaps[number] = append(u.swaps[number], path)
			}
			continue
		}
		number, err := s.trace(path)
		if err == nil && number == "" {
			err = fmt.Errorf("%s is not a block device", swap.path)
		}
		if err != nil {
			u.note(fmt.Errorf("what is swapped to: %w", err))
			continue
		}
		u.swaps[number] = append(u.swaps[number], "")
	}
	return nil
}

// deleted is what the kernel puts behind the name of a file that was deleted
// while it was in use.
const deleted = " (deleted)"

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

// btrfsPools is the numbers of the members of each mounted btrfs file system.
func (s System) btrfsPools() (pools [][]string, err error) {
	root := dir(s.path("sys/fs/btrfs"))
	ids, err := root.names()
	for _, id := range ids {
		members, err := dir(root.path(id + "/devices")).names()
		if err != nil {
			return nil, fmt.Errorf("the members of a btrfs file system: %w", err)
		}
		var pool []string
		for _, name := range members {
			number := s.classNumber(name)
			if number == "" {
				return nil, fmt.Errorf("%s, a member of a btrfs file system, cannot be traced to a device", name)
			}
			pool = append(pool, number)
		}
		if pool != nil {
			pools = append(pools, pool)
		}
	}
	return pools, err
}

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
