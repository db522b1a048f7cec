package scan

import (
	"bytes"
	"encoding/binary"
)

const (
	maxSearch   = 1 << 20   // bytes in which the header after a member of unknown size is looked for
	maxMembers  = 10_000    // followed from one archive's header to the next
	maxLookback = 256 << 10 // bytes before a member in which earlier ones are looked for
)

// archiveAround tells where the archive lies that has a local header at pos. The
// central directory tells, where the members lead to one; without it the archive
// is taken to reach as far back and ahead as its members follow one another.
func archiveAround(v *view, pos int64) (start, end int64) {
	end = pos
	for range maxMembers {
		next, ok := nextHeader(v, end)
		if !ok {
			break
		}
		end = next
	}
	if from, to, ok := centralDirectory(v, end); ok && from <= pos {
		return from, to
	}
	return firstMember(v, pos), end
}

// nextHeader is the position behind the member at pos; false when none is there.
func nextHeader(v *view, pos int64) (int64, bool) {
	h, ok := parseLocal(v, pos)
	if !ok {
		return pos, false
	}
	if h.compressed != zipUnknown {
		return skipDescriptor(v, min(h.data+h.compressed, v.size)), true
	}
	return nextSignature(v, h.data), true
}

// nextSignature is the position of the next header of a member or of the central
// directory, or how far it was looked for.
func nextSignature(v *view, pos int64) int64 {
	const step = 16 << 10
	for limit := pos + maxSearch; pos < limit; pos += step {
		ahead := v.bytes(pos, step+len(zipLocal)-1)
		for at := 0; at < len(ahead); at++ {
			next := bytes.Index(ahead[at:], []byte("PK"))
			if next < 0 {
				break
			}
			at += next
			if bytes.HasPrefix(ahead[at:], []byte(zipLocal)) || bytes.HasPrefix(ahead[at:], []byte(zipCentral)) {
				return pos + int64(at)
			}
		}
		if len(ahead) < step {
			return pos + int64(len(ahead))
		}
	}
	return pos
}

// centralDirectory follows the central directory that starts at pos, and returns
// where the archive starts by what its end record says, and where it ends.
func centralDirectory(v *view, pos int64) (start, end int64, ok bool) {
	at := pos
	for range maxMembers {
		b := v.bytes(at, zipCentralBytes)
		if len(b) < zipCentralBytes || !bytes.HasPrefix(b, []byte(zipCentral)) {
			break
		}
		for _, field := range []int{28, 30, 32} { // name, extra field, comment
			at += int64(binary.LittleEndian.Uint16(b[field:]))
		}
		at += zipCentralBytes
	}
	b := v.bytes(at, zipEndBytes)
	if len(b) < zipEndBytes || !bytes.HasPrefix(b, []byte(zipEnd)) {
		return 0, 0, false
	}
	start = pos - int64(binary.LittleEndian.Uint32(b[16:]))
	if _, ok := parseLocal(v, start); !ok {
		return 0, 0, false
	}
	return start, min(v.size, at+zipEndBytes+int64(binary.LittleEndian.Uint16(b[20:]))), true
}

// firstMember goes back from the member at pos to the first one from which the
// members lead there.
func firstMember(v *view, pos int64) int64 {
	before, here := v.around(pos, maxLookback, 0)
	first := pos
	for at := bytes.LastIndex(before, []byte(zipLocal)); at >= 0; at = bytes.LastIndex(before[:at], []byte(zipLocal)) {
		candidate := pos - int64(here-at)
		h, ok := parseLocal(v, candidate)
		if !ok {
			continue
		}
		if next := skipDescriptor(v, h.data+h.compressed); h.compressed == zipUnknown || next == first {
			first = candidate
		}
	}
	return first
}
