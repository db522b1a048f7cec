package scan

import (
	"bytes"
	"encoding/binary"
)

// ZIP signatures, lengths and flags (PKWARE APPNOTE 6.3.10, §4.3 and §4.4).
const (
	zipLocal      = "PK\x03\x04"
	zipCentral    = "PK\x01\x02"
	zipEnd        = "PK\x05\x06"
	zipDescriptor = "PK\x07\x08"

	zipLocalBytes   = 30
	zipCentralBytes = 46
	zipEndBytes     = 22

	zipEncrypted  = 1 << 0
	zipStreamed   = 1 << 3 // sizes stand behind the data
	zipStored     = 0
	zipDeflated   = 8
	zipUnknown    = -1
	maxMemberName = 512
)

// localHeader is what stands in front of a member's data.
type localHeader struct {
	name       string
	method     uint16
	encrypted  bool
	data       int64 // position of the first data byte
	compressed int64 // bytes of data, or zipUnknown
	content    int64 // bytes of content as claimed, or zipUnknown
}

// parseLocal reads the local header at pos, with enough distrust that it turns
// up nowhere by chance.
func parseLocal(v *view, pos int64) (localHeader, bool) {
	b := v.bytes(pos, zipLocalBytes+maxMemberName)
	if len(b) < zipLocalBytes || !bytes.HasPrefix(b, []byte(zipLocal)) {
		return localHeader{}, false
	}
	flags, nameBytes := binary.LittleEndian.Uint16(b[6:]), int(binary.LittleEndian.Uint16(b[26:]))
	h := localHeader{
		method:     binary.LittleEndian.Uint16(b[8:]),
		encrypted:  flags&zipEncrypted != 0,
		compressed: int64(binary.LittleEndian.Uint32(b[18:])),
		content:    int64(binary.LittleEndian.Uint32(b[22:])),
		data:       pos + zipLocalBytes + int64(nameBytes) + int64(binary.LittleEndian.Uint16(b[28:])),
	}
	version := b[4]
	if version > 63 || nameBytes == 0 || nameBytes > min(maxMemberName, len(b)-zipLocalBytes) || h.data > v.size {
		return localHeader{}, false
	}
	name := b[zipLocalBytes:][:nameBytes]
	if bytes.IndexByte(name, 0) >= 0 { // any other byte may be there, to annoy terminals
		return localHeader{}, false
	}
	h.name = string(name)
	if h.compressed == 0 && (flags&zipStreamed != 0 || h.method == zipDeflated) {
		// No bytes at all are no DEFLATE stream: the size stands elsewhere.
		h.compressed, h.content = zipUnknown, zipUnknown
	}
	if h.compressed == zip64 || h.content == zip64 {
		h.readZIP64(v.bytes(pos+zipLocalBytes+int64(nameBytes), int(binary.LittleEndian.Uint16(b[28:]))))
	}
	return h, true
}

// zip64 stands for a size that is in the extra field (§4.5.3).
const zip64 = 0xFFFFFFFF

// readZIP64 reads the sizes from the extra field, where a local header has both.
func (h *localHeader) readZIP64(extra []byte) {
	h.compressed, h.content = zipUnknown, zipUnknown
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if n > len(extra)-4 {
			return
		}
		field := extra[4:][:n]
		if id == 1 && n >= 16 {
			content, compressed := binary.LittleEndian.Uint64(field), binary.LittleEndian.Uint64(field[8:])
			if compressed > 0 && compressed < 1<<62 && content < 1<<62 {
				h.compressed, h.content = int64(compressed), int64(content)
			}
			return
		}
		extra = extra[4+n:]
	}
}

// skipDescriptor steps over the data descriptor that may stand at pos: 12 or 20
// bytes, after a signature that is optional. What follows it tells its length.
func skipDescriptor(v *view, pos int64) int64 {
	b := v.bytes(pos, 28)
	for _, n := range []int{0, 16, 24, 12, 20} {
		if len(b) >= n+4 && (bytes.HasPrefix(b[n:], []byte(zipLocal)) || bytes.HasPrefix(b[n:], []byte(zipCentral))) {
			return pos + int64(n)
		}
	}
	return pos
}
