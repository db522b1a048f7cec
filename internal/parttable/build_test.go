package parttable

import (
	"encoding/binary"
	"hash/crc32"
	"unicode/utf16"
)

const mib = 1 << 20

// image is a drive in memory, built field by field, that reads as zero where
// nothing was put.
type image struct {
	bytes      []byte
	sectorSize int
}

func newImage(size, sectorSize int) *image { return &image{make([]byte, size), sectorSize} }

func (m *image) sign(lba int) *image {
	copy(m.bytes[lba*m.sectorSize+510:], "\x55\xAA")
	return m
}

// entry puts an MBR entry into the record at lba.
func (m *image) entry(lba, slot int, kind byte, start, count uint32) *image {
	b := m.bytes[lba*m.sectorSize+446+16*slot:]
	b[4] = kind
	binary.LittleEndian.PutUint32(b[8:], start)
	binary.LittleEndian.PutUint32(b[12:], count)
	return m.sign(lba)
}

// fatBoot puts what makes a boot sector of FAT look like one.
func (m *image) fatBoot(lba int) *image {
	b := m.bytes[lba*m.sectorSize:]
	copy(b, "\xEB\x3C\x90mkfs.fat")
	binary.LittleEndian.PutUint16(b[11:], uint16(m.sectorSize))
	b[13], b[14], b[16], b[21] = 4, 1, 2, 0xF8
	return m.sign(lba)
}

// extSuper puts the mark of a superblock of ext.
func (m *image) extSuper(lba int) *image {
	copy(m.bytes[lba*m.sectorSize+1080:], "\x53\xEF")
	return m
}

const basicData = "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"

// gpt writes one of the two copies, with a partition for each pair of sectors.
func (m *image) gpt(headerLBA, entriesLBA int, partitions ...[2]uint64) *image {
	array := m.bytes[entriesLBA*m.sectorSize:][:128*128]
	for i, p := range partitions {
		e := array[i*128:]
		copy(e, "\xA2\xA0\xD0\xEB\xE5\xB9\x33\x44\x87\xC0\x68\xB6\xB7\x26\x99\xC7")
		e[16] = byte(i + 1)
		binary.LittleEndian.PutUint64(e[32:], p[0])
		binary.LittleEndian.PutUint64(e[40:], p[1])
		for j, u := range utf16.Encode([]rune("data 𝒳")) {
			binary.LittleEndian.PutUint16(e[56+2*j:], u)
		}
	}
	h := m.bytes[headerLBA*m.sectorSize:]
	copy(h, "EFI PART\x00\x00\x01\x00")
	binary.LittleEndian.PutUint32(h[12:], 92)
	binary.LittleEndian.PutUint64(h[24:], uint64(headerLBA))
	binary.LittleEndian.PutUint64(h[72:], uint64(entriesLBA))
	binary.LittleEndian.PutUint32(h[80:], 128)
	binary.LittleEndian.PutUint32(h[84:], 128)
	binary.LittleEndian.PutUint32(h[88:], crc32.ChecksumIEEE(array))
	m.seal(headerLBA)
	return m
}

func (m *image) seal(headerLBA int) {
	h := m.bytes[headerLBA*m.sectorSize:]
	clear(h[16:20])
	binary.LittleEndian.PutUint32(h[16:], crc32.ChecksumIEEE(h[:92]))
}

func (m *image) with(change func(b []byte)) *image {
	change(m.bytes)
	return m
}

// bothGPTs is a drive of 4 MiB with a protective MBR and two sound GPTs.
func bothGPTs(sectorSize int) *image {
	m := newImage(4*mib, sectorSize)
	last := len(m.bytes)/sectorSize - 1
	array := 128 * 128 / sectorSize
	return m.entry(0, 0, 0xEE, 1, uint32(last)).gpt(1, 2, [2]uint64{64, 127}).gpt(last, last-array, [2]uint64{64, 127})
}

func (m *image) last() int { return len(m.bytes)/m.sectorSize - 1 }
