package ntfs

import "math/bits"

// lzntChunk is how many bytes a chunk of LZNT1 has when it is unpacked.
const lzntChunk = 4096

// unpack appends what the LZNT1 chunks in b stand for to out, at most limit
// bytes. It is false when they lead astray; what was unpacked until then stands.
func unpack(out, b []byte, limit int) ([]byte, bool) {
	end := len(out) + limit
	for len(b) >= 2 && len(out) < end {
		header := le16(b, 0)
		if header == 0 {
			break
		}
		size := int(header&0x0FFF) + 1
		if header&0x7000 != 0x3000 || 2+size > len(b) {
			return out, false
		}
		chunk, start, ok := b[2:2+size], len(out), true
		if header&0x8000 == 0 {
			out = append(out, chunk...)
		} else if out, ok = unpackChunk(out, chunk); !ok {
			return out, false
		}
		b = b[2+size:]
		if missing := start + lzntChunk - len(out); missing > 0 { // zeros at a chunk's end are left away
			out = append(out, make([]byte, missing)...)
		}
	}
	if missing := end - len(out); missing > 0 {
		out = append(out, make([]byte, missing)...)
	}
	return out[:end], true
}

// unpackChunk appends one chunk.
func unpackChunk(out, b []byte) ([]byte, bool) {
	start := len(out)
	for len(b) > 0 {
		flags := b[0]
		b = b[1:]
		for range 8 {
			if len(b) == 0 {
				break
			}
			if flags&1 == 0 {
				out, b = append(out, b[0]), b[1:]
			} else {
				if len(b) < 2 {
					return out, false
				}
				var ok bool
				if out, ok = repeat(out, start, int(le16(b, 0))); !ok {
					return out, false
				}
				b = b[2:]
			}
			if len(out) > start+lzntChunk {
				return out[:start+lzntChunk], false
			}
			flags >>= 1
		}
	}
	return out, true
}

// repeat appends what a token of a chunk that begins at start says: how far back,
// and how many bytes. The further in the chunk, the more bits are for the first.
func repeat(out []byte, start, token int) ([]byte, bool) {
	done := len(out) - start
	if done == 0 {
		return out, false
	}
	shift := 16 - max(4, bits.Len(uint(done-1)))
	back, count := token>>shift+1, token&(1<<shift-1)+3
	if back > done {
		return out, false
	}
	for range count {
		out = append(out, out[len(out)-back])
	}
	return out, true
}
