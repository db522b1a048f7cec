// Package volume partitions and formats a drive, and checks the result with
// code of its own.
package volume

import (
	"errors"
	"fmt"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fat"
)

// DefaultLabel is the volume label when the operator names none.
const DefaultLabel = "PANORAMA"

const (
	// startBytes is where the partition starts, as every partitioning program has
	// it since drives have more than one size of sector.
	startBytes = 1 << 20
	// endBytes is where it ends at the latest. FAT32 could be larger, but few
	// things that take a stick were tried with more.
	endBytes = 256 << 30
	// minPartition is the smallest partition that gets a file system.
	minPartition = 128 << 10
	// minDisk is the smallest drive that can be formatted.
	minDisk = startBytes + minPartition
)

// MBR types of a partition.
const (
	typeFAT12 = 0x01
	typeFAT16 = 0x0E // with LBA addresses
	typeFAT32 = 0x0C // with LBA addresses
)

// Errors of [NewLayout].
var (
	ErrTooSmall   = errors.New("too small to be formatted")
	ErrSectorSize = errors.New("sectors are neither 512 nor 4096 bytes")
)

// Layout says where the partition and its file system go, before anything is
// written.
type Layout struct {
	DiskBytes      int64  `json:"diskBytes"`
	SectorBytes    int    `json:"sectorBytes"`    // logical sector of the drive, 512 or 4096
	PartitionType  byte   `json:"partitionType"`  // MBR type: 0x0C for FAT32
	StartBytes     int64  `json:"startBytes"`     // of the partition: 1 MiB
	PartitionBytes int64  `json:"partitionBytes"` // a multiple of the sector size
	FileSystem     string `json:"fileSystem"`     // fat32, fat16 or fat12
	// Note says in words what a reader should know: that the partition ends at
	// 256 GiB, or that the drive is too small for FAT32. Empty when all is usual.
	Note string `json:"note,omitempty"`
}

// Spec is a layout with the names that make this volume one of its kind.
type Spec struct {
	Layout
	Label         string // 1 to 11 characters that FAT allows, upper case
	DiskSignature uint32 // of the MBR, not zero
	VolumeID      uint32 // of the file system
}

// Volume is what is on the drive, as read back from it. Its label is safe to
// print only where [Check] found nothing wrong.
type Volume struct {
	Layout
	Label         string `json:"label"`
	DiskSignature uint32 `json:"diskSignature"`
	VolumeID      uint32 `json:"volumeId"`
	ClusterBytes  int    `json:"clusterBytes"`
	Clusters      int64  `json:"clusters"`
	FreeClusters  int64  `json:"freeClusters"`
	// Entries is how many slots of the root directory hold something besides the
	// label. Deleted ones count: they tell of a file that was here.
	Entries int `json:"entries"`

	metadata block.Extents
}

// Empty reports whether there is nothing on the volume, nor was since it was
// formatted, as far as its root directory and its table tell.
func (v Volume) Empty() bool {
	used := v.Clusters - v.FreeClusters
	if v.FileSystem == fat.FAT32 {
		used-- // the root directory's
	}
	return v.Entries == 0 && used == 0
}

// Metadata is every byte that [Make] wrote, or that mounting the empty volume may
// change: the first sector, and the partition from its start to the end of the
// root directory. All else on the drive is as it was before.
func (v Volume) Metadata() block.Extents { return append(block.Extents(nil), v.metadata...) }

// NewLayout decides how a drive of diskBytes bytes is divided and formatted:
// one partition from 1 MiB to the end of the drive, or to 256 GiB, with FAT32, or
// with FAT16 or FAT12 where the drive is too small for it. What does not fill a
// sector at the end of an image is left out. The error wraps [ErrTooSmall] or
// [ErrSectorSize].
func NewLayout(diskBytes int64, sectorBytes int) (Layout, error) {
	if sectorBytes != 512 && sectorBytes != 4096 {
		return Layout{}, fmt.Errorf("%w, but %d", ErrSectorSize, sectorBytes)
	}
	l := Layout{DiskBytes: diskBytes, SectorBytes: sectorBytes, StartBytes: startBytes}
	l.PartitionBytes = min(diskBytes, endBytes)/int64(sectorBytes)*int64(sectorBytes) - startBytes
	if l.PartitionBytes < minPartition {
		return Layout{}, fmt.Errorf("%w: %d bytes, where %d are needed", ErrTooSmall, diskBytes, startBytes+minPartition)
	}
	g, ok := l.geometry()
	if !ok {
		return Layout{}, fmt.Errorf("%w: with sectors of %d bytes only FAT32 can be used, and %d bytes are too few for it",
			ErrTooSmall, sectorBytes, diskBytes)
	}
	l.FileSystem = g.kind
	l.PartitionType = partitionType(g.kind)
	l.Note = l.note()
	return l, nil
}

func partitionType(kind string) byte {
	switch kind {
	case fat.FAT12:
		return typeFAT12
	case fat.FAT16:
		return typeFAT16
	}
	return typeFAT32
}

func (l Layout) note() string {
	switch {
	case l.FileSystem == fat.FAT16:
		return "The drive is too small for FAT32; the volume is FAT16."
	case l.FileSystem == fat.FAT12:
		return "The drive is too small for FAT32; the volume is FAT12."
	case l.DiskBytes-endBytes >= int64(l.SectorBytes):
		return "The volume ends at 256 GiB; the rest of the drive stays unused."
	}
	return ""
}
