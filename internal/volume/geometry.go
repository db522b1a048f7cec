package volume

import "github.com/panoscrub/panoscrub/internal/fat"

// geometry is how a file system divides its partition. All lengths are sectors.
type geometry struct {
	kind     string // fat.FAT12, …
	bytes    int64  // of a sector
	total    int64  // the partition
	cluster  int64
	reserved int64 // before the first table
	table    int64 // each of the two
	root     int64 // the fixed root directory; 0 for FAT32
	clusters int64 // how many there are
}

// data is the first sector of the first cluster.
func (g geometry) data() int64 { return g.reserved + 2*g.table + g.root }

// metadata is how many sectors from the partition's start on are not free
// clusters when the volume is empty.
func (g geometry) metadata() int64 {
	if g.kind == fat.FAT32 {
		return g.data() + g.cluster
	}
	return g.data()
}

// format is how one type of FAT is laid out.
type format struct {
	kind       string
	bits       int64 // of a table entry
	reserved   int64 // sectors, at least
	first, end int64 // cluster counts: at least first, and less than end
	sectors    []int // sizes of sector that the library can format with
	sizes      []size
}

// size is what volumes of up to a number of bytes have.
type size struct {
	upTo        int64
	cluster     int64 // bytes
	rootEntries int64
}

// margin is how far cluster counts stay from where one type ends and the next
// begins, because programs differ by a few in where that is. Twice as many would
// leave sizes just below 4 MiB without a type.
const margin = 8

// formats are in the order of preference. Clusters and root directories have the
// sizes that the library gives them; [model.check] makes sure of that.
var formats = []format{
	{
		kind: fat.FAT32, bits: 32, reserved: 32, first: 65525 + margin, end: 0x0FFFFFF5, sectors: []int{512, 4096},
		sizes: []size{
			{upTo: 260 << 20, cluster: 512},
			{upTo: 8 << 30, cluster: 4 << 10},
			{upTo: 16 << 30, cluster: 8 << 10},
			{upTo: 32 << 30, cluster: 16 << 10},
			{upTo: endBytes, cluster: 32 << 10},
		},
	},
	{
		kind: fat.FAT16, bits: 16, reserved: 4, first: 4085 + margin, end: 65525 - margin, sectors: []int{512},
		sizes: []size{
			{upTo: 32 << 20, cluster: 1 << 10, rootEntries: 512},
			{upTo: 128 << 20, cluster: 2 << 10, rootEntries: 512},
		},
	},
	{
		kind: fat.FAT12, bits: 12, reserved: 1, first: 1, end: 4085 - margin, sectors: []int{512},
		sizes: []size{
			{upTo: 512 << 10, cluster: 512, rootEntries: 112},
			{upTo: 2 << 20, cluster: 512, rootEntries: 224},
			{upTo: 4 << 20, cluster: 1 << 10, rootEntries: 224},
			{upTo: 8<<20 - 1, cluster: 2 << 10, rootEntries: 224},
		},
	},
}

// geometry divides the partition by the first format that suits it; false when
// none does.
func (l Layout) geometry() (geometry, bool) {
	for _, f := range formats {
		if g, ok := f.fit(l.PartitionBytes, int64(l.SectorBytes)); ok {
			return g, true
		}
	}
	return geometry{}, false
}

// fit divides a partition. The tables get room for as many clusters as the whole
// partition would have, a little more than there will be: so there can never be
// too few entries. The reserved sectors are as many as put the first cluster at a
// multiple of the cluster size.
func (f format) fit(partition, sector int64) (geometry, bool) {
	for _, s := range f.sizes {
		if partition > s.upTo || !f.formats(sector) {
			continue
		}
		g := geometry{kind: f.kind, bytes: sector, total: partition / sector, cluster: max(1, s.cluster/sector), reserved: f.reserved}
		g.table = ceil((g.total/g.cluster+2)*f.bits, 8*sector)
		g.root = ceil(s.rootEntries*slotBytes, sector)
		g.reserved += ceil(g.data(), g.cluster)*g.cluster - g.data()
		g.clusters = (g.total - g.data()) / g.cluster
		return g, g.clusters >= f.first && g.clusters < f.end
	}
	return geometry{}, false
}

func (f format) formats(sector int64) bool {
	for _, s := range f.sectors {
		if int64(s) == sector {
			return true
		}
	}
	return false
}

// slotBytes is the size of a directory slot.
const slotBytes = 32

func ceil(a, b int64) int64 { return (a + b - 1) / b }
