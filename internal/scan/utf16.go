package scan

import "io"

// pairs reads the UTF-16 text of a view as if it were ASCII, so that confirmers
// need to know nothing of UTF-16. What is not ASCII becomes 0xFF.
type pairs struct {
	outer     *view
	origin    int64 // where the first pair starts in the outer view
	bigEndian bool
}

// narrow returns a view of the UTF-16 around pos, and where pos is in it.
//
// The byte order of plain text shows only at its ends. In files, characters stand
// at even places, and so the low byte of a big-endian one at an odd one.
func (v *view) narrow(pos int64) (*view, int64) {
	p := &pairs{outer: v, origin: pos % 2}
	if before := v.bytes(pos-1, 1); pos%2 == 1 && len(before) == 1 && before[0] == 0 {
		p.origin, p.bigEndian = 0, true
	}
	return &view{file: v.file, r: p, wide: p, size: (v.size - p.origin) / 2, cut: v.cut}, (pos - p.origin) / 2
}

func (p *pairs) encoding() string {
	if p.bigEndian {
		return encodingBE
	}
	return encodingLE
}

// outwards is the position in the outer view of the character at pos.
func (p *pairs) outwards(pos int64) int64 { return p.origin + 2*pos }

// ReadAt gives the characters from pos, as [io.ReaderAt] asks for.
func (p *pairs) ReadAt(b []byte, pos int64) (int, error) {
	raw := p.outer.bytes(p.outwards(pos), 2*len(b))
	low, high := 0, 1
	if p.bigEndian {
		low, high = 1, 0
	}
	n := len(raw) / 2
	for i := range n {
		if b[i] = raw[2*i+low]; raw[2*i+high] != 0 {
			b[i] = 0xFF
		}
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}
