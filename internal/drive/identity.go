// Package drive lists the drives of this machine, says who each one is, and why
// one may not be touched.
//
// What the kernel tells is read from an injectable root, so that every rule can
// be tried on a tree of files. Whatever cannot be known counts against the
// drive: unknown means refused.
package drive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/panoscrub/panoscrub/internal/human"
)

// IdentitySchema names the version of the canonical identity document.
const IdentitySchema = "panoscrub/drive/v1"

// Kind says what a target is.
type Kind string

const (
	KindUSB   Kind = "usb"   // a drive on the USB bus
	KindSD    Kind = "sd"    // a card in a built-in SD reader
	KindLoop  Kind = "loop"  // an image file attached as a block device: handled when it is named, no drive to offer
	KindImage Kind = "image" // an image file
	KindOther Kind = "other" // anything else, always refused
)

// SerialQuality says how far a serial number can be trusted to name one drive.
type SerialQuality string

const (
	SerialUnique  SerialQuality = "unique"  // nothing speaks against it
	SerialSuspect SerialQuality = "suspect" // present, but too short or too regular to be one drive's own
	SerialMissing SerialQuality = "missing" // absent, or nothing but zeros
)

// Identity is what stays the same about a drive on every host and port: the
// record that an attestation's subject digests. Strings are as the drive gave
// them, without the padding around them and with invalid UTF-8 replaced; they
// are hostile until shown through package human.
//
// An SD card in a built-in reader has no USB descriptors and no INQUIRY data:
// its maker's and its OEM's number stand in Manufacturer and InquiryVendor, its
// name and serial (from its CID register) in Product and Serial. The physical
// sector size is left out: the driver, not the drive, decides whether it is known
// (usb-storage does not ask, uas does).
type Identity struct {
	Schema             string        `json:"schema"`
	Kind               Kind          `json:"kind"`
	VendorID           string        `json:"vendorId"`  // idVendor, four hex digits
	ProductID          string        `json:"productId"` // idProduct, four hex digits
	Revision           string        `json:"revision"`  // bcdDevice, four hex digits
	Manufacturer       string        `json:"manufacturer"`
	Product            string        `json:"product"`
	Serial             string        `json:"serial"`
	SerialQuality      SerialQuality `json:"serialQuality"` // of the serial by itself; see Drive.SerialQuality
	InquiryVendor      string        `json:"inquiryVendor"`
	InquiryModel       string        `json:"inquiryModel"`
	InquiryRevision    string        `json:"inquiryRevision"`
	Name               string        `json:"name"` // base name of an image, also of one attached as a loop device; empty for a drive
	LUN                int           `json:"lun"`
	SizeBytes          int64         `json:"sizeBytes"`
	LogicalSectorBytes int           `json:"logicalSectorBytes"`
}

// Canonical is the identity document: the bytes that are digested and that
// stand beside each record. Field order is the struct's, two spaces of indent,
// escapes for what is not printable, one newline at the end.
func (id Identity) Canonical() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(id); err != nil {
		panic("drive: an identity of strings and integers always encodes: " + err.Error())
	}
	return human.JSON(b.Bytes()) // people look at it, and a drive names itself
}

// Digest is the SHA-256 of the canonical document, in lower-case hex.
func (id Identity) Digest() string {
	sum := sha256.Sum256(id.Canonical())
	return hex.EncodeToString(sum[:])
}
