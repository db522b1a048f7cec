// Package scan finds what provisioning left on a drive: files, deleted files,
// and residue between files. It reads and never writes, and what it reports
// never contains a secret.
package scan

import (
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/rules"
)

// Class is what kind of thing was found.
type Class = rules.Class

// Severity is how much a finding matters.
type Severity = rules.Severity

// Classes and severities, as rules have them.
const (
	Credential    = rules.Credential
	Configuration = rules.Configuration
	Log           = rules.Log
	Identity      = rules.Identity

	Critical = rules.Critical
	High     = rules.High
	Medium   = rules.Medium
	Low      = rules.Low
)

// State is how the found item stands on the drive.
type State string

const (
	Live        State = "live"        // reachable through a file system
	Deleted     State = "deleted"     // a deleted directory entry still tells of it
	Unallocated State = "unallocated" // only its bytes are there, in free space or in a journal
)

// Verdict sums a scan up.
type Verdict string

const (
	Leftovers  Verdict = "leftovers"  // something was found that is not low
	Clean      Verdict = "clean"      // every byte was read and no more than low was found
	Incomplete Verdict = "incomplete" // no more was found in what was looked at, but that was not all
)

// Report is the outcome of one scan.
type Report struct {
	Verdict    Verdict     `json:"verdict"`
	SizeBytes  int64       `json:"sizeBytes"`
	Partitions []Partition `json:"partitions"`
	Findings   []Finding   `json:"findings"`
	Coverage   Coverage    `json:"coverage"`
	Appliance  []Appliance `json:"appliance"`
	Ruleset    string      `json:"ruleset"` // version or digest of the rules used
}

// Partition is one partition, or the whole drive where there is no table.
type Partition struct {
	Index      int    `json:"index"` // from 1; 0 for a drive without a table
	Offset     int64  `json:"offsetBytes"`
	Size       int64  `json:"sizeBytes"`
	Type       string `json:"type"`       // MBR type as two hex digits, or GPT type GUID
	FileSystem string `json:"fileSystem"` // "fat12", "fat16", "fat32", "exfat", "ntfs", "ext2", …; what was recognised and cannot be walked, such as "luks"; "" for neither
	Label      string `json:"label"`
}

// Finding is one item that was left behind, however many ways it was seen.
type Finding struct {
	ID       string   `json:"id"` // F1, F2, … in the order of the report
	Rule     string   `json:"rule"`
	Class    Class    `json:"class"`
	Severity Severity `json:"severity"`
	State    State    `json:"state"`
	Path     string   `json:"path"`   // in its file system, from the root; empty for residue
	Member   string   `json:"member"` // inside the archive at Path or Offset
	// Offset is where the item starts on the drive: the first data byte of the file
	// that it is or is in, the local header of its member, the first matching byte
	// of residue. Of an entry without data it is where its record starts.
	Offset   int64  `json:"offsetBytes"`
	Length   int64  `json:"lengthBytes"`
	Encoding string `json:"encoding"` // "utf-8", "utf-16le", "utf-16be", "base64", "gzip", "der" or "binary"
	Hint     string `json:"hint"`     // in words, without the secret
	Sample   bool   `json:"sample"`   // documentation's example data or a published test key, not a real leftover: always low
	Advice   string `json:"advice"`   // what to do about it
}

// The encodings of findings.
const (
	encodingText   = "utf-8"
	encodingBinary = "binary"
	encodingDER    = "der"
	encodingBase64 = "base64"
	encodingGzip   = "gzip"
	encodingLE     = "utf-16le"
	encodingBE     = "utf-16be"
)

// Coverage says what was really looked at.
type Coverage struct {
	BytesRead  int64         `json:"bytesRead"`
	Unreadable block.Extents `json:"unreadable"`
	// Limits says in words which bound was hit; empty when none was. A scan that
	// hit a limit is never clean.
	Limits []string `json:"limits,omitempty"`
}

// Appliance is what the drive tells of the appliance it provisioned.
type Appliance struct {
	DeviceName string `json:"deviceName"`
	DeviceID   string `json:"deviceId"`
	Source     string `json:"source"` // "archive name", "configuration", "log", "text on the drive"
}
