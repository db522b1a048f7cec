package blocktest

import "github.com/panoscrub/panoscrub/internal/block"

const pageBytes = 64 << 10

// sparse stores bytes at any address and costs only what was written: what never
// was reads as zero.
type sparse map[int64]*[pageBytes]byte

func (s sparse) read(p []byte, off int64) {
	for len(p) > 0 {
		n := min(int64(len(p)), pageBytes-off%pageBytes)
		if page := s[off/pageBytes]; page != nil {
			copy(p[:n], page[off%pageBytes:])
		} else {
			clear(p[:n])
		}
		p, off = p[n:], off+n
	}
}

func (s sparse) write(p []byte, off int64) {
	for len(p) > 0 {
		page := s[off/pageBytes]
		if page == nil {
			page = new([pageBytes]byte)
			s[off/pageBytes] = page
		}
		n := copy(page[off%pageBytes:], p)
		p, off = p[n:], off+int64(n)
	}
}

// medium is where the bytes of a fake end up, subject to its lies.
type medium struct {
	store sparse
}

// read gives what the drive shows for its own address off.
func (m medium) read(p []byte, off int64, lies Faults) {
	m.pieces(p, off, lies, func(p []byte, real int64) {
		if real < 0 {
			clear(p)
			return
		}
		m.store.read(p, real)
	})
}

// write stores p, except for what the drive only pretends to store.
func (m medium) write(p []byte, off int64, lies Faults) {
	kept := block.Extents{{Offset: off, Length: int64(len(p))}}
	for _, dropped := range lies.Drop {
		kept = without(kept, dropped)
	}
	for _, e := range kept {
		m.pieces(p[e.Offset-off:e.End()-off], e.Offset, lies, func(p []byte, real int64) {
			if real >= 0 {
				m.store.write(p, real)
			}
		})
	}
}

// pieces cuts a request where the real address jumps; it is -1 where the drive
// has no storage at all.
func (m medium) pieces(p []byte, off int64, lies Faults, use func(p []byte, real int64)) {
	if lies.RealSize <= 0 {
		use(p, off)
		return
	}
	for len(p) > 0 {
		real := off % lies.RealSize
		n := min(int64(len(p)), lies.RealSize-real)
		if off >= lies.RealSize && !lies.Wrap {
			n, real = int64(len(p)), -1
		}
		use(p[:n], real)
		p, off = p[n:], off+n
	}
}

// without returns the parts of set that are not in e.
func without(set block.Extents, e block.Extent) (rest block.Extents) {
	for _, x := range set {
		rest.Add(block.Extent{Offset: x.Offset, Length: min(x.End(), e.Offset) - x.Offset})
		after := max(x.Offset, e.End())
		rest.Add(block.Extent{Offset: after, Length: x.End() - after})
	}
	return rest
}
