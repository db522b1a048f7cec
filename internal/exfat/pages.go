package exfat

import (
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// The table and the bitmap of a large drive take many megabytes, so they are
// read in pages, of which a few are kept: pageBytes*pageSlots bytes of each.
const (
	pageBytes = 4 << 10
	pageSlots = 128
	// sparePageLoads bounds how often pages may be read again, which a chain that
	// jumps to and fro could demand without end.
	sparePageLoads = 1 << 18
)

// pages reads a long structure through a small cache.
type pages struct {
	src   *fsys.Source
	notes *fsys.Notes
	where []block.Extent
	bytes int64
	loads int64 // that may still be made
	kept  [pageSlots]page
}

type page struct {
	taken  bool
	number int64
	data   []byte
	lost   [pageBytes / fsys.Unit]bool
}

func newPages(f *FS, where ...block.Extent) *pages {
	p := &pages{src: f.src, notes: &f.notes, where: where}
	for _, e := range where {
		p.bytes += e.Length
	}
	p.loads = 4*p.bytes/pageBytes + sparePageLoads
	return p
}

// at returns the n bytes from offset at of the structure, which do not cross a
// page; false where it does not reach there, or cannot be read.
func (p *pages) at(at, n int64) ([]byte, bool) {
	if at+n > p.bytes {
		return nil, false
	}
	k, in := &p.kept[at/pageBytes%pageSlots], at%pageBytes
	if (!k.taken || k.number != at/pageBytes) && !p.load(k, at/pageBytes) {
		return nil, false
	}
	return k.data[in : in+n], !k.lost[in/fsys.Unit]
}

// load reads a page, piece by piece where an extent ends in it.
func (p *pages) load(k *page, number int64) bool {
	if p.loads--; p.loads < 0 {
		p.notes.Add("the table or the bitmap would have to be read again and again; some files are not followed to their end")
		return false
	}
	skip := number * pageBytes
	*k = page{taken: true, number: number, data: make([]byte, min(pageBytes, p.bytes-skip))}
	rest := k.data
	for _, e := range p.where {
		if skip >= e.Length {
			skip -= e.Length
			continue
		}
		n := min(int64(len(rest)), e.Length-skip)
		k.mark(len(k.data)-len(rest), p.src.Read(rest[:n], e.Offset+skip))
		rest, skip = rest[n:], 0
	}
	return true
}

// mark notes what was lost of the bytes from offset in on. An extent that ends
// within a sector makes what follows straddle two marks.
func (k *page) mark(in int, lost []int) {
	for _, l := range lost {
		first := in + l
		last := min(first+fsys.Unit, len(k.data)) - 1
		k.lost[first/fsys.Unit], k.lost[last/fsys.Unit] = true, true
	}
}
