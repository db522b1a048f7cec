package attest

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/panoscrub/panoscrub/internal/human"
)

// IdentitySchema names the identity document that this version can recompute.
const IdentitySchema = "panoscrub/drive/v1"

// Values of [Identity.Kind].
const (
	kindUSB   = "usb"   // a drive on the USB bus
	kindSD    = "sd"    // a card in a built-in SD reader
	kindLoop  = "loop"  // an image file attached as a block device
	kindImage = "image" // an image file
)

// Identity is what a drive says about itself and what stays the same on every
// host and port. Strings are as the drive gave them and may be empty. Its JSON,
// encoded as [Identity.Canonical] does, is the identity document.
type Identity struct {
	Schema             string `json:"schema"`          // IdentitySchema
	Kind               string `json:"kind"`            // "usb", "sd", "loop" or "image"
	VendorID           string `json:"vendorId"`        // USB idVendor, four hex digits
	ProductID          string `json:"productId"`       // USB idProduct, four hex digits
	Revision           string `json:"revision"`        // USB bcdDevice, four hex digits
	Manufacturer       string `json:"manufacturer"`    // [Manufacturer]
	Product            string `json:"product"`         // [Model]
	Serial             string `json:"serial"`          // [Serial Number]
	SerialQuality      string `json:"serialQuality"`   // "unique", "suspect" or "missing"
	InquiryVendor      string `json:"inquiryVendor"`   // SCSI INQUIRY
	InquiryModel       string `json:"inquiryModel"`    // SCSI INQUIRY
	InquiryRevision    string `json:"inquiryRevision"` // SCSI INQUIRY
	Name               string `json:"name"`            // base name of an image; empty for a drive
	LUN                int    `json:"lun"`             // logical unit, from 0
	SizeBytes          int64  `json:"sizeBytes"`       // all that can be addressed
	LogicalSectorBytes int    `json:"logicalSectorBytes"`
}

// ParseIdentity reads an identity document.
func ParseIdentity(doc []byte) (Identity, error) {
	var id Identity
	if err := unmarshal(doc, &id); err != nil {
		return Identity{}, fmt.Errorf("not an identity document: %w", err)
	}
	if id.Schema != IdentitySchema {
		return Identity{}, fmt.Errorf("not an identity document of the schema %s: %.80q", IdentitySchema, id.Schema)
	}
	return id, nil
}

// Canonical is the identity document: the fields in the order of the struct, two
// spaces of indent, escapes for nothing but what is not printable, one newline at
// the end.
func (id Identity) Canonical() []byte { return canonical(id) }

func canonical(document any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(document); err != nil {
		panic("attest: a document of strings and integers always encodes: " + err.Error())
	}
	return human.JSON(b.Bytes()) // people look at it, and a drive names itself
}

// Drive is the drive with what was so at the time of the run.
type Drive struct {
	Identity
	Attachment Attachment `json:"attachment"`
	// AssetTag is the owner's number for the drive; may be empty.
	// [Organizationally Assigned Media or Property Number]
	AssetTag string `json:"assetTag"`
	// Confirmation says how the operator agreed that this is the drive: "typed",
	// or the flag that they gave.
	Confirmation string `json:"confirmation"`
}

// Attachment is how the drive was connected to the host. None of it identifies
// the drive. Empty and 0 mean unknown.
type Attachment struct {
	Node                string   `json:"node"`                 // the kernel's name: "sdb"
	Diskseq             string   `json:"diskseq"`              // counts every disk that this boot has seen
	PortPath            string   `json:"portPath"`             // USB bus and ports: "2-1.4"
	SpeedMbps           string   `json:"speedMbps"`            // of the USB link, in Mbit/s: "1.5", "480", "5000"
	USBVersion          string   `json:"usbVersion"`           // USB bcdUSB: "3.20"
	Driver              string   `json:"driver"`               // "usb-storage" or "uas"
	LUNs                int      `json:"luns"`                 // logical units of the same USB device
	PhysicalSectorBytes int      `json:"physicalSectorBytes"`  // as the driver reports it
	SameSerial          []string `json:"sameSerial,omitempty"` // other drives that showed this serial at the same time
}

// mediaType says what kind of medium a kind of drive is, as far as a host can
// tell. [Media Type]
func mediaType(kind string) string {
	switch kind {
	case kindUSB:
		return "USB removable media, taken to be flash memory"
	case kindSD:
		return "SD card, flash memory"
	case kindLoop, kindImage:
		return "disk image file"
	}
	return "unknown"
}

// mediaSource says where a drive comes from. [Media Source]
func mediaSource(deviceID string) string {
	return "provisioning drive of the AWS Panorama appliance " + deviceID
}
