package parttable

import (
	"encoding/binary"
	"fmt"
	"io"
)

const (
	mbrBytes       = 512
	mbrEntries     = 446 // offset of the four entries
	mbrEntryBytes  = 16
	diskSignature  = 440
	maxLogical     = 128 // extended boot records followed, and logical partitions listed
	typeProtective = 0xEE
)

// mbr is a parsed first sector.
type mbr struct {
	signed           bool // ends with 55 AA
	signature        uint32
	flagsValid       bool // each boot flag is 00 or 80, as in no other kind of sector but by chance
	startsFileSystem bool
	entries          [4]mbrEntry
}

type mbrEntry struct {
	kind         byte
	start, count uint32 // sectors
}

func (e mbrEntry) empty() bool { return e.kind == 0 || e.count == 0 }

func (e mbrEntry) extended() bool {
	switch e.kind {
	case 0x05, 0x0F, 0x15, 0x1F, 0x85:
		return true
	}
	return false
}

func signed(sector [mbrBytes]byte) bool { return sector[510] == 0x55 && sector[511] == 0xAA }

func parseMBR(sector [mbrBytes]byte) mbr {
	m := mbr{
		signed:           signed(sector),
		signature:        binary.LittleEndian.Uint32(sector[diskSignature:]),
		flagsValid:       true,
		startsFileSystem: startsFileSystem(sector),
	}
	for i := range m.entries {
		b := sector[mbrEntries+i*mbrEntryBytes:]
		m.flagsValid = m.flagsValid && b[0]&0x7F == 0
		m.entries[i] = mbrEntry{
			kind:  b[4],
			start: binary.LittleEndian.Uint32(b[8:]),
			count: binary.LittleEndian.Uint32(b[12:]),
		}
	}
	return m
}

// startsFileSystem reports whether the sector is the boot sector of FAT, NTFS
// or exFAT, which look like an MBR from afar: they bear the same signature.
func startsFileSystem(sector [mbrBytes]byte) bool {
	switch string(sector[3:11]) {
	case "NTFS    ", "EXFAT   ":
		return true
	}
	sectorBytes := binary.LittleEndian.Uint16(sector[11:])
	perCluster, fats, media := sector[13], sector[16], sector[21]
	return (sector[0] == 0xEB || sector[0] == 0xE9) &&
		sectorBytes >= 512 && sectorBytes <= 4096 && sectorBytes&(sectorBytes-1) == 0 &&
		perCluster != 0 && perCluster&(perCluster-1) == 0 &&
		binary.LittleEndian.Uint16(sector[14:]) != 0 &&
		(fats == 1 || fats == 2) && (media == 0xF0 || media >= 0xF8)
}

func (m mbr) protective() bool {
	if !m.signed || !m.flagsValid {
		return false
	}
	for _, e := range m.entries {
		if e.kind == typeProtective {
			return true
		}
	}
	return false
}

func (m mbr) describesPartitions() bool {
	if !m.signed || !m.flagsValid {
		return false
	}
	for _, e := range m.entries {
		if !e.empty() {
			return true
		}
	}
	return false
}

// plausible reports whether every entry lies on the drive. It is asked of boot
// sectors, whose code may look like entries.
func (d disk) plausible(m mbr) bool {
	for _, e := range m.entries {
		end := int64(e.start) + int64(e.count)
		if e.empty() && e != (mbrEntry{}) || !e.empty() && (e.start == 0 || end > d.sectors) {
			return false
		}
	}
	return true
}

func (d disk) mbrTable(m mbr) Table {
	t := Table{Scheme: SchemeMBR, DiskSignature: m.signature}
	extended := mbrEntry{}
	for i, e := range m.entries {
		if e.empty() {
			continue
		}
		d.add(&t, Entry{Index: i + 1, Type: mbrType(e.kind)}, uint64(e.start), uint64(e.count))
		switch {
		case !e.extended():
		case extended.empty():
			extended = e
		default:
			t.warn("there is more than one extended partition; the first is followed")
		}
	}
	if !extended.empty() {
		d.addLogical(&t, extended)
	}
	t.warnOverlaps()
	return t
}

func mbrType(kind byte) string { return fmt.Sprintf("%02x", kind) }

// addLogical follows the chain of extended boot records. In each, the entries
// that are not extended are partitions, counted from the record, and the first
// extended entry leads to the next record, counted from the chain's start.
func (d disk) addLogical(t *Table, extended mbrEntry) {
	seen := map[uint64]bool{}
	base := uint64(extended.start)
	for at, index := base, 5; ; {
		if at >= uint64(d.sectors) || seen[at] || len(seen) == maxLogical {
			t.warn("the chain of extended partitions loops, is too long or leaves the drive at sector %d", at)
			return
		}
		seen[at] = true
		record, ok := d.extendedRecord(t, at)
		if !ok {
			return
		}
		next := uint64(0)
		for _, e := range record.entries {
			switch {
			case e.empty():
			case e.extended():
				if next == 0 {
					next = base + uint64(e.start)
				}
			case len(t.Entries) < maxLogical:
				d.add(t, Entry{Index: index, Type: mbrType(e.kind)}, at+uint64(e.start), uint64(e.count))
				index++
			}
		}
		if next == 0 {
			return
		}
		at = next
	}
}

func (d disk) extendedRecord(t *Table, at uint64) (mbr, bool) {
	var sector [mbrBytes]byte
	if _, err := d.r.ReadAt(sector[:], int64(at)*d.sectorSize); err != nil && err != io.EOF {
		t.warn("the extended boot record in sector %d cannot be read", at)
		return mbr{}, false
	}
	record := parseMBR(sector)
	if !record.signed {
		t.warn("the extended boot record in sector %d is not signed", at)
		return mbr{}, false
	}
	return record, true
}

// warnOverlaps names partitions that share bytes, but for logical ones, which
// lie in their extended partition.
func (t *Table) warnOverlaps() {
	for i, a := range t.Entries {
		for _, b := range t.Entries[i+1:] {
			if b.Index >= 5 && a.Index < 5 {
				continue
			}
			if a.Start < b.End() && b.Start < a.End() {
				t.warn("partitions %d and %d overlap", a.Index, b.Index)
			}
		}
	}
}
