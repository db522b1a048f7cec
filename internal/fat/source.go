package fat

import (
	"io"
	"slices"
	"sync"

	"github.com/panoscrub/panoscrub/internal/block"
)

// unit is the step in which a failed read is tried again, the smallest sector.
const unit = 512

// source reads from the drive and remembers what it could not read.
type source struct {
	r io.ReaderAt

	mu         sync.Mutex
	unreadable block.Extents
}

// read fills p from off, which starts a sector. Where that fails it reads what
// it can unit by unit, leaves zeros for the rest, and returns the offsets in p of
// the lost units.
func (s *source) read(p []byte, off int64) (lost []int) {
	if n, _ := s.r.ReadAt(p, off); n == len(p) {
		return nil
	}
	for at := 0; at < len(p); at += unit {
		piece := p[at:min(at+unit, len(p))]
		if n, _ := s.r.ReadAt(piece, off+int64(at)); n < len(piece) {
			clear(piece)
			lost = append(lost, at)
			s.lose(block.Extent{Offset: off + int64(at), Length: int64(len(piece))})
		}
	}
	return lost
}

func (s *source) lose(e block.Extent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unreadable.Add(e)
}

func (s *source) failed() block.Extents {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.unreadable)
}
