package volume

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/fat"
)

// damaged is a formatted drive that a test changes bytes of.
type damaged struct {
	*blocktest.Fake
	g geometry
}

// sector is where a sector of the partition starts on the drive.
func (d damaged) sector(n int64) int64 { return startBytes + n*d.g.bytes }

// byte flips the bits of x in one byte.
func (d damaged) flip(off int64, x byte) {
	p := d.Peek(off, 1)
	d.Poke([]byte{p[0] ^ x}, off)
}

func (d damaged) put32(off int64, v uint32) {
	d.Poke(binary.LittleEndian.AppendUint32(nil, v), off)
}

// both changes the boot sector and its backup alike.
func (d damaged) both(off int64, p ...byte) {
	d.Poke(p, d.sector(0)+off)
	if d.g.kind == fat.FAT32 {
		d.Poke(p, d.sector(6)+off)
	}
}

// TestCheckFinds damages one thing at a time, and demands that Check names it.
func TestCheckFinds(t *testing.T) {
	fat32Only, fat12Only, all := []string{fat.FAT32}, []string{fat.FAT12}, []string{fat.FAT12, fat.FAT16, fat.FAT32}
	for _, c := range []struct {
		name  string
		kinds []string
		harm  func(d damaged)
		says  string
	}{
		{"MBR signature", all, func(d damaged) { d.flip(510, 1) }, "the partition scheme is"},
		{"boot code", all, func(d damaged) { d.flip(0, 1) }, "besides the partition"},
		{"boot code's end", all, func(d damaged) { d.flip(439, 1) }, "besides the partition"},
		{"copy-protection mark", all, func(d damaged) { d.flip(444, 1) }, "besides the partition"},
		{"disk signature", all, func(d damaged) { d.put32(440, 0) }, "disk signature is zero"},
		{"second partition", all, func(d damaged) { d.Poke([]byte{0x83, 0, 0, 0, 9, 0, 0, 0, 9}, 446+16+4) }, "there are 2 partitions"},
		{"bootable", all, func(d damaged) { d.Poke([]byte{0x80}, 446) }, "besides the partition"},
		{"what is left of an entry", all, func(d damaged) { d.flip(507, 1) }, "besides the partition"},
		{"mounted", fat12Only, func(d damaged) { d.both(37, 1) }, "not unmounted"},
		{"mounted", fat32Only, func(d damaged) { d.both(65, 1) }, "not unmounted"},
		{"no partition", all, func(d damaged) { d.Poke(make([]byte, 16), 446) }, "there are 0 partitions"},
		{"entry's place", all, func(d damaged) { d.Poke(d.Peek(446, 16), 446+32); d.Poke(make([]byte, 16), 446) }, "the partition's number is 3"},
		{"partition type", all, func(d damaged) { d.Poke([]byte{0x83}, 450) }, "the partition's type is 83"},
		{"partition start", all, func(d damaged) { d.flip(454, 1) }, "the partition's start is"},
		{"partition size", all, func(d damaged) { d.put32(458, 100) }, "the partition's size is"},
		{"partition behind the drive", all, func(d damaged) { d.put32(458, 1<<31) }, "ends behind the drive"},
		{"primary GPT", all, func(d damaged) { d.Poke([]byte("EFI PART"), 512) }, "GPT header"},
		{"backup GPT", all, func(d damaged) { d.Poke([]byte("EFI PART"), d.Size()-512) }, "GPT header"},

		{"boot sector", all, func(d damaged) { d.Poke(make([]byte, 512), d.sector(0)) }, "the boot sector: no FAT"},
		{"boot signature", all, func(d damaged) { d.flip(d.sector(0)+511, 1) }, "no signature"},
		{"jump", all, func(d damaged) { d.both(0, 0xE9) }, "the jump"},
		{"hidden sectors", all, func(d damaged) { d.both(28, 0, 0, 0, 0) }, "sectors before the volume is 0"},
		{"media type", all, func(d damaged) { d.both(21, 0xF0) }, "the media type is 240"},
		{"heads", all, func(d damaged) { d.both(26, 1) }, "the number of heads is 1"},
		{"sectors a track", all, func(d damaged) { d.both(24, 1) }, "sectors a track is 1"},
		{"boot sector's rest", all, func(d damaged) { d.both(300, 1) }, "in the boot sector behind its fields"},
		{"total sectors, FAT32", fat32Only, func(d damaged) { d.both(33, 1) }, "the volume's size is"},
		{"total sectors, FAT12", fat12Only, func(d damaged) { d.both(20, 1) }, "the volume's size is"},
		{"more sectors than the partition has", fat12Only, func(d damaged) { d.both(19, 0, 9) }, "reach behind the partition"},
		{"label", fat32Only, func(d damaged) { d.both(71, 'a') }, "label cannot be one"},
		{"two labels", fat32Only, func(d damaged) { d.both(71, 'X') }, "is not the boot sector's"},
		{"drive number", fat32Only, func(d damaged) { d.both(64, 0) }, "drive number is 0"},
		{"extended signature", fat32Only, func(d damaged) { d.both(66, 0x28) }, "the extended signature is 40"},
		{"name of the type", fat32Only, func(d damaged) { d.both(82, 'X') }, "name for itself is XAT32"},
		{"no mirror", fat32Only, func(d damaged) { d.both(40, 0x80) }, "mirror each other is false"},
		{"one table", fat32Only, func(d damaged) { d.both(16, 1) }, "the number of tables is 1"},
		{"table too short", fat32Only, func(d damaged) { d.both(36, 1, 0, 0, 0) }, "the table has entries for 126 clusters"},
		{"cluster alignment", all, func(d damaged) { d.both(13, d.Peek(d.sector(0)+13, 1)[0]*2) }, "clusters"},
		{"boot sectors differ", fat32Only, func(d damaged) { d.flip(d.sector(6)+3, 1) }, "the two boot sectors differ"},
		{"FSInfo's place", fat32Only, func(d damaged) { d.both(48, 2) }, "FSInfo's sector is 2"},
		{"backup's place", fat32Only, func(d damaged) { d.both(50, 7) }, "the backup boot sector is 7"},
		{"root's place", fat32Only, func(d damaged) { d.both(44, 3) }, "first cluster is 3"},
		{"FSInfo's first signature", fat32Only, func(d damaged) { d.flip(d.sector(1), 1) }, "FSInfo lacks"},
		{"FSInfo's second signature", fat32Only, func(d damaged) { d.flip(d.sector(1)+484, 1) }, "FSInfo lacks"},
		{"FSInfo's last signature", fat32Only, func(d damaged) { d.flip(d.sector(1)+511, 1) }, "FSInfo lacks"},
		{"FSInfo's rest", fat32Only, func(d damaged) { d.flip(d.sector(1)+100, 1) }, "something in FSInfo"},
		{"FSInfo's free clusters", fat32Only, func(d damaged) { d.put32(d.sector(1)+488, 0xFFFFFFFF) }, "count of free clusters is 4294967295"},
		{"FSInfo's next cluster", fat32Only, func(d damaged) { d.put32(d.sector(1)+492, 0xFFFFFFFF) }, "cluster 4294967295 may be free"},
		{"FSInfo's backup", fat32Only, func(d damaged) { d.flip(d.sector(7), 1) }, "the backup of FSInfo lacks"},
		{"FSInfo's backup's rest", fat32Only, func(d damaged) { d.flip(d.sector(7)+100, 1) }, "something in the backup of FSInfo"},
		{"reserved sector", fat32Only, func(d damaged) { d.flip(d.sector(2), 1) }, "reserved sector 2"},
		{"last reserved sector", all, func(d damaged) {
			if d.g.reserved > 1 {
				d.flip(d.sector(d.g.reserved)-1, 1)
			} else {
				d.flip(d.sector(0)+300, 1)
			}
		}, "there is something in"},

		{"table's first entry", all, func(d damaged) { d.flip(d.sector(d.g.reserved), 1) }, "the table's first entry is"},
		{"volume in use", fat32Only, func(d damaged) { d.flip(d.sector(d.g.reserved)+7, 8) }, "the table's second entry is 134217727"},
		{"tables differ", all, func(d damaged) { d.flip(d.sector(d.g.reserved+d.g.table)+100, 1) }, "the two tables differ"},
		{"last bytes of the tables differ", all, func(d damaged) { d.flip(d.sector(d.g.reserved+2*d.g.table)-1, 1) }, "the two tables differ"},
		{"lost cluster", fat32Only, func(d damaged) { d.link(100, 0x0FFFFFFF) }, "1 clusters are in use, but nothing is in the root"},
		{"bad cluster", fat32Only, func(d damaged) { d.link(100, 0x0FFFFFF7) }, "1 clusters are marked bad"},
		{"reserved bits", fat32Only, func(d damaged) { d.link(100, 0xF0000000) }, "1 free clusters have reserved bits"},
		{"entry behind the last", fat32Only, func(d damaged) { d.link(d.g.clusters+2, 1) }, "1 entries are in use for clusters that do not exist"},
		{"root is free", fat32Only, func(d damaged) { d.link(2, 0) }, "chain leads to cluster 0"},
		{"root loops", fat32Only, func(d damaged) { d.link(2, 2) }, "chain does not end"},
		{"root leaves the volume", fat32Only, func(d damaged) { d.link(2, uint32(d.g.clusters)+2) }, "chain leads to cluster"},

		{"label's attribute", all, func(d damaged) { d.flip(d.root()+11, 0x20) }, "does not begin with the volume's label"},
		{"label's size", all, func(d damaged) { d.flip(d.root()+28, 1) }, "the volume's label has data"},
		{"label's cluster", all, func(d damaged) { d.flip(d.root()+26, 1) }, "the volume's label has data"},
		{"label's text", all, func(d damaged) { d.flip(d.root(), 1) }, "is not the boot sector's"},
	} {
		for _, shape := range shapes[:3] {
			dev, spec := formattedDrive(t, shape.size, shape.sector)
			g, _ := spec.geometry()
			if !strings.Contains(strings.Join(c.kinds, " "), g.kind) {
				continue
			}
			c.harm(damaged{dev, g})
			_, err := Check(dev)
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s, %s: %v; want %q", c.name, g.kind, err, c.says)
			}
		}
	}
}

// link sets an entry of both tables of FAT32.
func (d damaged) link(cluster int64, value uint32) {
	for i := range int64(2) {
		d.put32(d.sector(d.g.reserved+i*d.g.table)+4*cluster, value)
	}
}

// root is where the root directory starts.
func (d damaged) root() int64 { return d.sector(d.g.data() - d.g.root) }

// TestCheckAllProblems demands that one problem does not hide another.
func TestCheckAllProblems(t *testing.T) {
	dev, spec := formattedDrive(t, 34*mib, 512)
	g, _ := spec.geometry()
	d := damaged{dev, g}
	d.flip(0, 1)
	d.both(21, 0xF0)
	d.flip(d.sector(2), 1)
	d.link(100, 0x0FFFFFF7)
	d.flip(d.root()+28, 1)
	_, err := Check(dev)
	if n := strings.Count(err.Error(), "\n") + 1; n != 6 {
		t.Errorf("%d problems, not 6: %v", n, err)
	}
}

// TestCheckOthers looks at drives that were not formatted.
func TestCheckOthers(t *testing.T) {
	for name, dev := range map[string]*blocktest.Fake{
		"zeros":        blocktest.NewFake(64*mib, 512, blocktest.Faults{}),
		"random bytes": littered(16*mib, 512, blocktest.Faults{}),
		"one sector":   blocktest.NewFake(512, 512, blocktest.Faults{}),
		"one byte":     blocktest.NewFake(1, 512, blocktest.Faults{}),
	} {
		if v, err := Check(dev); !errors.Is(err, ErrDamaged) || len(v.Metadata()) > 0 {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
}

// FuzzCheck damages volumes in many places at once. Check always ends, and never
// finds more than there is.
func FuzzCheck(f *testing.F) {
	f.Add(byte(0), []byte{1, 0, 13, 64})
	f.Add(byte(1), []byte{1, 0, 36, 0xFF, 0, 1, 0xBE, 0x80})
	f.Fuzz(func(t *testing.T, which byte, patches []byte) {
		shape := shapes[int(which)%2]
		dev, _ := formattedDrive(t, shape.size, shape.sector)
		// Four bytes of input change one: the MBR or a sector of the volume.
		for ; len(patches) >= 4; patches = patches[4:] {
			off := int64(patches[1])<<8 | int64(patches[2])
			if patches[0]%2 == 1 {
				off += startBytes
			} else {
				off %= 512
			}
			dev.Poke(patches[3:4], off)
		}
		v, err := Check(dev)
		if end := v.StartBytes + v.PartitionBytes; end > shape.size || v.FreeClusters > v.Clusters {
			t.Fatalf("%+v, %v", v, err)
		}
		for _, e := range v.Metadata() {
			if e.Offset < 0 || e.End() > shape.size {
				t.Fatalf("metadata %v", v.Metadata())
			}
		}
	})
}

// TestRandomDamage changes any one byte of what Make wrote, and demands that it
// matters: to Check, or to what it tells of the volume.
func TestRandomDamage(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, shape := range shapes[:3] {
		dev, spec := formattedDrive(t, shape.size, shape.sector)
		clean := checked(t, dev, spec)
		for range 150 {
			meta := clean.Metadata()
			e := meta[rng.IntN(len(meta))]
			off := e.Offset + rng.Int64N(min(e.Length, 64<<10))
			x := byte(1 + rng.IntN(255))
			d := damaged{dev, geometry{}}
			d.flip(off, x)
			v, err := Check(dev)
			d.flip(off, x)
			// The times of the label, the formatter's name and old addresses of
			// sectors tell nothing.
			same := v.Empty() && v.DiskSignature == clean.DiskSignature && v.VolumeID == clean.VolumeID
			if err == nil && same && !meaningless(off, spec) {
				t.Errorf("%s: byte %d changed by %02x, and Check does not mind", spec.FileSystem, off, x)
			}
		}
	}
}

func meaningless(off int64, spec Spec) bool {
	g, _ := spec.geometry()
	boot := off - startBytes
	label := off - startBytes - (g.data()-g.root)*g.bytes
	return off >= 447 && off < 454 && off != 450 || // addresses by cylinder and head
		boot >= 3 && boot < 11 || // formatter's name
		label >= 12 && label < 26 // times
}
