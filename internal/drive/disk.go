package drive

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"
)

// sysfsSector is the unit of the attribute "size", whatever the drive's sectors.
const sysfsSector = 512

// disk is one whole disk while it is examined.
type disk struct {
	System
	dir     dir // its real directory in the kernel's tree
	name    string
	empty   bool     // has no sector, as a reader without a card
	alias   bool     // is a loop device on a device
	unknown []string // what a guard needs and could not be found out
	drive   Drive
}

// examine reads one disk and asks the guards about it. It never fails: what
// cannot be read is a reason against the disk.
func (s System) examine(name string, u usage) surveyed {
	d := disk{System: s, name: name, unknown: u.gaps}
	d.drive = Drive{
		Path:       s.node(name),
		Identity:   Identity{Schema: IdentitySchema, Kind: KindOther, SerialQuality: SerialMissing},
		Attachment: Attachment{Node: name, Removable: "unknown"},
	}
	real, err := dir(s.path("sys/block")).follow(name)
	if err != nil {
		d.doubt("its place in the kernel's tree: %v", err)
		d.drive.Refusals = d.guard("a disk", nil, u)
		return surveyed{Drive: d.drive}
	}
	d.dir = real
	d.readDisk()
	what := d.readBus()
	d.drive.Identity.SerialQuality = serialQuality(d.drive.Identity.Serial)
	devices := d.stack(u)
	d.drive.Refusals = d.guard(what, devices, u)
	return surveyed{Drive: d.drive, numbers: numbersOf(devices), idle: d.idle()}
}

// doubt notes something that a guard needs and that could not be found out.
func (d *disk) doubt(format string, args ...any) {
	d.unknown = append(d.unknown[:len(d.unknown):len(d.unknown)], fmt.Sprintf(format, args...))
}

// readDisk reads what every disk has, on whatever bus.
func (d *disk) readDisk() {
	id, at := &d.drive.Identity, &d.drive.Attachment
	at.DevNumber = d.dir.text("dev")
	at.Diskseq = d.dir.text("diskseq")
	at.Removable = map[string]string{"0": "no", "1": "yes"}[d.dir.text("removable")]
	if at.Removable == "" {
		at.Removable = "unknown"
	}
	at.PhysicalSectorBytes = d.dir.number("queue/physical_block_size")
	id.LogicalSectorBytes = d.dir.number("queue/logical_block_size")
	id.SizeBytes = d.size()
	switch ro := d.dir.text("ro"); ro {
	case "0", "1":
		at.ReadOnly = ro == "1"
	default:
		d.doubt("whether it is write-protected")
	}
	d.checkNode()
}

func (d *disk) size() int64 {
	sectors, err := strconv.ParseUint(d.dir.text("size"), 10, 64)
	if err != nil || sectors > math.MaxInt64/sysfsSector {
		d.doubt("its size")
		return 0
	}
	d.empty = sectors == 0
	return int64(sectors) * sysfsSector
}

// checkNode makes sure that the path by which the disk would be opened leads to
// the disk that is described here.
func (d *disk) checkNode() {
	number := d.drive.Attachment.DevNumber
	if !validNumber(number) {
		d.doubt("its device number")
		return
	}
	info, err := os.Stat(d.drive.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.doubt("it has no node %s", d.drive.Path)
	case err != nil:
		d.doubt("its node: %v", err)
	default:
		if n, _ := d.blockNumber(d.drive.Path, info); n != number {
			d.doubt("its node %s is that of another device", d.drive.Path)
		}
	}
}

// idle reports whether there is nothing to see: a RAM disk, or a virtual device
// without a byte, such as a loop device with no file attached.
func (d *disk) idle() bool {
	digits, ram := strings.CutPrefix(d.name, "ram")
	if _, err := strconv.Atoi(digits); ram && err == nil {
		return true
	}
	return d.drive.Identity.Kind == KindOther && d.dir.virtual() && d.empty
}
