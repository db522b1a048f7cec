package fsys

import (
	"io"
	"slices"
	"sync"

	"github.com/panoscrub/panoscrub/internal/block"
)

// Unit is the step in which a failed read is tried again, the smallest sector.
const Unit = 512

// Source reads from the drive and remembers what it could not read. It is safe
// for concurrent use.
type Source struct {
	r io.ReaderAt

	mu         sync.Mutex
	unreadable block.Extents
}

// NewSource returns a source over r, which takes requests of any offset and
// length.
func NewSource(r io.ReaderAt) *Source { return &Source{r: r} }

// Read fills p from off. Where that fails it reads what it can in pieces of
// [Unit], counted from off, leaves zeros for the rest, and returns the offsets
// in p of the lost pieces.
func (s *Source) Read(p []byte, off int64) (lost []int) {
	if n, _ := s.r.ReadAt(p, off); n == len(p) {
		return nil
	}
	for at := 0; at < len(p); at += Unit {
		piece := p[at:min(at+Unit, len(p))]
		if n, _ := s.r.ReadAt(piece, off+int64(at)); n < len(piece) {
			clear(piece)
			lost = append(lost, at)
			s.lose(block.Extent{Offset: off + int64(at), Length: int64(len(piece))})
		}
	}
	return lost
}

func (s *Source) lose(e block.Extent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unreadable.Add(e)
}

// Unreadable is what could not be read so far.
func (s *Source) Unreadable() block.Extents {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.unreadable)
}
