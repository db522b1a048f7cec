package ntfs

import "math"

// Types of attributes.
const (
	attrList            = 0x20
	attrFileName        = 0x30
	attrVolumeName      = 0x60
	attrData            = 0x80
	attrIndexRoot       = 0x90
	attrIndexAllocation = 0xA0
	attrBitmap          = 0xB0
	attrEnd             = 0xFFFFFFFF
)

// Flags of an attribute.
const (
	attrCompressed = 0x00FF
	attrEncrypted  = 0x4000
)

// Least bytes of an attribute.
const (
	residentHeader    = 24
	nonResidentHeader = 64
)

// attr is one attribute, or of one that takes several records the part in one of
// them.
type attr struct {
	kind  uint32
	name  string
	flags uint16

	resident bool
	value    []byte // of a resident one
	at       int64  // where the value stands in $MFT

	runs    []byte // of another: the run list
	lowest  int64  // the virtual cluster that the runs begin at
	highest int64  // the last one
	unit    byte   // of compression: 2 to the power of it, in clusters

	size        int64 // in bytes; of the first part only
	initialized int64 // bytes that were written; the others are zero
}

// attributes returns the attributes of one record; whole is false when they break
// off.
func (r record) attributes() (list []attr, whole bool) {
	at := int(le16(r.bytes, 20))
	for at+4 <= r.used {
		if le32(r.bytes, at) == attrEnd {
			return list, true
		}
		if at+residentHeader > r.used {
			break
		}
		length := int64(le32(r.bytes, at+4))
		if length < residentHeader || length > int64(r.used-at) {
			break
		}
		a, ok := parseAttr(r.bytes[at : at+int(length)])
		if !ok {
			break
		}
		a.at += r.number*int64(len(r.bytes)) + int64(at)
		list = append(list, a)
		at += int(length)
	}
	return list, false
}

func parseAttr(b []byte) (a attr, ok bool) {
	a = attr{kind: le32(b, 0), flags: le16(b, 12), resident: b[8] == 0}
	if n, at := 2*int(b[9]), int(le16(b, 10)); n > 0 {
		if at+n > len(b) {
			return attr{}, false
		}
		a.name = utf16Text(b[at : at+n])
	}
	if a.resident {
		return a.parseResident(b)
	}
	return a.parseNonResident(b)
}

func (a attr) parseResident(b []byte) (attr, bool) {
	n, at := int64(le32(b, 16)), int64(le16(b, 20))
	if at+n > int64(len(b)) {
		return attr{}, false
	}
	a.value, a.at = b[at:at+n], at
	a.size, a.initialized = n, n
	return a, true
}

func (a attr) parseNonResident(b []byte) (attr, bool) {
	if len(b) < nonResidentHeader {
		return attr{}, false
	}
	a.lowest, a.highest = le64(b, 16), le64(b, 24)
	a.unit = b[34]
	a.size, a.initialized = unsigned(b, 48), unsigned(b, 56)
	at := int(le16(b, 32))
	if at > len(b) || a.lowest < 0 {
		return attr{}, false
	}
	a.runs = b[at:]
	return a, true
}

// unsigned is a number of 64 bits, or the largest that we can have.
func unsigned(b []byte, at int) int64 {
	if n := le64(b, at); n >= 0 {
		return n
	}
	return math.MaxInt64
}
