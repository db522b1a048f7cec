package drive

import "fmt"

// btrfsPools is the numbers of the members of each btrfs file system in use, without
// those that have gone. The kernel names the members itself, so that a name that it
// gives to no device now is that of one that was pulled.
func (s System) btrfsPools() (pools [][]string, err error) {
	root := dir(s.path("sys/fs/btrfs"))
	ids, err := root.names()
	for _, id := range ids {
		members, err := dir(root.path(id + "/devices")).names()
		if err != nil {
			return nil, fmt.Errorf("the members of a btrfs file system: %w", err)
		}
		if len(members) == 0 {
			continue // not a file system, but what this kernel can do
		}
		pool, err := s.btrfsPool(members)
		if err != nil {
			return nil, err
		}
		pools = append(pools, pool)
	}
	return pools, err
}

func (s System) btrfsPool(members []string) (pool []string, err error) {
	for _, name := range members {
		switch number := s.classNumber(name); {
		case number != "":
			pool = append(pool, number)
		case !s.gone(name):
			return nil, fmt.Errorf("%s, a member of a btrfs file system, cannot be traced to a device", name)
		}
	}
	return pool, nil
}
