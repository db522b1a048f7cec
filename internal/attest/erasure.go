package attest

import "time"

// MaxExtents bounds the extents that a [Ranges] lists.
const MaxExtents = 1000

// Extent is a run of bytes on the drive.
type Extent struct {
	OffsetBytes int64 `json:"offsetBytes"`
	LengthBytes int64 `json:"lengthBytes"`
}

// Ranges is a set of bytes on the drive.
type Ranges struct {
	Bytes     int64    `json:"bytes"`               // how many, also those that are not listed
	Extents   []Extent `json:"extents"`             // ascending, apart from each other, at most MaxExtents
	Truncated bool     `json:"truncated,omitempty"` // not all are listed
}

// NewRanges makes ranges of extents that are ascending and apart from each other.
// It counts them all, and lists the first ones.
func NewRanges(all []Extent) Ranges {
	n := min(len(all), MaxExtents)
	r := Ranges{Extents: listed(all[:n:n]), Truncated: n < len(all)}
	for _, e := range all {
		r.Bytes += e.LengthBytes
	}
	return r
}

// Overwrite is one pass over the whole drive, as it was carried out.
type Overwrite struct {
	Number     int    `json:"number"`     // from 1
	Pattern    string `json:"pattern"`    // its name, as in Policy.Passes
	Bytes      int64  `json:"bytes"`      // that the drive accepted, in the runs of Predicate.Resumes too; of a pass in which the process died, those known to be stored
	Failed     Ranges `json:"failed"`     // that it did not
	Complete   bool   `json:"complete"`   // every byte was tried
	Synced     bool   `json:"synced"`     // the drive said that all of it is stored
	DurationMs int64  `json:"durationMs"` // in milliseconds, of this run
	// StoredBytes is how much, from the drive's start on, the drive had accepted when
	// it last said that all of that is stored; absent in records of version 1.
	StoredBytes int64 `json:"storedBytes,omitempty"`
}

// Run is an earlier run that ended early, and with which the record's run went on:
// on the same drive, under the same policy and seed. What it wrote was not written
// again.
type Run struct {
	CertificateID string    `json:"certificateId"`
	Ended         time.Time `json:"ended"`
	// Pass is the pass that was gone on with, from 1, or one more than there are when
	// all had been completed; Bytes is how much of it was not written again.
	Pass  int   `json:"pass"`
	Bytes int64 `json:"bytes"`
}

// Values of [Verification.Method], [Verification.Order] and
// [Verification.CacheDefence].
const (
	MethodFull     = "full"      // every byte was to be read and compared
	MethodSampled  = "sampled"   // a share of them, at random places all over the drive
	OrderAscending = "ascending" // from the first byte to the last
	OrderShuffled  = "shuffled"  // by stretches of the drive, in an order that follows from the pattern's seed

	CacheDefenceNone   = "none"   // the drive's own cache may have answered
	CacheDefenceReset  = "reset"  // the drive was reset between writing and reading
	CacheDefenceReplug = "replug" // the drive was pulled out and plugged in again in between
)

// Verification is the read-back of the drive after the last pass and before the
// format, by code that shares nothing with the code that wrote.
type Verification struct {
	Method       string     `json:"method"`                 // "full" or "sampled" [Verification Method]
	Order        string     `json:"order"`                  // "ascending" or "shuffled"
	BytesRead    int64      `json:"bytesRead"`              // and compared
	BytesLeftOut int64      `json:"bytesLeftOut,omitempty"` // of a sampled one: neither read nor to be read
	BytesMatched int64      `json:"bytesMatched"`           // of sectors that hold what was written there
	Mismatches   []Mismatch `json:"mismatches"`             // the sectors that do not, by how they are wrong
	Unreadable   Ranges     `json:"unreadable"`
	Complete     bool       `json:"complete"` // every byte was tried
	// HostCacheBypassed is true when the bytes came from the drive and not from
	// this computer's memory.
	HostCacheBypassed bool   `json:"hostCacheBypassed"`
	CacheDefence      string `json:"cacheDefence"` // "none", "reset" or "replug"
	// CacheDefenceReason says in words why it is "none", and is empty otherwise.
	CacheDefenceReason string `json:"cacheDefenceReason,omitempty"`
	DurationMs         int64  `json:"durationMs"` // in milliseconds
}

// Mismatch is the sectors that are wrong in one way.
type Mismatch struct {
	// Class is "never-written" for bytes that this run did not write, "wrapped"
	// for what was written for another address, "stale" for what another pass
	// wrote here, "corrupt" for what was written here and is damaged.
	Class string `json:"class"`
	Ranges
	// SourceOffsetBytes is, for "wrapped", the address whose data stands at the
	// first extent.
	SourceOffsetBytes int64 `json:"sourceOffsetBytes,omitempty"`
}

// Capacity compares what the drive says it can hold with what it held.
type Capacity struct {
	AnnouncedBytes int64 `json:"announcedBytes"`
	// ProvenBytes is the bytes that held their own data all at once: 0 when the last
	// pass wrote the same everywhere, which shows no such thing.
	ProvenBytes int64 `json:"provenBytes"`
}

// Format is the partition table and file system as read back after they were
// made.
type Format struct {
	Scheme        string `json:"scheme"`        // "mbr"
	FileSystem    string `json:"fileSystem"`    // "fat32", "fat16" or "fat12"
	Label         string `json:"label"`         // 1 to 11 characters
	StartBytes    int64  `json:"startBytes"`    // of the partition
	SizeBytes     int64  `json:"sizeBytes"`     // of the partition
	ClusterBytes  int64  `json:"clusterBytes"`  // of the file system
	VolumeID      string `json:"volumeId"`      // of the file system, eight hex digits, random
	DiskSignature string `json:"diskSignature"` // of the MBR, eight hex digits, random
	// Checked is true when code other than the one that wrote it found the
	// volume to be whole and empty.
	Checked bool   `json:"checked"`
	Note    string `json:"note,omitempty"` // in words, what is unusual about it
}
