package drive

import "fmt"

// shownByName are the file systems that keep a folder in /sys/fs for each device
// that one of them is on, as long as it is in use.
var shownByName = []string{"ext4", "xfs", "f2fs", "nilfs2", "erofs"}

// noteHidden finds file systems that are in use and not in the mount table: those
// mounted in another namespace, as a container's, and those that were detached
// while files on them were open. FAT and exFAT do not show themselves; the
// exclusive opening of the drive fails for them.
func (s System) noteHidden(u *usage) error {
	for _, fsType := range shownByName {
		names, err := dir(s.path("sys/fs/" + fsType)).names()
		if err != nil {
			return fmt.Errorf("the %s file systems in use: %w", fsType, err)
		}
		for _, name := range names {
			u.hide(s.classNumber(name), fsType)
		}
	}
	pools, err := s.btrfsPools()
	for _, pool := range pools {
		for _, number := range pool {
			u.hide(number, "btrfs")
		}
	}
	return err
}

// hide notes a file system unless the mount table shows it. Beside the folders of
// devices there are some without a number.
func (u *usage) hide(number, fsType string) {
	if number != "" && len(u.points[number]) == 0 {
		u.hidden[number] = fsType
	}
}
