package ntfs

import (
	"encoding/binary"
	"math"
)

const (
	bootBytes       = 512
	maxClusterBytes = 2 << 20
	maxIndexBytes   = 64 << 10
)

// boot is what a boot sector says.
type boot struct {
	clusterBytes int64 // a power of two, 512 to 2 MiB
	recordBytes  int64 // of an MFT record: a power of two, 1 to 4 KiB
	indexBytes   int64 // of an index block: a power of two, 512 to 64 KiB
	sectorBytes  int64
	sectors      int64 // without the backup of the boot sector behind them
	mft, mirror  int64 // first clusters of $MFT and $MFTMirr
}

func (b boot) bytes() int64 { return b.sectors * b.sectorBytes }

// parseBoot reads the first 512 bytes of a boot sector; false when it is none of
// NTFS.
func parseBoot(sector []byte) (boot, bool) {
	if string(sector[3:11]) != "NTFS    " || sector[510] != 0x55 || sector[511] != 0xAA {
		return boot{}, false
	}
	b := boot{
		sectorBytes: int64(le16(sector, 11)),
		sectors:     le64(sector, 40),
		mft:         le64(sector, 48),
		mirror:      le64(sector, 56),
	}
	b.clusterBytes = sectorsPerCluster(sector[13]) * b.sectorBytes
	b.recordBytes = b.structure(int8(sector[64]))
	b.indexBytes = b.structure(int8(sector[68]))
	ok := power(b.sectorBytes, 512, 4096) &&
		power(b.clusterBytes, 512, maxClusterBytes) &&
		power(b.recordBytes, 1<<10, 4<<10) &&
		power(b.indexBytes, 512, maxIndexBytes) &&
		b.sectors > 0 && b.sectors < math.MaxInt64/b.sectorBytes &&
		b.mft >= 0 && b.mirror >= 0
	return b, ok
}

// sectorsPerCluster is what the byte v means: a number, or beyond 128 the
// negative of a power of two.
func sectorsPerCluster(v byte) int64 {
	if v <= 128 {
		return int64(v)
	}
	return 1 << min(256-int(v), 32)
}

// structure is how many bytes a record or an index block has: a number of
// clusters, or the negative of a power of two.
func (b boot) structure(v int8) int64 {
	if v >= 0 {
		return int64(v) * b.clusterBytes
	}
	return 1 << min(-int(v), 32)
}

// backupOffsets lists where the backup of the boot sector may be: in the last
// sector of the partition, whatever size a sector has, or where what is left of
// the first sector says that the volume ends.
func backupOffsets(first []byte, size int64) (offsets []int64) {
	for sectorBytes := int64(512); sectorBytes <= 4096; sectorBytes *= 2 {
		offsets = append(offsets, size-sectorBytes)
	}
	sectorBytes, sectors := int64(le16(first, 11)), le64(first, 40)
	if power(sectorBytes, 512, 4096) && sectors > 0 && sectors < size/sectorBytes {
		offsets = append(offsets, sectors*sectorBytes)
	}
	return offsets
}

// readSector reads 512 bytes at the offset at of the volume. It returns zeros
// with false.
func (f *FS) readSector(at int64) ([]byte, bool) {
	sector := make([]byte, bootBytes)
	if at < 0 || at > f.size-bootBytes {
		return sector, false
	}
	return sector, len(f.src.Read(sector, f.start+at)) == 0
}

func power(n, least, most int64) bool { return n >= least && n <= most && n&(n-1) == 0 }

func le16(b []byte, at int) uint16 { return binary.LittleEndian.Uint16(b[at:]) }
func le32(b []byte, at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
func le64(b []byte, at int) int64  { return int64(binary.LittleEndian.Uint64(b[at:])) }
