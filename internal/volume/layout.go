// Package volume partitions and formats a drive, and checks the result with
// code of its own.
package volume

// DefaultLabel is the volume label when the operator names none.
const DefaultLabel = "PANORAMA"

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

// Volume is what is on the drive, as read back from it.
type Volume struct {
	Layout
	Label         string `json:"label"`
	DiskSignature uint32 `json:"diskSignature"`
	VolumeID      uint32 `json:"volumeId"`
	ClusterBytes  int    `json:"clusterBytes"`
	Clusters      int64  `json:"clusters"`
	FreeClusters  int64  `json:"freeClusters"`
	Entries       int    `json:"entries"` // directory entries in the root besides the label
}
