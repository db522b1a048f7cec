package exfat

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"testing"
	"unicode/utf16"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// volume is a small file system in memory, built byte by byte so that it can be
// wrong in any way. Its bitmap, its up-case table and its root directory are in
// the first clusters, one each.
type volume struct {
	bytes []byte
	size  int64
	fill  slot // reads where there are no bytes
	boot  boot
}

const (
	bitmapCluster = 2
	upcaseCluster = 3
	rootCluster   = 4
	firstFree     = 5
)

// shape says how a volume is laid out; the zero value of a field is the usual.
type shape struct {
	sectorShift  int // 9
	clusterShift int // of sectors in a cluster: 0
	clusters     int // 200
	stored       int // of these have bytes: all
	tables       int // 1
	second       bool
}

func (s shape) orUsual() shape {
	if s.sectorShift == 0 {
		s.sectorShift = 9
	}
	if s.clusters == 0 {
		s.clusters = 200
	}
	if s.stored == 0 {
		s.stored = s.clusters
	}
	if s.tables == 0 {
		s.tables = 1
	}
	return s
}

func newVolume(t testing.TB, s shape) *volume {
	t.Helper()
	s = s.orUsual()
	sectorBytes := 1 << s.sectorShift
	tableSectors := ((s.clusters+2)*entryBytes + sectorBytes - 1) / sectorBytes
	heap := 24 + s.tables*tableSectors
	total := heap + s.clusters<<s.clusterShift
	v := &volume{bytes: make([]byte, (heap+s.stored<<s.clusterShift)*sectorBytes), size: int64(total * sectorBytes)}
	b := v.bytes
	copy(b, "\xEB\x76\x90EXFAT   ")
	put64(b, 72, int64(total))
	put32(b, 80, 24)
	put32(b, 84, uint32(tableSectors))
	put32(b, 88, uint32(heap))
	put32(b, 92, uint32(s.clusters))
	put32(b, 96, rootCluster)
	put32(b, 100, 0xCAFED00D)
	put16(b, 104, 0x0100)
	if s.second {
		put16(b, 106, 1)
	}
	b[108], b[109], b[110] = byte(s.sectorShift), byte(s.clusterShift), byte(s.tables)
	copy(b[510:], "\x55\xAA")
	v.seal()
	boot, err := parseBoot(b, 0, v.size)
	if err != nil {
		t.Fatal(err)
	}
	v.boot = boot
	v.link(0, 0xFFFFFFF8).link(1, entryEnd)
	v.chain(bitmapCluster).chain(upcaseCluster).chain(rootCluster)
	return v.put(rootCluster, 0,
		label("BUILT"),
		system(kindBitmap, bitmapCluster, int64(s.clusters+7)/8),
		system(kindUpcase, upcaseCluster, 60))
}

// seal writes the checksum and the backup of the boot region.
func (v *volume) seal() {
	sectorBytes := 1 << v.bytes[108]
	region := v.bytes[:regionSectors*sectorBytes]
	sum := regionSum(region[:checkedSectors*sectorBytes])
	for i := checkedSectors * sectorBytes; i < len(region); i += 4 {
		put32(region, i, sum)
	}
	copy(v.bytes[len(region):], region)
}

func put16(b []byte, at int, v uint16) { binary.LittleEndian.PutUint16(b[at:], v) }
func put32(b []byte, at int, v uint32) { binary.LittleEndian.PutUint32(b[at:], v) }
func put64(b []byte, at int, v int64)  { binary.LittleEndian.PutUint64(b[at:], uint64(v)) }

// link sets the table entry of cluster c.
func (v *volume) link(c, value uint32) *volume {
	put32(v.bytes[v.boot.table.Offset:], int(c)*entryBytes, value)
	return v
}

// chain links the clusters one to the next, ends behind the last, and takes them.
func (v *volume) chain(clusters ...uint32) *volume {
	for i, c := range clusters {
		next := uint32(entryEnd)
		if i+1 < len(clusters) {
			next = clusters[i+1]
		}
		v.link(c, next)
	}
	return v.take(clusters...)
}

// take marks clusters as in use.
func (v *volume) take(clusters ...uint32) *volume {
	for _, c := range clusters {
		v.at(bitmapCluster)[(c-2)/8] |= 1 << ((c - 2) % 8)
	}
	return v
}

// at returns the bytes from cluster c on.
func (v *volume) at(c uint32) []byte { return v.bytes[v.offset(c):] }

func (v *volume) offset(c uint32) int64 { return v.boot.heap + int64(c-2)*v.boot.clusterBytes }

// put writes slots into cluster c from slot index on.
func (v *volume) put(c uint32, index int, slots ...slot) *volume {
	for i, s := range slots {
		copy(v.at(c)[(index+i)*slotBytes:], s[:])
	}
	return v
}

func label(text string) (s slot) {
	units := utf16.Encode([]rune(text))
	s[0], s[1] = inUse|kindLabel, byte(len(units))
	for i, u := range units {
		put16(s[:], 2+2*i, u)
	}
	return s
}

func system(kind byte, first uint32, size int64) (s slot) {
	s[0] = inUse | kind
	put32(s[:], 20, first)
	put64(s[:], 24, size)
	return s
}

// What a set says of its file beside name, place and size.
const (
	chained  = 1 << iota // the table has its chain
	aFolder              // it is a directory
	deletion             // bit 7 is cleared
)

// entry makes the set of slots of a file.
func entry(name string, flags int, first uint32, size int64) []slot {
	units := utf16.Encode([]rune(name))
	head := slot{0: inUse | kindFile, 4: 0x20}
	if flags&aFolder != 0 {
		head[4] = attrDirectory
	}
	stream := slot{0: inUse | kindStream, 1: 3, 3: byte(len(units))}
	if flags&chained != 0 {
		stream[1] = 1
	}
	put64(stream[:], 8, size)
	put32(stream[:], 20, first)
	put64(stream[:], 24, size)
	slots := []slot{head, stream}
	for len(units) > 0 {
		piece := slot{0: inUse | kindName}
		for i, u := range units[:min(nameUnits, len(units))] {
			put16(piece[:], 2+2*i, u)
		}
		units = units[min(nameUnits, len(units)):]
		slots = append(slots, piece)
	}
	slots = sealed(slots...)
	if flags&deletion != 0 {
		slots = deleted(slots...)
	}
	return slots
}

// sealed counts the secondary slots of a set in use, and writes its checksum.
func sealed(slots ...slot) []slot {
	slots = slices.Clone(slots)
	slots[0][1] = byte(len(slots) - 1)
	var sum uint16
	for n, s := range slots {
		for i, c := range s {
			if n > 0 || i < 2 || i > 3 {
				sum = (sum&1<<15 | sum>>1) + uint16(c)
			}
		}
	}
	put16(slots[0][:], 2, sum)
	return slots
}

// deleted marks slots as deletion does.
func deleted(slots ...slot) []slot {
	slots = slices.Clone(slots)
	for i := range slots {
		slots[i][0] &^= inUse
	}
	return slots
}

func (v *volume) open(t testing.TB) *FS {
	t.Helper()
	return openBytes(t, v, v.size)
}

// ReadAt reads the volume.
func (v *volume) ReadAt(p []byte, off int64) (n int, err error) {
	if off < int64(len(v.bytes)) {
		n = copy(p, v.bytes[off:])
	}
	rest := p[n:]
	for i := range rest[:min(slotBytes, len(rest))] {
		rest[i] = v.fill[(off+int64(n+i))%slotBytes]
	}
	for done := slotBytes; done < len(rest); done *= 2 {
		copy(rest[done:], rest[:done])
	}
	return len(p), nil
}

func openBytes(t testing.TB, r io.ReaderAt, size int64) *FS {
	t.Helper()
	f, err := Open(r, 0, size)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func walk(t testing.TB, f *FS) (entries []fsys.Entry) {
	t.Helper()
	err := f.Walk(context.Background(), func(e fsys.Entry) error {
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// marks writes each entry as its path and what is special about it, with its
// content as clusters: "/a 5000 deleted 7-8 12".
func (v *volume) marks(entries []fsys.Entry) (lines []string) {
	for _, e := range entries {
		line := e.Path
		for _, m := range []struct {
			is   bool
			text string
		}{
			{!e.Dir && !e.NameOnly, fmt.Sprint(" ", e.Size)},
			{e.Dir, " dir"},
			{e.Deleted, " deleted"},
			{e.NameOnly, " name"},
			{e.Incomplete, " incomplete"},
			{e.Reused, fmt.Sprint(" was ", v.cluster(e.Was))},
		} {
			if m.is {
				line += m.text
			}
		}
		for _, x := range e.Data {
			line += v.clusters(x)
		}
		lines = append(lines, line)
	}
	return lines
}

func (v *volume) cluster(off int64) int64 { return (off-v.boot.heap)/v.boot.clusterBytes + 2 }

func (v *volume) clusters(e block.Extent) string {
	first, last := v.cluster(e.Offset), v.cluster(e.End()-1)
	if first == last {
		return fmt.Sprint(" ", first)
	}
	return fmt.Sprintf(" %d-%d", first, last)
}

// want walks the volume, and compares entries and warnings.
func (v *volume) want(t *testing.T, entries []string, warnings ...string) {
	t.Helper()
	f := v.open(t)
	if got := v.marks(walk(t, f)); !slices.Equal(got, entries) {
		t.Errorf("entries %q, want %q", got, entries)
	}
	if got := f.Warnings(); !slices.Equal(got, warnings) {
		t.Errorf("warnings %q, want %q", got, warnings)
	}
}
