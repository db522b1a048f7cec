// Package plan decides what will be done to a drive, before anything is.
//
// Making a plan is pure: the same drive, findings, policy and seed give the same
// plan. Its text is what the operator confirms, its digest is what the
// attestation carries.
package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/scan"
)

// Schema names the version of the plan document.
const Schema = "panoscrub/plan/v2"

// Plan is everything that will be done to one drive.
type Plan struct {
	Schema        string `json:"schema"`
	CertificateID string `json:"certificateId"`
	Target        Target `json:"target"`
	// Policy holds the passes and how much is read back: they are the plan's as
	// Plan.Passes and Plan.ReadBackPercent.
	policy.Policy `json:"policy"`
	Seed          string `json:"seed"` // of the keyed pattern, lower-case hex
	// Resumes are the earlier runs that this one goes on with, the oldest first.
	Resumes []Run `json:"resumes,omitempty"`
	// Format is zero when the policy leaves the drive without a file system.
	Format   Format   `json:"format,omitzero"`
	Before   Before   `json:"before"`
	Estimate Estimate `json:"estimate"`
}

// Target is the drive that the plan is for, and for no other.
type Target struct {
	Path           string     `json:"path"` // the node to open, or the image
	Name           string     `json:"name"` // for people, safe to print
	IdentityDigest string     `json:"identityDigest"`
	SizeBytes      int64      `json:"sizeBytes"`
	SectorBytes    int        `json:"sectorBytes"` // logical
	Kind           drive.Kind `json:"kind"`
}

// Image reports whether the target is a file rather than a drive.
func (t Target) Image() bool { return t.Kind == drive.KindImage }

// Format is the volume that the drive is given back with.
type Format struct {
	Scheme        string `json:"scheme"`        // "mbr"
	FileSystem    string `json:"fileSystem"`    // "fat32", "fat16" or "fat12"
	Label         string `json:"label"`         // upper case, at most 11 characters
	StartBytes    int64  `json:"startBytes"`    // of the partition
	SizeBytes     int64  `json:"sizeBytes"`     // of the partition
	PartitionType byte   `json:"partitionType"` // in the MBR
	DiskSignature uint32 `json:"diskSignature"` // in the MBR
	VolumeID      uint32 `json:"volumeId"`      // of the file system
	// Note says in words what is unusual about the layout; empty when nothing is.
	Note string `json:"note,omitempty"`
}

// Before is what was on the drive when the plan was made.
type Before struct {
	Verdict scan.Verdict `json:"verdict"`
	// Covered is false when part of the drive could not be read or a limit was
	// hit, so that there may be more than Counts says.
	Covered bool    `json:"covered"`
	Counts  []Count `json:"counts"`
	Samples int     `json:"samples"` // findings in documentation's example data or of published test keys, not in Counts
}

// Count is how many findings there are of one class and severity.
type Count struct {
	Class    scan.Class    `json:"class"`
	Severity scan.Severity `json:"severity"`
	Findings int           `json:"findings"`
}

// Canonical is the plan document, the bytes that Digest is of: two spaces of
// indent, the fields in the order of the structs, one newline at the end.
func (p Plan) Canonical() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(p); err != nil {
		panic("plan: a plan of strings and integers always encodes: " + err.Error())
	}
	return b.Bytes()
}

// Digest is the SHA-256 of the canonical document, in lower-case hex.
func (p Plan) Digest() string {
	sum := sha256.Sum256(p.Canonical())
	return hex.EncodeToString(sum[:])
}
