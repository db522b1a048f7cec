package parttable

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"unicode/utf16"
)

const (
	gptSignature  = "EFI PART"
	gptHeaderSize = 92
	// maxGPTEntries bounds what is read of an entry array; the specification
	// asks for room for 128, and nothing writes more than 1024.
	maxGPTEntries  = 1024
	gptEntryBytes  = 128
	maxGPTEntryLen = 4096
)

type gptHeader struct {
	crcValid    bool
	entriesLBA  uint64
	entries     uint32
	entryBytes  uint32
	entriesCRC  uint32
	describedAt uint64 // the LBA that the header gives for itself
}

// GPTHeaders reports whether a GPT header stands in the second sector, where
// the primary belongs, and in the last one, where the backup does. A header is
// known by its signature alone, for that is what makes operating systems look.
func GPTHeaders(r io.ReaderAt, size int64, sectorSize int) (primary, backup bool, err error) {
	for _, at := range []struct {
		offset int64
		found  *bool
	}{{int64(sectorSize), &primary}, {(size/int64(sectorSize) - 1) * int64(sectorSize), &backup}} {
		var signature [len(gptSignature)]byte
		if at.offset < int64(sectorSize) || at.offset+int64(sectorSize) > size {
			continue
		}
		if _, err := r.ReadAt(signature[:], at.offset); err != nil && err != io.EOF {
			return false, false, fmt.Errorf("looking for a GPT header at byte %d: %w", at.offset, err)
		}
		*at.found = string(signature[:]) == gptSignature
	}
	return primary, backup, nil
}

// withStaleGPT adds a warning to t where GPT headers stand beside the table
// that is in force.
func (d disk) withStaleGPT(t Table) Table {
	primary, backup, err := GPTHeaders(d.r, d.sectors*d.sectorSize, int(d.sectorSize))
	switch {
	case err != nil:
		t.warn("it cannot be told whether an old GPT is on the drive: a sector cannot be read")
	case primary && backup:
		t.warn("a GPT that is not in force stands at both ends of the drive")
	case primary:
		t.warn("a GPT header that is not in force stands at the start of the drive")
	case backup:
		t.warn("a GPT header that is not in force stands at the end of the drive")
	}
	return t
}

// readGPT reads the better of the two tables: the primary if its checksums are
// right, else the backup if its are, else whichever has a header at all.
func (d disk) readGPT() (Table, bool) {
	if d.sectors < 3 {
		return Table{}, false
	}
	primary, primaryState := d.gptAt(1)
	if primaryState == gptSound {
		return primary, true
	}
	backup, backupState := d.gptAt(uint64(d.sectors - 1))
	switch {
	case backupState == gptSound, backupState == gptDamaged && primaryState == gptAbsent:
		backup.warn("the primary GPT is missing or damaged; the backup at the end of the drive is used")
		return backup, true
	case primaryState == gptDamaged:
		primary.warn("the backup GPT at the end of the drive is missing or damaged, too")
		return primary, true
	}
	return Table{}, false
}

type gptState int

const (
	gptAbsent gptState = iota
	gptDamaged
	gptSound
)

func (d disk) gptAt(lba uint64) (Table, gptState) {
	sector := make([]byte, d.sectorSize)
	if n, err := d.r.ReadAt(sector, int64(lba)*d.sectorSize); n < len(sector) && err != nil {
		return Table{}, gptAbsent
	}
	h, ok := parseGPTHeader(sector)
	if !ok {
		return Table{}, gptAbsent
	}
	t := Table{Scheme: SchemeGPT}
	state := gptSound
	if !h.crcValid || h.describedAt != lba {
		t.warn("the GPT header in sector %d has a wrong checksum or address", lba)
		state = gptDamaged
	}
	if !d.readGPTEntries(&t, h) {
		state = gptDamaged
	}
	t.warnOverlaps()
	return t, state
}

func parseGPTHeader(sector []byte) (gptHeader, bool) {
	if !bytes.HasPrefix(sector, []byte(gptSignature)) {
		return gptHeader{}, false
	}
	h := gptHeader{
		describedAt: binary.LittleEndian.Uint64(sector[24:]),
		entriesLBA:  binary.LittleEndian.Uint64(sector[72:]),
		entries:     binary.LittleEndian.Uint32(sector[80:]),
		entryBytes:  binary.LittleEndian.Uint32(sector[84:]),
		entriesCRC:  binary.LittleEndian.Uint32(sector[88:]),
	}
	if n := binary.LittleEndian.Uint32(sector[12:]); n >= gptHeaderSize && int(n) <= len(sector) {
		body := bytes.Clone(sector[:n])
		clear(body[16:20])
		h.crcValid = crc32.ChecksumIEEE(body) == binary.LittleEndian.Uint32(sector[16:])
	}
	return h, true
}

// readGPTEntries adds the partitions of the array that h describes, and reports
// whether all of it could be read and its checksum is right. It holds one entry
// at a time, whatever the header claims.
func (d disk) readGPTEntries(t *Table, h gptHeader) bool {
	if h.entryBytes < gptEntryBytes || h.entryBytes > maxGPTEntryLen || h.entriesLBA == 0 || h.entriesLBA >= uint64(d.sectors) {
		t.warn("the GPT header describes an impossible entry array (sector %d, %d bytes an entry)", h.entriesLBA, h.entryBytes)
		return false
	}
	entry := make([]byte, h.entryBytes)
	sum := crc32.NewIEEE()
	array := io.NewSectionReader(d.r, int64(h.entriesLBA)*d.sectorSize, int64(min(h.entries, maxGPTEntries))*int64(h.entryBytes))
	for i := range min(h.entries, maxGPTEntries) {
		if _, err := io.ReadFull(array, entry); err != nil {
			t.warn("the GPT entry array cannot be read from entry %d on", i+1)
			return false
		}
		sum.Write(entry)
		d.addGPTEntry(t, int(i)+1, entry)
	}
	switch {
	case h.entries > maxGPTEntries:
		t.warn("the GPT claims %d entries; the first %d were read", h.entries, maxGPTEntries)
		return false
	case sum.Sum32() != h.entriesCRC:
		t.warn("the GPT entry array has a wrong checksum")
		return false
	}
	return true
}

func (d disk) addGPTEntry(t *Table, index int, b []byte) {
	if [16]byte(b) == [16]byte{} {
		return
	}
	first, last := binary.LittleEndian.Uint64(b[32:]), binary.LittleEndian.Uint64(b[40:])
	if last < first {
		t.warn("partition %d ends before it begins", index)
		return
	}
	d.add(t, Entry{Index: index, Type: guid(b), Name: utf16Name(b[56:gptEntryBytes])}, first, last-first+1)
}

// guid writes the mixed-endian GUID at the start of b.
func guid(b []byte) string {
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint16(b[4:]),
		binary.LittleEndian.Uint16(b[6:]), b[8:10], b[10:16])
}

func utf16Name(b []byte) string {
	var units []uint16
	for ; len(b) >= 2; b = b[2:] {
		unit := binary.LittleEndian.Uint16(b)
		if unit == 0 {
			break
		}
		units = append(units, unit)
	}
	return string(utf16.Decode(units))
}
