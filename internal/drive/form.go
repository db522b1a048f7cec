package drive

import (
	"slices"
	"strings"
	"unicode"
)

// Form is what a drive is in the hand. It decides how carefully a drive is asked
// for, never whether it may be touched.
type Form string

const (
	FormStick      Form = "stick"       // a USB flash drive
	FormCard       Form = "card"        // a card in a reader on USB
	FormCardReader Form = "card-reader" // a slot of such a reader, with no card in it
	FormDisk       Form = "disk"        // a USB hard disk or SSD, or what may be one
	FormSD         Form = "sd"          // a card in a built-in reader
)

// ByNameOnly reports whether the drive is used only when somebody asks for it by
// its full name: a USB disk, which is where people keep their backups. What is
// not known to be a stick or a card counts as one.
func (d Drive) ByNameOnly() bool {
	form := d.Attachment.Form
	return d.Identity.Kind == KindUSB && form != FormStick && form != FormCard && form != FormCardReader
}

// judgeForm tells a flash stick from a disk and from a card reader, by hints, as
// no attribute says it. slots is how many disks are behind the same USB device.
//
// Whatever may be a disk is one, the treatment of which is the more careful: so
// are the sticks that say that they are not removable. SSDs that say they are
// removable show themselves by a disk's interface behind the USB bridge, or by
// their name.
func (d *disk) judgeForm(device dir, slots int) {
	at := &d.drive.Attachment
	at.FormBecause = d.diskHint(device)
	switch reader := slots > 1 || d.named(readerWords); {
	case at.FormBecause != "":
		at.Form = FormDisk
	case reader && d.empty:
		at.Form = FormCardReader
	case reader:
		at.Form = FormCard
	default:
		at.Form = FormStick
	}
}

// diskHint says why the drive passes for a hard disk or an SSD, "" when nothing
// speaks for that.
//
// The attribute "rotational" is 1 for every drive that was not asked, and the
// driver usb-storage asks none: only from uas it is an answer.
func (d *disk) diskHint(device dir) string {
	at := d.drive.Attachment
	switch {
	case device.has("vpd_pg89") || d.drive.Identity.InquiryVendor == "ATA":
		return "there is an ATA disk behind its USB bridge"
	case d.named(diskWords):
		return "its name says so"
	case at.Removable == "no":
		return "it says that it is not removable, as disks do and few sticks"
	case at.Removable != "yes":
		return "it does not say whether it is removable"
	case at.Driver == "uas" && d.dir.text("queue/rotational") != "0":
		return "it does not say that it is free of moving parts"
	}
	return ""
}

var (
	diskWords   = []string{"SSD", "HDD", "NVME"}
	readerWords = []string{"SD", "SDHC", "SDXC", "MICROSD", "MMC", "CF", "XD", "CRW", "CARD", "CARDREADER", "READER"}
)

// named reports whether one of the words stands in what the drive calls itself.
func (d *disk) named(words []string) bool {
	id := d.drive.Identity
	split := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	for _, name := range []string{id.Product, id.InquiryModel} {
		if slices.ContainsFunc(strings.FieldsFunc(strings.ToUpper(name), split), func(w string) bool { return slices.Contains(words, w) }) {
			return true
		}
	}
	return false
}
