package drive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// readBus finds out what the disk is and how it is connected, and fills in what
// that bus tells. The words say what it is when it is none of the known kinds.
func (d *disk) readBus() (what string) {
	if d.dir.has("loop/backing_file") {
		d.readLoop()
		return ""
	}
	device, err := d.dir.follow("device")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return d.virtualKind()
	case err != nil:
		d.doubt("what it is connected to: %v", err)
		return "a disk"
	case strings.Contains(string(device), "/mmc_host/"):
		return d.readCard(device)
	}
	d.readInquiry(device)
	if usb, below, found := d.usbDevice(device); found {
		return d.readUSB(usb, below, device)
	}
	return otherBus(device)
}

// readInquiry reads what the SCSI layer keeps of the INQUIRY data. Other buses
// show their model in the same place.
func (d *disk) readInquiry(device dir) {
	id := &d.drive.Identity
	id.InquiryVendor = device.text("vendor")
	id.InquiryModel = device.text("model")
	id.InquiryRevision = device.text("rev")
}

// usbDevice walks up from a SCSI device to the USB device that carries it, the
// nearest with an idVendor, and the interface of that device on the way.
func (d *disk) usbDevice(device dir) (usb, below dir, found bool) {
	for at := device; at.base() != "devices" && at.up() != at; at = at.up() {
		if at.has("idVendor") {
			return at, below, true
		}
		below = at
	}
	return "", "", false
}

// scsiAddress is host:channel:target:LUN, the name of a SCSI device's directory.
var scsiAddress = regexp.MustCompile(`^\d+:\d+:\d+:(\d+)$`)

func (d *disk) readUSB(usb, below, device dir) (what string) {
	switch scsiType := device.text("type"); {
	case isDisk(scsiType):
	case scsiType == "5":
		return "an optical drive on USB"
	default:
		d.doubt("what kind of SCSI device it is")
	}
	id, at := &d.drive.Identity, &d.drive.Attachment
	id.Kind = KindUSB
	id.VendorID, id.ProductID, id.Revision = usb.text("idVendor"), usb.text("idProduct"), usb.text("bcdDevice")
	id.Manufacturer, id.Product, id.Serial = usb.text("manufacturer"), usb.text("product"), usb.text("serial")
	at.BusNumber, at.DeviceNumber = usb.number("busnum"), usb.number("devnum")
	at.PortPath, at.SpeedMbps, at.USBVersion = usb.base(), usb.text("speed"), usb.text("version")
	if driver, err := os.Readlink(below.path("driver")); err == nil {
		at.Driver = filepath.Base(driver)
	}
	d.readUnit(device)
	return ""
}

// readUnit reads which logical unit of the SCSI target this is, of how many, and
// judges by them what the drive is.
func (d *disk) readUnit(device dir) {
	address := scsiAddress.FindStringSubmatch(device.base())
	if address == nil {
		d.doubt("which logical unit it is")
		return
	}
	lun, err := strconv.Atoi(address[1])
	if err != nil {
		d.doubt("which logical unit it is: %v", err)
	}
	d.drive.Identity.LUN = lun
	units, err := device.up().names()
	if err != nil {
		d.doubt("which logical units are beside it: %v", err)
		return
	}
	units = slices.DeleteFunc(units, func(name string) bool { return !scsiAddress.MatchString(name) })
	d.drive.Attachment.LUNs = len(units)
	d.judgeForm(device, slots(device.up(), units))
}

// slots counts the logical units that are disks: a stick may bring an optical
// drive with software along.
func slots(target dir, units []string) (n int) {
	for _, name := range units {
		if isDisk(dir(target.path(name)).text("type")) {
			n++
		}
	}
	return n
}

// isDisk reports whether a SCSI device type is that of a disk: direct access, or
// its reduced command set.
func isDisk(scsiType string) bool { return scsiType == "0" || scsiType == "14" }

// readCard reads a card on an MMC bus. Only an SD card can be taken out; eMMC
// is soldered in and mostly holds the system.
func (d *disk) readCard(card dir) (what string) {
	switch card.text("type") {
	case "SD":
	case "MMC":
		return "built-in eMMC storage"
	default:
		return "a memory card of another kind"
	}
	id := &d.drive.Identity
	id.Kind = KindSD
	d.drive.Attachment.Form = FormSD
	id.Manufacturer, id.InquiryVendor = card.text("manfid"), card.text("oemid")
	id.Product, id.Serial = card.text("name"), strings.TrimPrefix(card.text("serial"), "0x")
	return ""
}

// readLoop reads a loop device. What is behind it must be a file that is still
// there: a device behind it would be written past the guards of that device.
func (d *disk) readLoop() {
	d.drive.Identity.Kind = KindLoop
	backing, err := d.dir.raw("loop/backing_file")
	if err != nil {
		d.doubt("the file behind it: %v", err)
		return
	}
	backing = strings.TrimSuffix(backing, "\n")
	d.drive.Attachment.Backing = strings.ToValidUTF8(backing, "\uFFFD")
	d.drive.Identity.Name = filepath.Base(d.drive.Attachment.Backing)
	info, err := os.Stat(d.path(backing))
	if err == nil {
		_, d.alias = d.blockNumber(d.path(backing), info)
	}
	switch {
	case strings.HasSuffix(backing, " (deleted)"):
		d.doubt("the file behind it was deleted")
	case err != nil:
		d.doubt("the file behind it: %v", err)
	case !info.Mode().IsRegular() && !d.alias:
		d.doubt("what is behind it is not a file")
	}
}

// virtualKind says what a disk without a device is.
func (d *disk) virtualKind() string {
	for _, v := range []struct{ prefix, what string }{
		{"dm-", "a device-mapper volume"},
		{"md", "a RAID array"},
		{"zram", "compressed memory"},
		{"ram", "a RAM disk"},
		{"loop", "a loop device with no file attached"},
		{"nbd", "a network block device"},
		{"bcache", "a cached disk"},
	} {
		if strings.HasPrefix(d.name, v.prefix) {
			return v.what
		}
	}
	return "a virtual disk"
}

// otherBus says what a disk is connected to, judged by its place in the tree.
func otherBus(device dir) string {
	for _, b := range []struct{ part, what string }{
		{"/nvme", "an NVMe disk"},
		{"/ata", "a SATA disk"},
		{"/virtio", "a virtio disk"},
		{"/vbd-", "a Xen disk"},
	} {
		if strings.Contains(string(device), b.part) {
			return b.what
		}
	}
	return fmt.Sprintf("a disk on another bus (%s)", device.base())
}

func (d dir) virtual() bool { return strings.Contains(string(d), "/devices/virtual/") }
