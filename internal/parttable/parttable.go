// Package parttable reads partition tables: MBR and GPT, primary or backup.
// It trusts nothing that it reads, and writes nothing.
//
// Sources: UEFI specification 2.10, chapter 5 (GPT and the MBR beside it); for
// chains of extended partitions, what the Linux kernel accepts.
package parttable

import (
	"fmt"
	"io"
)

// Schemes that a drive can be divided by.
const (
	SchemeMBR  = "mbr"
	SchemeGPT  = "gpt"
	SchemeNone = "none"
)

// Table is what the first and the last sectors say of a drive's division.
type Table struct {
	Scheme        string // one of the constants above
	DiskSignature uint32 // of the MBR; 0 for the other schemes
	// Entries are the partitions that have bytes on the drive, in the order of
	// their Index. An extended partition stands beside the logical ones in it.
	Entries []Entry
	// Warnings say in words what is not as it should be. They quote nothing from
	// the drive but numbers.
	Warnings []string
}

// Entry is one partition. Start and Start+Size lie on the drive.
type Entry struct {
	Index int    // from 1; logical partitions of an MBR from 5
	Type  string // MBR type as two hex digits, or GPT type GUID, lower case
	Start int64  // bytes from the start of the drive
	Size  int64  // bytes
	Name  string // of a GPT partition, as it stands there: not safe to print
}

// End is the offset of the first byte behind the partition.
func (e Entry) End() int64 { return e.Start + e.Size }

// Read reads the table of a drive of size bytes with the given logical sector
// size, 512 or 4096.
//
// A drive whose first sector starts a file system, rather than a table, has
// scheme "none". Where a GPT and an MBR that describes partitions of its own
// stand side by side, the MBR counts unless it is protective, as it does for
// every operating system. The error is not nil only when the first sector
// cannot be read; trouble elsewhere becomes a warning.
func Read(r io.ReaderAt, size int64, sectorSize int) (Table, error) {
	if sectorSize != 512 && sectorSize != 4096 {
		return Table{}, fmt.Errorf("reading a partition table: sectors of %d bytes are not supported", sectorSize)
	}
	if size < mbrBytes {
		return Table{Scheme: SchemeNone}, nil
	}
	var first [mbrBytes]byte
	if _, err := r.ReadAt(first[:], 0); err != nil && err != io.EOF {
		return Table{}, fmt.Errorf("reading the first sector: %w", err)
	}
	d := disk{r: r, sectors: size / int64(sectorSize), sectorSize: int64(sectorSize)}
	return d.judge(parseMBR(first)), nil
}

// judge decides which of the tables that may stand on the drive is the one in
// force.
func (d disk) judge(m mbr) Table {
	switch {
	case m.protective():
		if t, ok := d.readGPT(); ok {
			return t
		}
		t := d.mbrTable(m)
		t.warn("the MBR announces a GPT, but none can be found")
		return t
	case m.describesPartitions() && !(m.startsFileSystem && !d.plausible(m)):
		return d.withStaleGPT(d.mbrTable(m))
	case m.startsFileSystem:
		return d.withStaleGPT(Table{Scheme: SchemeNone})
	}
	if t, ok := d.readGPT(); ok {
		t.warn("there is a GPT, but no protective MBR")
		return t
	}
	t := Table{Scheme: SchemeNone}
	switch {
	case m.signed && m.flagsValid:
		t = Table{Scheme: SchemeMBR, DiskSignature: m.signature}
	case m.signed:
		t.warn("the first sector is signed as an MBR, but holds no partition table")
	}
	return t
}

// Detect reads the table of an image, whose sector size nothing tells, and
// returns it with the sector size at which it makes sense. 512 is the answer
// unless a GPT, or what begins where an MBR points at, speaks for 4096.
func Detect(r io.ReaderAt, size int64) (Table, int, error) {
	small, err := Read(r, size, 512)
	if err != nil || small.Scheme == SchemeGPT {
		return small, 512, err
	}
	large, err := Read(r, size, 4096)
	if err != nil {
		return small, 512, err
	}
	if large.Scheme == SchemeGPT || begun(r, large) > begun(r, small) {
		return large, 4096, nil
	}
	return small, 512, nil
}

// begun counts the partitions that begin with a signed boot sector, or as ext does,
// which leaves that sector to others.
func begun(r io.ReaderAt, t Table) (n int) {
	const superMagic = 1024 + 56 // 53 EF
	for _, e := range t.Entries {
		var head [superMagic + 2]byte
		if _, err := r.ReadAt(head[:], e.Start); err != nil && err != io.EOF {
			continue
		}
		if signed([mbrBytes]byte(head[:])) || head[superMagic] == 0x53 && head[superMagic+1] == 0xEF {
			n++
		}
	}
	return n
}

// maxWarnings bounds what a table made to annoy can have us say.
const maxWarnings = 32

func (t *Table) warn(format string, args ...any) {
	switch n := len(t.Warnings); {
	case n < maxWarnings:
		t.Warnings = append(t.Warnings, fmt.Sprintf(format, args...))
	case n == maxWarnings:
		t.Warnings = append(t.Warnings, "there is more that is wrong with the partition table")
	}
}

// disk is a drive as sectors of one size.
type disk struct {
	r          io.ReaderAt
	sectors    int64
	sectorSize int64
}

// add appends the partition of count sectors at LBA start, cut to the drive.
// It refuses a partition without a byte on the drive.
func (d disk) add(t *Table, e Entry, start, count uint64) {
	end := start + count
	if count == 0 || end < start || start == 0 || start >= uint64(d.sectors) {
		t.warn("partition %d lies outside the drive (sectors %d to %d of %d)", e.Index, start, end, d.sectors)
		return
	}
	if end > uint64(d.sectors) {
		t.warn("partition %d ends behind the drive (sector %d of %d)", e.Index, end, d.sectors)
		end = uint64(d.sectors)
	}
	e.Start = int64(start) * d.sectorSize
	e.Size = int64(end-start) * d.sectorSize
	t.Entries = append(t.Entries, e)
}
