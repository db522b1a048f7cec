package exfat

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/panoscrub/panoscrub/internal/block"
)

const (
	minSectorShift  = 9  // 512 bytes
	maxSectorShift  = 12 // 4096 bytes
	maxClusterShift = 25 // 32 MiB
	entryBytes      = 4  // of the table
	// maxClusters is the most that a table can number: higher values of its
	// entries mark bad clusters and ends of chains.
	maxClusters = 1<<32 - 11
	maxSectors  = math.MaxInt64 >> maxSectorShift
)

// boot is what a boot sector says, in bytes; offsets count from the start of the
// drive.
type boot struct {
	bytes        int64 // of the volume
	sectorBytes  int64
	clusterBytes int64
	table        block.Extent // the FAT in force
	second       bool         // it is the second of two, and so is the bitmap in force
	heap         int64        // offset of cluster 2
	clusters     uint32       // their numbers are 2 to clusters+1
	root         uint32       // first cluster of the root directory
	overlap      bool         // the tables reach behind heap
}

// parseBoot reads the first 512 bytes of a boot sector of a volume in the bytes
// [start, start+size) of the drive. The error wraps [ErrNotExFAT] where it is
// none of exFAT, and else says which field cannot be.
func parseBoot(sector []byte, start, size int64) (boot, error) {
	if string(sector[3:11]) != "EXFAT   " || sector[510] != 0x55 || sector[511] != 0xAA {
		return boot{}, ErrNotExFAT
	}
	sectorShift, clusterShift, tables := sector[108], int(sector[108])+int(sector[109]), sector[110]
	switch {
	case le16(sector, 104)>>8 != 1:
		return boot{}, wrongField("version")
	case sectorShift < minSectorShift || sectorShift > maxSectorShift:
		return boot{}, wrongField("bytes per sector")
	case clusterShift > maxClusterShift:
		return boot{}, wrongField("sectors per cluster")
	case tables != 1 && tables != 2:
		return boot{}, wrongField("number of tables")
	}
	b := boot{
		sectorBytes:  1 << sectorShift,
		clusterBytes: 1 << clusterShift,
		bytes:        int64(min(le64(sector, 72), maxSectors)) << sectorShift,
		heap:         start + int64(le32(sector, 88))<<sectorShift,
		clusters:     min(le32(sector, 92), maxClusters),
		root:         le32(sector, 96),
		second:       tables == 2 && le16(sector, 106)&1 != 0,
	}
	b.table.Offset = start + int64(le32(sector, 80))<<sectorShift
	b.table.Length = int64(le32(sector, 84)) << sectorShift
	b.overlap = b.table.Offset+int64(tables)*b.table.Length > b.heap
	if b.second {
		b.table.Offset += b.table.Length
	}
	return b, b.check(start, size)
}

// check refuses what leaves nothing to walk.
func (b *boot) check(start, size int64) error {
	switch {
	case b.bytes == 0:
		return wrongField("volume length")
	case b.table.Offset == start || b.table.Offset >= start+size:
		return wrongField("place of the table")
	case min(b.table.Length, start+size-b.table.Offset)/entryBytes < 3:
		return wrongField("length of the table")
	case b.heap <= start || b.heap >= start+size:
		return wrongField("place of the clusters")
	case b.clusters == 0:
		return wrongField("number of clusters")
	}
	b.table.Length = min(b.table.Length, start+size-b.table.Offset)
	return nil
}

func wrongField(name string) error { return fmt.Errorf("the exFAT boot sector cannot be: %s", name) }

func le16(b []byte, at int) uint16 { return binary.LittleEndian.Uint16(b[at:]) }
func le32(b []byte, at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
func le64(b []byte, at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
