package exfat

import (
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// pageBytes*pageSlots bytes are kept of the table, and of the bitmap.
const (
	pageBytes = 4 << 10
	pageSlots = 128
	// sparePageLoads bounds how often pages may be read again, which a chain that
	// jumps to and fro could demand without end.
	sparePageLoads = 1 << 18
)

// pages reads the table or the bitmap, which may lie in several pieces.
type pages struct {
	*fsys.Pages
	f     *FS
	where []block.Extent
	loads int64 // that may still be made
}

func newPages(f *FS, where ...block.Extent) *pages {
	size := int64(0)
	for _, e := range where {
		size += e.Length
	}
	p := &pages{f: f, where: where, loads: 4*size/pageBytes + sparePageLoads}
	p.Pages = fsys.NewPages(size, pageBytes, pageSlots, p.load)
	return p
}

// load reads a page, piece by piece where an extent ends in it.
func (p *pages) load(page []byte, at int64) (lost []int, ok bool) {
	if p.loads--; p.loads < 0 {
		p.f.notes.Add("the table or the bitmap would have to be read again and again; some files are not followed to their end")
		return nil, false
	}
	done := 0
	for _, e := range p.where {
		if at >= e.Length {
			at -= e.Length
			continue
		}
		n := int(min(int64(len(page)-done), e.Length-at))
		for _, l := range p.f.src.Read(page[done:done+n], e.Offset+at) {
			lost = append(lost, done+l)
		}
		done, at = done+n, 0
	}
	return lost, true
}
