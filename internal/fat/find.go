package fat

import (
	"fmt"
	"io"
)

// readBoot finds the boot sector of the volume at start.
func readBoot(r io.ReaderAt, start, size int64) (Boot, error) {
	sector, err := readSector(r, start, size, 0)
	if err == nil {
		if b, err := ParseBoot(sector, start); err == nil && b.DataOffset < start+size {
			return b, nil
		}
	}
	for _, at := range backupOffsets(sector) {
		backup, err := readSector(r, start, size, at)
		if err != nil {
			continue
		}
		b, err := ParseBoot(backup, start)
		if err == nil && b.Type == FAT32 && int64(b.BackupSector)*int64(b.SectorBytes) == at && b.DataOffset < start+size {
			b.FromBackup = true
			return b, nil
		}
	}
	if err != nil {
		return Boot{}, fmt.Errorf("reading the boot sector: %w", err)
	}
	return Boot{}, ErrNotFAT
}

// backupOffsets lists where FAT32's backup boot sector may be: where the damaged
// first sector says, else in sector 6, whatever size a sector has.
func backupOffsets(first []byte) (offsets []int64) {
	if sectorBytes, at := int64(le16(first, 11)), int64(le16(first, 50)); validSectorBytes(sectorBytes) && at != 0 {
		offsets = append(offsets, at*sectorBytes)
	}
	for sectorBytes := int64(512); sectorBytes <= 4096; sectorBytes *= 2 {
		offsets = append(offsets, 6*sectorBytes)
	}
	return offsets
}

// readSector reads the 512 bytes at offset at of the volume. It returns zeros
// with an error.
func readSector(r io.ReaderAt, start, size, at int64) ([]byte, error) {
	sector := make([]byte, 512)
	if at+512 > size {
		return sector, ErrNotFAT
	}
	if n, err := r.ReadAt(sector, start+at); n < len(sector) {
		return make([]byte, 512), err
	}
	return sector, nil
}
