// Package verify reads a drive back and judges every byte of it.
//
// It shares no code with the writer: a fault in the writer's pattern must not
// be repeated in the check. The patterns are described in package policy.
package verify

import (
	"time"

	"github.com/panoscrub/panoscrub/internal/block"
)

// Spec says what the drive should hold.
type Spec struct {
	Seed        []byte // 32 bytes
	DriveDigest []byte // 32 bytes, SHA-256 of the drive's identity document
	// Passes names what each pass wrote, in order: the names are those of package
	// policy.
	Passes []string
	Pass   int // the pass that should stand on the drive, from 1
	// Percent is how much of the drive is read, 1 to 100: less than all of it at
	// places that follow from Seed and that nobody else can foresee.
	Percent int
	// Except lists bytes that are not judged: where a file system was put since.
	Except block.Extents
}

// Class says in which way a sector is wrong.
type Class string

const (
	NeverWritten Class = "never-written" // holds something that this run did not write
	Wrapped      Class = "wrapped"       // holds what was written for another address
	Stale        Class = "stale"         // holds what another pass wrote here
	Corrupt      Class = "corrupt"       // holds what was written here, damaged; never said of a fixed pattern, which tells no place
)

// MaxExtents bounds the extents that a report lists for each class; the byte
// counts are always complete.
const MaxExtents = 1000

// Report is what the read-back saw.
type Report struct {
	Bytes      int64         `json:"bytes"`      // read and compared
	Matched    int64         `json:"matched"`    // bytes of sectors that were as they should be
	Excepted   int64         `json:"excepted"`   // bytes left out by Spec.Except and Spec.Percent
	Mismatches []Mismatch    `json:"mismatches"` // by class, in the order of the constants above
	Unreadable block.Extents `json:"unreadable"` // the read failed here
	Complete   bool          `json:"complete"`   // every byte was tried: not cancelled, not gone
	Direct     bool          `json:"direct"`     // the host's page cache was bypassed
	Order      Order         `json:"order"`      // in which it was read
	Duration   time.Duration `json:"durationNs"`
}

// Mismatch sums up one class of wrong sectors.
type Mismatch struct {
	Class     Class         `json:"class"`
	Bytes     int64         `json:"bytes"`
	Extents   block.Extents `json:"extents"`   // at most MaxExtents, the first ones
	Truncated bool          `json:"truncated"` // there were more extents than that
	// Source is, for Wrapped, the address whose data stands at the first extent.
	Source int64 `json:"sourceOffsetBytes"`
}

// OK reports whether every byte that was to be judged was read and is what it
// should be. A read-back that judged nothing is not OK.
func (r Report) OK() bool {
	return r.Complete && len(r.Mismatches) == 0 && len(r.Unreadable) == 0 && r.Matched == r.Bytes && r.Bytes > 0
}
