package exfat

import (
	"errors"
	"fmt"
	"io"
)

// A boot region is twelve sectors: boot, eight of extended boot code, parameters
// of the maker, a reserved one, and the checksum of these. The backup is behind
// the main one.
const (
	regionSectors  = 12
	checkedSectors = regionSectors - 1
)

// region is one reading of a boot region.
type region struct {
	boot  boot
	err   error // why boot cannot be used
	sound bool  // its checksum is right
}

// readBoot takes the main boot region if it is sound, else the backup if that
// is, and else whichever can be used at all.
func (f *FS) readBoot(r io.ReaderAt, start, size int64) error {
	var probe [512]byte
	if size < int64(len(probe)) {
		return ErrNotExFAT
	}
	n, ioErr := r.ReadAt(probe[:], start)
	main := f.region(start, start, size)
	backup := main
	if !main.sound {
		backup = f.backup(start, size)
	}
	switch {
	case main.sound:
		f.boot = main.boot
	case backup.err == nil && (backup.sound || main.err != nil):
		f.notes.Add("the boot region is damaged; its backup is used")
		f.boot, f.fromBackup = backup.boot, true
		f.warnChecksum(backup)
	case main.err == nil:
		f.boot = main.boot
		f.warnChecksum(main)
	case n < len(probe) && errors.Is(backup.err, ErrNotExFAT):
		return fmt.Errorf("reading the boot sector: %w", ioErr)
	case errors.Is(main.err, ErrNotExFAT):
		return backup.err
	default:
		return main.err
	}
	return nil
}

func (f *FS) warnChecksum(g region) {
	if !g.sound {
		f.notes.Add("the checksum of the boot region is wrong")
	}
}

// backup finds the backup boot region. Where it starts depends on the size of a
// sector, which only it itself tells for sure.
func (f *FS) backup(start, size int64) (best region) {
	best.err = ErrNotExFAT
	for shift := minSectorShift; shift <= maxSectorShift; shift++ {
		g := f.region(start+regionSectors<<shift, start, size)
		switch {
		case g.err == nil && g.boot.sectorBytes != 1<<shift:
		case g.err == nil:
			return g
		case errors.Is(best.err, ErrNotExFAT):
			best = g
		}
	}
	return best
}

// region reads the boot region at offset at of the drive.
func (f *FS) region(at, start, size int64) (g region) {
	var sector [512]byte
	if at+int64(len(sector)) > start+size || len(f.src.Read(sector[:], at)) > 0 {
		g.err = ErrNotExFAT
		return g
	}
	if g.boot, g.err = parseBoot(sector[:], start, size); g.err == nil {
		g.sound = at+regionSectors*g.boot.sectorBytes <= start+size && f.sound(at, g.boot.sectorBytes)
	}
	return g
}

// sound reports whether the last sector of the region at offset at repeats the
// checksum of the others.
func (f *FS) sound(at, sectorBytes int64) bool {
	buf := make([]byte, regionSectors*sectorBytes)
	if len(f.src.Read(buf, at)) > 0 {
		return false
	}
	sum := regionSum(buf[:checkedSectors*sectorBytes])
	for i := checkedSectors * sectorBytes; i < int64(len(buf)); i += 4 {
		if le32(buf, int(i)) != sum {
			return false
		}
	}
	return true
}

// regionSum leaves out what drivers change while the volume is mounted: its
// flags, and how full it is.
func regionSum(b []byte) (sum uint32) {
	for i, c := range b {
		if i != 106 && i != 107 && i != 112 {
			sum = sum<<31 | sum>>1
			sum += uint32(c)
		}
	}
	return sum
}
