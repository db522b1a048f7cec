package volume

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fat"
	"github.com/panoscrub/panoscrub/internal/parttable"
	"github.com/panoscrub/panoscrub/internal/progress"
)

// ErrSpec says that a spec is not one for the drive; nothing was written.
var ErrSpec = errors.New("the volume's specification does not fit")

// Make partitions and formats the drive as the spec says, and flushes it. It
// defines every byte of the first sector, and of the partition up to its free
// clusters, and removes the headers of an older GPT, which would count more than
// the new table. count counts the bytes written.
//
// The partition table is written last, so that a run that ends early leaves no
// partition that was not there before. Whatever the error, the drive has to be
// taken for not formatted; one that wraps [ErrSpec], [ErrLabel], [ErrTooSmall] or
// [ErrSectorSize] comes before anything was written.
func Make(ctx context.Context, dev block.Device, spec Spec, count *progress.Counter) error {
	g, err := spec.check(dev)
	if err != nil {
		return err
	}
	body, err := spec.body(g)
	if err != nil {
		return err
	}
	table, err := partitioned(spec)
	if err != nil {
		return err
	}
	if err := dev.Check(); err != nil {
		return fmt.Errorf("before formatting: %w", err)
	}
	count.Start((g.metadata() + 1) * g.bytes)
	w := writer{ctx: ctx, to: block.AnyWriter(dev), count: count, buf: block.Buffer(chunkBytes)}
	if err = w.write(spec.StartBytes, g.metadata()*g.bytes, body); err == nil {
		err = w.removeGPT(spec.Layout)
	}
	if err == nil {
		err = w.write(0, g.bytes, []piece{{0, table}})
	}
	if err != nil {
		return fmt.Errorf("formatting: %w", err)
	}
	if err := dev.Sync(); err != nil {
		return fmt.Errorf("flushing the new volume: %w", err)
	}
	return nil
}

// check compares the spec with the drive and with what it must be for a drive
// like it.
func (s Spec) check(dev block.Device) (geometry, error) {
	l, err := NewLayout(dev.Size(), dev.SectorSize())
	if err != nil {
		return geometry{}, err
	}
	if l != s.Layout {
		return geometry{}, fmt.Errorf("%w: it is for another drive (%d bytes in sectors of %d, not %d in %d)",
			ErrSpec, s.DiskBytes, s.SectorBytes, dev.Size(), dev.SectorSize())
	}
	label, err := CheckLabel(s.Label)
	switch {
	case err != nil:
		return geometry{}, err
	case label != s.Label:
		return geometry{}, fmt.Errorf("%w: the label must be written %s", ErrSpec, label)
	case s.DiskSignature == 0:
		return geometry{}, fmt.Errorf("%w: the disk signature is zero", ErrSpec)
	}
	g, _ := l.geometry()
	return g, nil
}

// piece is bytes with their offset in what is written; between pieces are zeros.
type piece struct {
	off  int64
	data []byte
}

// body is what stands in the partition up to the free clusters: the model's
// parts, put where the geometry wants them.
func (s Spec) body(g geometry) ([]piece, error) {
	m, err := formatted(g, s.Label)
	if err != nil {
		return nil, err
	}
	boot := s.boot(g, m.boot())
	table := head(g.kind, m.table())
	root := m.bytes(m.root(), slotBytes)
	pieces := []piece{
		{0, boot},
		{g.reserved * g.bytes, table},
		{(g.reserved + g.table) * g.bytes, table},
		{(g.data() - g.root) * g.bytes, root},
	}
	if g.kind == fat.FAT32 {
		info := g.info(m.bytes(g.bytes, 512))
		pieces = append(pieces, piece{infoSector * g.bytes, info},
			piece{backupSector * g.bytes, boot}, piece{(backupSector + infoSector) * g.bytes, info})
	}
	return pieces, nil
}

// Where FAT32 keeps what FAT12 and FAT16 do not have.
const (
	infoSector   = 1
	backupSector = 6
	rootCluster  = 2
)

// boot completes a boot sector of the library: sizes and places by the geometry,
// the names of this volume, and what the library leaves unset or at odds with
// common practice. FAT32's fields have other places than those of the others.
func (s Spec) boot(g geometry, b []byte) []byte {
	le := binary.LittleEndian
	copy(b[3:11], "MSWIN4.1") // what every implementation accepts, says Microsoft
	le.PutUint16(b[14:], uint16(g.reserved))
	le.PutUint16(b[19:], 0)
	le.PutUint32(b[32:], 0)
	if g.total < 1<<16 && g.kind != fat.FAT32 {
		le.PutUint16(b[19:], uint16(g.total))
	} else {
		le.PutUint32(b[32:], uint32(g.total))
	}
	b[21] = media
	le.PutUint16(b[24:], sectorsPerTrack)
	le.PutUint16(b[26:], heads)
	le.PutUint32(b[28:], uint32(s.StartBytes/g.bytes))
	names := b[36:]
	if g.kind == fat.FAT32 {
		le.PutUint32(b[36:], uint32(g.table))
		names = b[64:]
	} else {
		le.PutUint16(b[22:], uint16(g.table))
	}
	names[0] = driveNumber
	le.PutUint32(names[3:], s.VolumeID)
	return b
}

const (
	media       = 0xF8 // a drive that is not a floppy disk
	driveNumber = 0x80
)

// head is the start of a table: two entries that stand for no cluster and, in
// FAT32, the root directory's. The library gives FAT12 and FAT16 that one, too,
// where it would be a cluster that no file owns, and small FAT12 volumes the
// media type of a floppy disk.
func head(kind string, b []byte) []byte {
	b[0] = media
	switch kind {
	case fat.FAT12:
		return b[:3]
	case fat.FAT16:
		return b[:4]
	}
	return b
}

// info fills in FAT32's FSInfo sector, where the library leaves both numbers
// unknown.
func (g geometry) info(b []byte) []byte {
	binary.LittleEndian.PutUint32(b[488:], uint32(g.clusters-1))
	binary.LittleEndian.PutUint32(b[492:], rootCluster+1)
	return b
}

// writer writes in chunks of bounded memory.
type writer struct {
	ctx   context.Context
	to    *block.Window
	count *progress.Counter
	buf   []byte
}

const chunkBytes = 1 << 20

// write writes length bytes at off: zeros, but for the pieces.
func (w *writer) write(off, length int64, pieces []piece) error {
	for at := int64(0); at < length; at += chunkBytes {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		chunk := w.buf[:min(chunkBytes, length-at)]
		clear(chunk)
		for _, p := range pieces {
			overlay(chunk, p, at)
		}
		n, err := w.to.WriteAt(chunk, off+at)
		w.count.Add(int64(n))
		if err != nil {
			return err
		}
	}
	return nil
}

// overlay copies what of p lies in the chunk that starts at offset at.
func overlay(chunk []byte, p piece, at int64) {
	from, to := max(p.off, at), min(p.off+int64(len(p.data)), at+int64(len(chunk)))
	if from < to {
		copy(chunk[from-at:], p.data[from-p.off:to-p.off])
	}
}

// removeGPT overwrites the GPT headers that are there. Without them, nothing
// looks at the arrays that they led to.
func (w *writer) removeGPT(l Layout) error {
	sector := int64(l.SectorBytes)
	primary, backup, err := parttable.GPTHeaders(w.to, l.DiskBytes, l.SectorBytes)
	if primary && err == nil {
		err = w.write(sector, sector, nil)
	}
	if backup && err == nil {
		err = w.write((l.DiskBytes/sector-1)*sector, sector, nil)
	}
	return err
}
