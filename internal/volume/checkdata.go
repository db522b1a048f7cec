package volume

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fat"
)

// root checks that the root directory begins with the label, and counts what else
// is in it.
func (c *checker) root() {
	if c.fs.Type != fat.FAT32 {
		c.slots(c.fs.RootOffset, int64(c.fs.RootEntries)*32, 0)
		return
	}
	// A directory has 65,536 slots at most, so that the chain ends, or is wrong.
	first, entry := 0, make([]byte, 4)
	for cluster := c.fs.RootCluster; first < 65536; {
		if cluster < 2 || cluster-2 >= c.fs.Clusters {
			c.wrong("the root directory's chain leads to cluster %d", cluster)
			return
		}
		c.slots(c.fs.DataOffset+int64(cluster-2)*int64(c.fs.ClusterBytes), int64(c.fs.ClusterBytes), first)
		first += c.fs.ClusterBytes / 32
		if !c.read("the root directory's chain", entry, c.fs.TableOffset+4*int64(cluster)) {
			return
		}
		if cluster = binary.LittleEndian.Uint32(entry) & 0x0FFFFFFF; cluster >= 0x0FFFFFF8 {
			return
		}
	}
	c.wrong("the root directory's chain does not end")
}

// slots looks at one run of the root directory's slots, of which the first one has
// the number first.
func (c *checker) slots(off, length int64, first int) {
	b := make([]byte, length)
	if !c.read("the root directory", b, off) {
		return
	}
	for i := 0; i+32 <= len(b); i += 32 {
		switch slot := b[i : i+32]; {
		case first == 0 && i == 0:
			c.label(slot)
		case !zero(slot):
			c.volume.Entries++
		}
	}
}

// label checks the slot of the volume's label.
func (c *checker) label(slot []byte) {
	if slot[11] != 0x08 {
		c.wrong("the root directory does not begin with the volume's label")
		return
	}
	if !zero(slot[20:22]) || !zero(slot[26:32]) {
		c.wrong("the volume's label has data")
	}
	if strings.TrimRight(string(slot[:11]), " ") != c.fs.Label {
		c.wrong("the label in the root directory is not the boot sector's")
	}
}

// tally is what a table says of all clusters.
type tally struct {
	free, used, bad int64
	reservedBits    int64 // entries of free clusters that are not quite zero
	behind          int64 // entries in use for clusters that do not exist
}

// tables compares the two tables with each other, and what they say with the rest
// of the volume. It holds a piece of each at a time.
func (c *checker) tables() {
	b := c.fs
	one, two := block.Buffer(chunkBytes), block.Buffer(chunkBytes)
	sum, entries, differ := tally{}, int64(0), false
	for at := int64(0); at < b.TableBytes; at += chunkBytes {
		n := min(chunkBytes, b.TableBytes-at)
		if !c.read("the first table", one[:n], b.TableOffset+at) || !c.read("the second table", two[:n], b.TableOffset+b.TableBytes+at) {
			return
		}
		differ = differ || !bytes.Equal(one[:n], two[:n])
		if at == 0 {
			c.head(one)
		}
		entries += c.count(&sum, one[:n], entries)
	}
	if differ {
		c.wrong("the two tables differ")
	}
	c.judge(sum)
}

// entry decodes entry i of a piece of table. A table of FAT12 fits in one piece.
func (c *checker) entry(piece []byte, i int64) uint32 {
	switch c.fs.Type {
	case fat.FAT12:
		return uint32(binary.LittleEndian.Uint16(piece[i*3/2:])) >> (4 * (i % 2)) & 0xFFF
	case fat.FAT16:
		return uint32(binary.LittleEndian.Uint16(piece[2*i:]))
	}
	return binary.LittleEndian.Uint32(piece[4*i:])
}

// head checks the two entries that stand for no cluster. In the second, two bits
// say whether the volume was unmounted and without errors.
func (c *checker) head(piece []byte) {
	end := map[string]uint32{fat.FAT12: 0xFFF, fat.FAT16: 0xFFFF, fat.FAT32: 0x0FFFFFFF}[c.fs.Type]
	want(c, "the table's first entry", c.entry(piece, 0), end&^0xFF|0xF8)
	want(c, "the table's second entry", c.entry(piece, 1), end)
}

// count adds the entries of a piece of table, of which the first one has the
// number first, and returns how many there are in it.
func (c *checker) count(sum *tally, piece []byte, first int64) (n int64) {
	n = map[string]int64{fat.FAT12: int64(len(piece)) * 2 / 3, fat.FAT16: int64(len(piece)) / 2, fat.FAT32: int64(len(piece)) / 4}[c.fs.Type]
	bad := map[string]uint32{fat.FAT12: 0xFF7, fat.FAT16: 0xFFF7, fat.FAT32: 0x0FFFFFF7}[c.fs.Type]
	for i := max(0, 2-first); i < n; i++ {
		switch value := c.entry(piece, i); {
		case first+i >= int64(c.fs.Clusters)+2:
			if value != 0 {
				sum.behind++
			}
		case value == 0:
			sum.free++
		case value&0x0FFFFFFF == 0:
			sum.free++
			sum.reservedBits++
		case value&0x0FFFFFFF == bad:
			sum.bad++
		default:
			sum.used++
		}
	}
	return n
}

// judge holds what the table says against FSInfo and the root directory.
func (c *checker) judge(sum tally) {
	c.volume.FreeClusters = sum.free
	rootClusters := int64(0)
	if c.fs.Type == fat.FAT32 {
		rootClusters = 1
		want(c, "FSInfo's count of free clusters", int64(c.info.free), sum.free)
		if c.info.next < 2 || c.info.next >= c.fs.Clusters+2 {
			c.wrong("FSInfo says that cluster %d may be free", c.info.next)
		}
	}
	if c.volume.Entries == 0 && sum.used != rootClusters {
		c.wrong("%d clusters are in use, but nothing is in the root directory", sum.used-rootClusters)
	}
	for _, x := range []struct {
		n    int64
		what string
	}{{sum.bad, "clusters are marked bad"}, {sum.reservedBits, "free clusters have reserved bits set"}, {sum.behind, "entries are in use for clusters that do not exist"}} {
		if x.n > 0 {
			c.wrong("%d %s", x.n, x.what)
		}
	}
}
