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
	swaps    map[string]bool
	loops    []loop
	attached map[string][]string // names of the loop devices that stand on it
	gaps     []string            // what could not be found out
}

// usage reads the tables of the kernel. It never fails: what cannot be read is a
// gap, and a gap counts against every drive.
func (s System) usage() usage {
	u := usage{points: map[string][]string{}, swaps: map[string]bool{}, attached: map[string][]string{}}
	u.note(s.noteMounts(&u))
	u.note(s.noteSwaps(&u))
	u.note(s.noteLoops(&u))
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
		for _, n := range m.devices {
			u.points[n] = including(u.points[n], m.point)
		}
	}
	return nil
}

func (s System) noteSwaps(u *usage) error {
	devices, err := table(s, "proc/swaps", parseSwaps)
	if err != nil {
		return err
	}
	for _, device := range devices {
		number, err := s.trace(strings.TrimSuffix(device, " (deleted)"))
		if err == nil && number == "" {
			err = fmt.Errorf("%s is not a block device", device)
		}
		if err != nil {
			u.note(fmt.Errorf("what is swapped to: %w", err))
			continue
		}
		u.swaps[number] = true
	}
	return nil
}

// noteLoops finds loop devices that stand on a device rather than on a file. The
// kernel lists them among no one's holders, and they need not hold what is below
// them exclusively.
func (s System) noteLoops(u *usage) error {
	var err error
	u.loops, err = s.loops()
	for _, l := range u.loops {
		number, err := s.trace(l.backing)
		if err != nil {
			u.note(fmt.Errorf("what %s stands on: %w", l.name, err))
		}
		if number != "" {
			u.attached[number] = append(u.attached[number], l.name)
		}
	}
	return err
}

// loop is a loop device with what is attached to it.
type loop struct{ name, backing string }

func (s System) loops() (loops []loop, err error) {
	blocks := dir(s.path("sys/block"))
	names, err := blocks.names()
	for _, name := range names {
		backing, err := dir(blocks.path(name)).raw("loop/backing_file")
		if err == nil {
			loops = append(loops, loop{name, strings.TrimSuffix(backing, "\n")})
		}
	}
	return loops, err
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
