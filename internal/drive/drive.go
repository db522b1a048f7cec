package drive

import (
	"fmt"
	"strings"

	"github.com/panoscrub/panoscrub/internal/human"
)

// Drive is one target: a whole disk as it stands now, or an image file.
type Drive struct {
	// Path is what to open: the disk's node, or the image as it was named.
	Path       string     `json:"path"`
	Identity   Identity   `json:"identity"`
	Attachment Attachment `json:"attachment"`
	// Refusals are all the reasons for which it may not be touched, in a fixed
	// order; none for a drive that may be.
	Refusals []Refusal `json:"refusals"`
}

// Attachment is how a drive is connected to this host at this moment: what
// changes when it is plugged in elsewhere, and therefore is no part of its
// identity. Empty and 0 mean unknown.
type Attachment struct {
	Node                string   `json:"node"`                  // the kernel's name: "sdb"
	DevNumber           string   `json:"devNumber"`             // major and minor: "8:16"
	Diskseq             string   `json:"diskseq"`               // counts every disk that this boot has seen
	BusNumber           int      `json:"busNumber"`             // USB bus, from 1
	DeviceNumber        int      `json:"deviceNumber"`          // address on that bus, from 1
	PortPath            string   `json:"portPath"`              // bus and ports down to the drive: "2-1.4"
	SpeedMbps           string   `json:"speedMbps"`             // "1.5", "12", "480", "5000", …
	USBVersion          string   `json:"usbVersion"`            // bcdUSB: "3.20"
	Driver              string   `json:"driver"`                // "usb-storage" or "uas"
	Removable           string   `json:"removable"`             // "yes", "no" or "unknown": a hint only, flash drives lie about it
	Form                Form     `json:"form"`                  // what it is in the hand
	FormBecause         string   `json:"formBecause,omitempty"` // why it passes for a disk
	ReadOnly            bool     `json:"readOnly"`
	LUNs                int      `json:"luns"`                // logical units behind the same USB device
	PhysicalSectorBytes int      `json:"physicalSectorBytes"` // depends on the driver, see Identity
	Backing             string   `json:"backing,omitempty"`   // the file behind a loop device
	SameSerial          []string `json:"sameSerial,omitempty"`
}

// SerialQuality is the quality of the serial number as it stands now: one that
// another drive shows at the same time is suspect, however good it looks. That
// is kept out of the identity, whose digest must not depend on what else is
// plugged in.
func (d Drive) SerialQuality() SerialQuality {
	if len(d.Attachment.SameSerial) > 0 && d.Identity.SerialQuality == SerialUnique {
		return SerialSuspect
	}
	return d.Identity.SerialQuality
}

// ConfirmToken is what an operator types to confirm that this is the drive: its
// serial; or where it has none, or none that can be typed, its size in bytes and
// the first four hex digits of its identity's digest. Empty for an image.
func (d Drive) ConfirmToken() string {
	id := d.Identity
	switch {
	case id.Kind == KindImage:
		return ""
	case id.SerialQuality != SerialMissing && human.Safe(id.Serial) == id.Serial:
		return id.Serial
	}
	return fmt.Sprintf("%d-%s", id.SizeBytes, id.Digest()[:4])
}

// Name describes the drive to people in one line that is safe to print:
// "SanDisk Ultra 61.5 GB, serial 4C530001230405117322".
func (d Drive) Name() string {
	id := d.Identity
	name := human.Safe(d.product())
	if id.SizeBytes > 0 {
		name += " " + human.Bytes(id.SizeBytes)
	}
	switch {
	case id.Kind != KindUSB && id.Kind != KindSD:
		return name
	case id.SerialQuality == SerialMissing:
		return name + ", no serial"
	}
	return name + ", serial " + human.Safe(id.Serial)
}

// product is what the thing calls itself, or at least what it is.
func (d Drive) product() string {
	id := d.Identity
	switch {
	case id.Kind == KindImage:
		return "image " + id.Name
	case id.Kind == KindLoop:
		return "loop device of " + id.Name
	case id.Kind == KindSD:
		return joined("SD card", id.Product)
	case id.Product != "":
		return joined(id.Manufacturer, id.Product)
	case id.InquiryModel != "":
		return joined(id.InquiryVendor, id.InquiryModel)
	case id.Kind == KindUSB:
		return "USB drive"
	}
	return "disk"
}

// joined puts a maker before a product, unless the product says it already.
func joined(maker, product string) string {
	if strings.HasPrefix(strings.ToLower(product), strings.ToLower(maker)) {
		return product
	}
	return strings.TrimSpace(maker + " " + product)
}
