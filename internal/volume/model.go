package volume

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"github.com/diskfs/go-diskfs/backend"
	"github.com/diskfs/go-diskfs/filesystem/fat12"
	"github.com/diskfs/go-diskfs/filesystem/fat16"
	"github.com/diskfs/go-diskfs/filesystem/fat32"
	"github.com/diskfs/go-diskfs/partition/mbr"

	"github.com/panoscrub/panoscrub/internal/fat"
)

// model is a small volume in memory that go-diskfs formats. What it writes there
// (boot sectors, the start of the tables, the label) is then put in its places on
// the drive. The library never touches the drive itself, because version 1.9.4
// makes tables that are two entries short at some sizes and far too short from
// 256 GiB on, holds two whole tables in memory, and swallows errors of reading.
//
// It is a backend.Storage with the few methods that formatting calls; the others
// would panic, which create turns into an error.
type model struct {
	backend.WritableFile
	pages map[int64]*[modelPage]byte // by number; pages of zeros are left out
}

const modelPage = 4096

// modelSlack is added to where a size class begins, for a volume of that class
// that is as small as can be.
const modelSlack = 1 << 20

// formatted returns the model of a file system of geometry g.
func formatted(g geometry, label string) (*model, error) {
	m := &model{pages: map[int64]*[modelPage]byte{}}
	if err := m.create(g, label); err != nil {
		return nil, fmt.Errorf("formatting in memory: %w", err)
	}
	return m, m.check(g)
}

// create lets the library format the model.
func (m *model) create(g geometry, label string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("go-diskfs: %v", p)
		}
	}()
	partition := g.total * g.bytes
	switch g.kind {
	case fat.FAT12:
		_, err = fat12.Create(m, partition, 0, g.bytes, label, true)
	case fat.FAT16:
		_, err = fat16.Create(m, partition, 0, g.bytes, label, true)
	default:
		_, err = fat32.Create(m, min(partition, classStart(partition)+modelSlack), 0, g.bytes, label, true)
	}
	return err
}

// classStart is the size from which on FAT32 volumes have the clusters of a
// volume of the given size.
func classStart(partition int64) (start int64) {
	for _, s := range formats[0].sizes {
		if partition <= s.upTo {
			break
		}
		start = s.upTo
	}
	return start
}

// check makes sure that the library did what the geometry was made for.
func (m *model) check(g geometry) error {
	boot := m.boot()
	sectors, cluster := int64(binary.LittleEndian.Uint16(boot[11:])), int64(boot[13])
	root := ceil(int64(binary.LittleEndian.Uint16(boot[17:]))*slotBytes, g.bytes)
	if sectors != g.bytes || cluster != g.cluster || root != g.root || boot[16] != 2 {
		return fmt.Errorf("formatting in memory: go-diskfs chose sectors of %d bytes, clusters of %d sectors, a root directory of %d and %d tables",
			sectors, cluster, root, boot[16])
	}
	return nil
}

// boot is the boot sector's first 512 bytes.
func (m *model) boot() []byte { return m.bytes(0, 512) }

// root is where the root directory starts in the model.
func (m *model) root() int64 {
	boot := m.boot()
	table := int64(binary.LittleEndian.Uint16(boot[22:]))
	if table == 0 {
		table = int64(binary.LittleEndian.Uint32(boot[36:]))
	}
	return (int64(binary.LittleEndian.Uint16(boot[14:])) + 2*table) * int64(binary.LittleEndian.Uint16(boot[11:]))
}

// table is the start of the first table in the model.
func (m *model) table() []byte {
	boot := m.boot()
	return m.bytes(int64(binary.LittleEndian.Uint16(boot[14:]))*int64(binary.LittleEndian.Uint16(boot[11:])), 12)
}

func (m *model) bytes(off int64, n int) []byte {
	p := make([]byte, n)
	m.read(p, off)
	return p
}

func (m *model) read(p []byte, off int64) {
	for len(p) > 0 {
		n := min(len(p), modelPage-int(off%modelPage))
		clear(p[:n])
		if page := m.pages[off/modelPage]; page != nil {
			copy(p[:n], page[off%modelPage:])
		}
		p, off = p[n:], off+int64(n)
	}
}

var zeros [modelPage]byte

func (m *model) write(p []byte, off int64) {
	for len(p) > 0 {
		n := min(len(p), modelPage-int(off%modelPage))
		page := m.pages[off/modelPage]
		if page == nil && !bytes.Equal(p[:n], zeros[:n]) {
			page = new([modelPage]byte)
			m.pages[off/modelPage] = page
		}
		if page != nil {
			copy(page[off%modelPage:], p[:n])
		}
		p, off = p[n:], off+int64(n)
	}
}

// ReadAt, WriteAt and the methods below are what go-diskfs calls.
func (m *model) ReadAt(p []byte, off int64) (int, error) {
	m.read(p, off)
	return len(p), nil
}

func (m *model) WriteAt(p []byte, off int64) (int, error) {
	m.write(p, off)
	return len(p), nil
}

func (m *model) Writable() (backend.WritableFile, error) { return m, nil }
func (m *model) Sys() (*os.File, error)                  { return nil, backend.ErrNotSuitable }
func (m *model) Path() string                            { return "" }

var (
	_ backend.Storage = (*model)(nil)
	_ io.WriterAt     = (*model)(nil)
)

// partitioned returns the first 512 bytes of the drive, as the library writes
// them, with the disk signature, for which it has no means.
func partitioned(spec Spec) ([]byte, error) {
	m := &model{pages: map[int64]*[modelPage]byte{}}
	sector := int64(spec.SectorBytes)
	first, count := spec.StartBytes/sector, spec.PartitionBytes/sector
	p := &mbr.Partition{Index: 1, Type: mbr.Type(spec.PartitionType), Start: uint32(first), Size: uint32(count)}
	p.StartCylinder, p.StartHead, p.StartSector = chs(first)
	p.EndCylinder, p.EndHead, p.EndSector = chs(first + count - 1)
	table := mbr.Table{Partitions: []*mbr.Partition{p}}
	if err := table.Write(m, spec.DiskBytes); err != nil {
		return nil, fmt.Errorf("making a partition table: %w", err)
	}
	b := m.bytes(0, 512)
	binary.LittleEndian.PutUint32(b[440:], spec.DiskSignature)
	return b, nil
}

// chs gives a sector's old address, by cylinder, head and sector, as an entry of
// the MBR has it: on a drive of 255 heads and 63 sectors a track. Sectors too far
// for it have the last address there is.
func chs(lba int64) (cylinder, head, sector byte) {
	c, h, s := lba/(heads*sectorsPerTrack), lba/sectorsPerTrack%heads, lba%sectorsPerTrack+1
	if c > 1023 {
		c, h, s = 1023, heads-1, sectorsPerTrack
	}
	return byte(c), byte(h), byte(s) | byte(c>>8)<<6
}

// The geometry that drives pretend to have since they no longer have one.
const (
	heads           = 255
	sectorsPerTrack = 63
)
