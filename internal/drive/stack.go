package drive

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// device is a block device that is a disk, one of its partitions, or stands on
// one of them, directly or not.
type device struct {
	name   string
	number string
	holder string // for one that stands on the disk: what it is, else empty
	dir    dir    // its directory in the kernel's tree
}

// stack lists a disk with everything on it: partitions, and the volumes of LVM,
// RAID, encryption and caches, which may have partitions and holders in turn.
// What the tree does not tell is noted as a doubt.
func (d *disk) stack(u usage) []device {
	w := stackWalk{System: d.System, attached: u.attached, seen: map[string]bool{}}
	if err := w.visit(d.dir, ""); err != nil {
		d.doubt("what stands on it: %v", err)
	}
	return w.found
}

type stackWalk struct {
	System
	attached map[string][]string
	seen     map[string]bool // guards against circles
	found    []device
	topFirst []device // the same, each before what it stands on
}

func (w *stackWalk) visit(at dir, holder string) error {
	number := at.text("dev")
	if w.seen[at.base()] {
		return nil
	}
	w.seen[at.base()] = true
	d := device{name: at.base(), number: number, holder: holder, dir: at}
	w.found = append(w.found, d)
	defer func() { w.topFirst = append(w.topFirst, d) }()
	if !validNumber(number) {
		return fmt.Errorf("%s has no device number", at.base())
	}
	return errors.Join(w.visitPartitions(at), w.visitHolders(at, number))
}

func (w *stackWalk) visitPartitions(at dir) error {
	names, err := at.names()
	if err != nil {
		return err
	}
	for _, name := range names {
		part := dir(at.path(name))
		if strings.HasPrefix(name, at.base()) && part.has("partition") {
			err = errors.Join(err, w.visit(part, ""))
		}
	}
	return err
}

func (w *stackWalk) visitHolders(at dir, number string) error {
	holders := dir(at.path("holders"))
	if !at.has("holders") {
		return fmt.Errorf("%s does not say who holds it", at.base())
	}
	names, err := holders.names()
	if isBcache := func(name string) bool { return strings.HasPrefix(name, "bcache") }; at.has("bcache") && !isBcache(at.base()) && !slices.ContainsFunc(names, isBcache) {
		w.found = append(w.found, device{name: at.base(), holder: "bcache (a cache without a disk)"})
	}
	for _, name := range names {
		err = errors.Join(err, w.visitHolder(holders, name))
	}
	for _, name := range w.attached[number] {
		err = errors.Join(err, w.visitHolder(dir(w.path("sys/class/block")), name))
	}
	return err
}

func (w *stackWalk) visitHolder(link dir, name string) error {
	holder, err := link.follow(name)
	if err != nil {
		w.found = append(w.found, device{name: name, holder: name})
		return err
	}
	return w.visit(holder, describeHolder(holder))
}

// describeHolder says what a holder is: "dm-0 (luks-7c1d, an open encrypted volume)".
func describeHolder(holder dir) string {
	name, what := holder.base(), kindOf(holder).words()
	if what == "" {
		return name
	}
	if volume := holder.text("dm/name"); volume != "" {
		what = volume + ", " + what
	}
	return name + " (" + what + ")"
}

func numbersOf(devices []device) []string {
	var numbers []string
	for _, d := range devices {
		numbers = append(numbers, d.number)
	}
	return numbers
}
