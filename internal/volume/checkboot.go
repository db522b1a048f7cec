package volume

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fat"
)

// boot checks the boot sector and, of FAT32, its copy and FSInfo; false when there
// is no file system to look into.
func (c *checker) boot() bool {
	sector := make([]byte, c.sector)
	start := c.volume.StartBytes
	if !c.read("the boot sector", sector, start) {
		return false
	}
	b, err := fat.ParseBoot(sector[:512], start)
	if err != nil {
		c.wrong("the boot sector: %v", err)
		return false
	}
	c.fs = b
	c.fields(sector)
	if b.Type == fat.FAT32 {
		c.copies(sector)
	}
	c.volume.FileSystem, c.volume.Label, c.volume.VolumeID = b.Type, b.Label, b.VolumeID
	c.volume.ClusterBytes, c.volume.Clusters = b.ClusterBytes, int64(b.Clusters)
	return c.inBounds()
}

// fields checks what the boot sector says.
func (c *checker) fields(sector []byte) {
	b, v := c.fs, c.volume
	want(c, "the boot sector's sector size", int64(b.SectorBytes), c.sector)
	want(c, "the number of sectors before the volume", int64(b.HiddenSectors), v.StartBytes/c.sector)
	want(c, "the volume's size", b.TotalSectors*int64(b.SectorBytes), v.PartitionBytes)
	want(c, "the media type", b.Media, 0xF8)
	want(c, "the number of heads", b.Heads, 255)
	want(c, "the number of sectors a track", b.SectorsPerTrack, 63)
	want(c, "the BIOS's drive number", b.DriveNumber, 0x80)
	want(c, "the number of tables", b.Copies, 2)
	want(c, "that the tables mirror each other", b.Mirrored, true)
	type kind struct {
		partition byte
		name      string
		names     int // offset of the extended signature, volume ID, label and name
		jump      string
	}
	k := map[string]kind{
		fat.FAT12: {0x01, "FAT12   ", 38, "\xEB\x3C\x90"},
		fat.FAT16: {0x0E, "FAT16   ", 38, "\xEB\x3C\x90"},
		fat.FAT32: {0x0C, "FAT32   ", 66, "\xEB\x58\x90"},
	}[b.Type]
	want(c, "the partition's type", fmt.Sprintf("%02x", v.PartitionType), fmt.Sprintf("%02x", k.partition))
	want(c, "the file system's name for itself", string(sector[k.names+16:k.names+24]), k.name)
	want(c, "the extended signature", sector[k.names], 0x29)
	if sector[k.names-1] != 0 {
		c.wrong("the volume was not unmounted, or had errors")
	}
	want(c, "the jump at the start of the boot sector", fmt.Sprintf("%x", sector[:3]), fmt.Sprintf("%x", k.jump))
	if !zero(sector[k.names+24:510]) || !zero(sector[512:]) {
		c.wrong("there is something in the boot sector behind its fields")
	}
	if label, err := CheckLabel(b.Label); err != nil || label != b.Label {
		c.wrong("the boot sector's label cannot be one")
	}
}

// fsInfo is FSInfo's count of free clusters, and the one from which on to look
// for one.
type fsInfo struct{ free, next uint32 }

// copies checks what FAT32 has in the sectors behind its boot sector.
func (c *checker) copies(boot []byte) {
	want(c, "FSInfo's sector", c.fs.InfoSector, 1)
	want(c, "the backup boot sector", c.fs.BackupSector, 6)
	want(c, "the root directory's first cluster", c.fs.RootCluster, 2)
	sector := make([]byte, c.sector)
	start := c.volume.StartBytes
	if c.read("the backup boot sector", sector, start+6*c.sector) && !bytes.Equal(sector, boot) {
		c.wrong("the two boot sectors differ")
	}
	if c.read("the backup of FSInfo", sector, start+7*c.sector) {
		c.infoSector("the backup of FSInfo", sector)
	}
	if c.read("FSInfo", sector, start+c.sector) {
		c.info = c.infoSector("FSInfo", sector)
	}
}

func (c *checker) infoSector(what string, b []byte) fsInfo {
	le := binary.LittleEndian
	if string(b[:4]) != "RRaA" || string(b[484:488]) != "rrAa" || le.Uint32(b[508:]) != 0xAA550000 {
		c.wrong("%s lacks its signatures", what)
	}
	if !zero(b[4:484]) || !zero(b[496:508]) || !zero(b[512:]) {
		c.wrong("there is something in %s besides its fields", what)
	}
	return fsInfo{le.Uint32(b[488:]), le.Uint32(b[492:])}
}

// inBounds checks the places that follow from the boot sector, and notes which
// bytes are metadata. It is false when some lie outside the partition.
func (c *checker) inBounds() bool {
	b, start := c.fs, c.volume.StartBytes
	end := start + c.volume.PartitionBytes
	if (b.DataOffset-start)%int64(b.ClusterBytes) != 0 {
		c.wrong("clusters do not lie at multiples of their size")
	}
	if b.Type == fat.FAT32 && b.Clusters < 65525 {
		c.wrong("%d clusters are too few for FAT32", b.Clusters)
	}
	switch {
	case int64(b.Clusters)+2 > b.TableEntries():
		c.wrong("the table has entries for %d clusters, but there are %d", b.TableEntries()-2, b.Clusters)
		return false
	case b.DataOffset+int64(b.Clusters)*int64(b.ClusterBytes) > end:
		c.wrong("the clusters reach behind the partition")
		return false
	}
	rootEnd := b.DataOffset
	if b.Type == fat.FAT32 {
		rootEnd += int64(b.ClusterBytes)
	}
	c.volume.metadata.Add(block.Extent{Offset: 0, Length: c.sector})
	c.volume.metadata.Add(block.Extent{Offset: start, Length: rootEnd - start})
	return true
}

// reserved checks that the reserved sectors without a meaning are zero.
func (c *checker) reserved() {
	sector := make([]byte, c.sector)
	for i := range int64(c.fs.ReservedSectors) {
		if i == 0 || c.fs.Type == fat.FAT32 && (i == 1 || i == 6 || i == 7) {
			continue
		}
		if !c.read("the reserved sectors", sector, c.volume.StartBytes+i*c.sector) {
			return
		}
		if !zero(sector) {
			c.wrong("there is something in reserved sector %d", i)
		}
	}
}
