package drive

import (
	"fmt"
	"strings"
)

// loop is a loop device with what is attached to it.
type loop struct{ name, backing string }

// noteLoops finds out what loop devices stand on: a device, or the file system
// that their file lies on. The kernel lists them among no one's holders, and they
// need not hold what is below them exclusively.
func (s System) noteLoops(u *usage) error {
	var err error
	u.loops, err = s.backed("loop/backing_file")
	for _, l := range u.loops {
		number, err := s.trace(l.backing)
		if err != nil {
			u.untraced = append(u.untraced, untraced{fmt.Sprintf("%s, which stands on %s", l.name, l.backing), "losetup -d /dev/" + l.name})
		}
		below := []string{number}
		if number == "" {
			below = s.devicesUnder(s.path(l.backing), u.mounts)
		}
		for _, number := range below {
			u.attached[number] = append(u.attached[number], l.name)
		}
	}
	return err
}

// noteZram finds the devices that compressed memory moves idle pages to. They are
// not listed as held either, but claimed.
func (s System) noteZram(u *usage) error {
	compressed, err := s.backed("backing_dev")
	for _, z := range compressed {
		if z.backing == "none" {
			continue
		}
		number, err := s.claimed(z.backing)
		switch {
		case err != nil:
			remedy := fmt.Sprintf("swapoff /dev/%s; zramctl --reset /dev/%s", z.name, z.name)
			u.untraced = append(u.untraced, untraced{fmt.Sprintf("%s, which writes to %s", z.name, z.backing), remedy})
		case number != "":
			u.attached[number] = append(u.attached[number], z.name)
		}
	}
	return err
}

// backed lists the virtual devices with an attribute that names what is behind
// them.
func (s System) backed(attribute string) (found []loop, err error) {
	blocks := dir(s.path("sys/block"))
	names, err := blocks.names()
	for _, name := range names {
		backing, err := dir(blocks.path(name)).raw(attribute)
		if err == nil {
			found = append(found, loop{name, strings.TrimSuffix(backing, "\n")})
		}
	}
	return found, err
}
