package fsys

import "github.com/panoscrub/panoscrub/internal/block"

// maxPieces bounds the extents of one entry, and with them its memory.
const maxPieces = 1 << 16

// Pieces gathers the extents of an entry in file order. Neighbours become one.
type Pieces struct {
	Left    int64 // bytes that are still wanted
	Extents []block.Extent
	Full    bool // there were more pieces than are followed
}

// Add appends e, clipped to what is wanted; false when no more fits.
func (p *Pieces) Add(e block.Extent) bool {
	e.Length = min(e.Length, p.Left)
	if e.Length <= 0 {
		return false
	}
	if n := len(p.Extents); n > 0 && p.Extents[n-1].End() == e.Offset {
		p.Extents[n-1].Length += e.Length
		p.Left -= e.Length
		return true
	}
	if len(p.Extents) == maxPieces {
		p.Full = true
		return false
	}
	p.Extents = append(p.Extents, e)
	p.Left -= e.Length
	return true
}
