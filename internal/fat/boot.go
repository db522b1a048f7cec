package fat

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Types of file system, as [Boot.Type] has them.
const (
	FAT12 = "fat12"
	FAT16 = "fat16"
	FAT32 = "fat32"
)

// Cluster counts from which on a file system is of the next type.
const (
	minClusters16 = 4085
	minClusters32 = 65525
	maxClusters32 = 0x0FFFFFF5 // higher numbers mark bad clusters and ends of chains
)

// Boot is what a boot sector says. Offsets are bytes from the start of the
// drive.
type Boot struct {
	Type       string // FAT12, FAT16 or FAT32
	OEM        string // the formatter's name for itself: not safe to print
	Label      string // without padding: not safe to print; empty where there is none
	VolumeID   uint32
	FromBackup bool // the backup boot sector says so, not the first

	SectorBytes     int
	ClusterBytes    int
	TotalSectors    int64
	HiddenSectors   uint32 // sectors before the volume, as the formatter thought
	ReservedSectors int
	Media           byte
	DriveNumber     byte
	SectorsPerTrack int
	Heads           int

	Copies      int   // of the table, 1 or 2
	ActiveCopy  int   // the copy in force where the copies are not mirrored, else 0
	Mirrored    bool  // all copies are meant to be equal
	TableOffset int64 // of the first copy
	TableBytes  int64 // of each copy

	RootEntries  int    // slots of the fixed root directory; 0 for FAT32
	RootOffset   int64  // of the fixed root directory
	RootCluster  uint32 // first cluster of FAT32's root directory
	InfoSector   int    // of FAT32's FSInfo, counted from the volume's start
	BackupSector int    // of FAT32's backup boot sector, likewise

	DataOffset int64  // of cluster 2
	Clusters   uint32 // data clusters; their numbers are 2 to Clusters+1
}

// TableEntries is how many entries one copy of the table has room for, the two
// that stand for no cluster included.
func (b Boot) TableEntries() int64 {
	switch b.Type {
	case FAT12:
		return b.TableBytes * 2 / 3
	case FAT16:
		return b.TableBytes / 2
	}
	return b.TableBytes / 4
}

// ParseBoot reads the first 512 bytes of a boot sector of a volume at byte start
// of the drive. The error wraps [ErrNotFAT] and says which field cannot be.
func ParseBoot(sector []byte, start int64) (Boot, error) {
	if len(sector) < 512 || sector[510] != 0x55 || sector[511] != 0xAA {
		return Boot{}, notFAT("no signature")
	}
	b := Boot{
		OEM:             string(sector[3:11]),
		SectorBytes:     int(le16(sector, 11)),
		ReservedSectors: int(le16(sector, 14)),
		Copies:          int(sector[16]),
		RootEntries:     int(le16(sector, 17)),
		TotalSectors:    int64(le16(sector, 19)),
		Media:           sector[21],
		SectorsPerTrack: int(le16(sector, 24)),
		Heads:           int(le16(sector, 26)),
		HiddenSectors:   le32(sector, 28),
	}
	if b.TotalSectors == 0 {
		b.TotalSectors = int64(le32(sector, 32))
	}
	if err := b.checkFields(sector[13]); err != nil {
		return Boot{}, err
	}
	b.ClusterBytes = int(sector[13]) * b.SectorBytes
	b.Mirrored = true
	if le16(sector, 22) != 0 {
		b.parseSmall(sector)
	} else if err := b.parseLarge(sector); err != nil {
		return Boot{}, err
	}
	return b, b.layOut(start)
}

func (b *Boot) checkFields(sectorsPerCluster byte) error {
	switch {
	case !validSectorBytes(int64(b.SectorBytes)):
		return notFAT("bytes per sector")
	case sectorsPerCluster == 0 || sectorsPerCluster&(sectorsPerCluster-1) != 0:
		return notFAT("sectors per cluster")
	case b.ReservedSectors == 0:
		return notFAT("reserved sectors")
	case b.Copies != 1 && b.Copies != 2:
		return notFAT("number of tables")
	case b.Media != 0xF0 && b.Media < 0xF8:
		return notFAT("media type")
	case b.TotalSectors == 0:
		return notFAT("total sectors")
	}
	return nil
}

// parseSmall reads what FAT12 and FAT16 have behind the common fields.
func (b *Boot) parseSmall(sector []byte) {
	b.TableBytes = int64(le16(sector, 22)) * int64(b.SectorBytes)
	b.DriveNumber = sector[36]
	b.parseNames(sector[38:])
}

// parseLarge reads what FAT32 has instead.
func (b *Boot) parseLarge(sector []byte) error {
	flags := le16(sector, 40)
	b.TableBytes = int64(le32(sector, 36)) * int64(b.SectorBytes)
	b.Mirrored = flags&0x80 == 0
	if !b.Mirrored {
		b.ActiveCopy = int(flags & 0x0F)
	}
	b.RootCluster = le32(sector, 44)
	b.InfoSector = int(le16(sector, 48))
	b.BackupSector = int(le16(sector, 50))
	b.DriveNumber = sector[64]
	b.parseNames(sector[66:])
	switch {
	case b.TableBytes == 0:
		return notFAT("sectors per table")
	case b.RootEntries != 0:
		return notFAT("root entries")
	case le16(sector, 42) != 0:
		return notFAT("version")
	case b.ActiveCopy >= b.Copies:
		return notFAT("active table")
	}
	return nil
}

// parseNames reads the volume ID and label behind the extended signature.
func (b *Boot) parseNames(field []byte) {
	switch field[0] {
	case 0x29:
		b.Label = strings.TrimRight(oemText(field[5:16]), " \x00")
		fallthrough
	case 0x28:
		b.VolumeID = le32(field, 1)
	}
}

// label is the boot sector's label, but for what formatters write for none.
func (b Boot) label() string {
	if b.Label == "NO NAME" {
		return ""
	}
	return b.Label
}

// layOut computes where things are, and the type. The type follows from the
// number of clusters, but for FAT32, which small volumes may have by the wish of
// whoever formatted them, and which is known by its fields.
func (b *Boot) layOut(start int64) error {
	sectorBytes := int64(b.SectorBytes)
	rootSectors := (int64(b.RootEntries)*slotBytes + sectorBytes - 1) / sectorBytes
	tables := int64(b.Copies) * b.TableBytes
	meta := int64(b.ReservedSectors) + tables/sectorBytes + rootSectors
	clusters := (b.TotalSectors - meta) * sectorBytes / int64(b.ClusterBytes)
	if b.TotalSectors <= meta || clusters == 0 {
		return notFAT("no room for data")
	}
	b.TableOffset = start + int64(b.ReservedSectors)*sectorBytes
	b.DataOffset = start + meta*sectorBytes
	switch {
	case b.RootEntries == 0 && b.RootCluster == 0:
		return notFAT("root directory")
	case b.RootEntries == 0:
		b.Type = FAT32
		clusters = min(clusters, maxClusters32)
	case clusters < minClusters16:
		b.Type = FAT12
	default:
		b.Type = FAT16
		clusters = min(clusters, minClusters32-1)
	}
	if b.Type != FAT32 {
		b.RootOffset = b.TableOffset + tables
	}
	b.Clusters = uint32(clusters)
	if b.TableEntries() < 3 {
		return notFAT("no room for a table")
	}
	return nil
}

func validSectorBytes(n int64) bool { return n >= 512 && n <= 4096 && n&(n-1) == 0 }

func notFAT(field string) error { return fmt.Errorf("%w: %s", ErrNotFAT, field) }

func le16(b []byte, at int) uint16 { return binary.LittleEndian.Uint16(b[at:]) }
func le32(b []byte, at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
