package exfat

import (
	"math"
	"strings"
)

const (
	slotBytes = 32 // of a directory: what the specification calls an entry
	nameUnits = 15 // UTF-16 units in the slot of a name
	maxName   = 255
)

// Kinds of slot: the first byte without its top bit, inUse. Deleting clears that
// bit and nothing else.
const (
	inUse     = 0x80
	benign    = 0x20 // may be passed over by who does not know it
	secondary = 0x40 // belongs to the slot before it

	kindEnd     = 0x00 // no slot behind this one is in use
	kindBitmap  = 0x01
	kindUpcase  = 0x02
	kindLabel   = 0x03
	kindFile    = 0x05 // the head of a file's set
	kindGUID    = 0x20
	kindPadding = 0x21 // of TexFAT
	kindStream  = 0x40 // where the content is
	kindName    = 0x41 // a piece of the name
	kindVendor  = 0x60 // and 0x61: of a vendor's own
)

// Attributes of a file.
const (
	attrDirectory = 0x10
	attrAll       = 0x37
)

// slot is one 32-byte entry of a directory.
type slot [slotBytes]byte

func (s *slot) kind() byte      { return s[0] &^ inUse }
func (s *slot) used() bool      { return s[0]&inUse != 0 }
func (s *slot) secondary() bool { return s[0]&secondary != 0 }

// Of a head, or any other primary slot:

func (s *slot) secondaries() int { return int(s[1]) }
func (s *slot) checksum() uint16 { return le16(s[:], 2) }
func (s *slot) directory() bool  { return le16(s[:], 4)&attrDirectory != 0 }

// Of a stream extension, the bitmap and the up-case table:

func (s *slot) contiguous() bool { return s[1]&2 != 0 } // the table has no chain
func (s *slot) nameLength() int  { return int(s[3]) }
func (s *slot) cluster() uint32  { return le32(s[:], 20) }
func (s *slot) length() int64    { return int64(min(le64(s[:], 24), math.MaxInt64)) }

// plausible reports whether a slot that is out of use looks like one that once
// was in use. Slots in use are believed; what is left of older data is not.
func (s *slot) plausible() bool {
	switch s.kind() {
	case kindFile:
		return s.secondaries() >= 2 && le16(s[:], 4)&^attrAll == 0 && le16(s[:], 6) == 0 && zero(s[25:])
	case kindStream:
		return s[1]&^3 == 0 && s[2] == 0 && le16(s[:], 6) == 0 && le32(s[:], 16) == 0 && le64(s[:], 8) <= le64(s[:], 24)
	case kindName:
		return s.plausibleName()
	case kindVendor, kindVendor + 1:
		return true
	}
	return s.system()
}

// system reports whether the slot is one that the volume keeps for itself.
func (s *slot) system() bool {
	switch s.kind() {
	case kindBitmap, kindUpcase, kindLabel, kindGUID, kindPadding:
		return true
	}
	return false
}

// unknown reports whether the slot is the head of something that revision 1.00
// does not have.
func (s *slot) unknown() bool { return !s.secondary() && s.kind() != kindFile && !s.system() }

// plausibleName demands what the format allows in a name, and nothing behind its
// end but zeros.
func (s *slot) plausibleName() bool {
	for i := range nameUnits {
		switch unit := le16(s[:], 2+2*i); {
		case unit == 0:
			return i > 0 && zero(s[2+2*i:]) && s[1] == 0
		case unit < 0x20 || unit < 0x7F && strings.ContainsRune(`"*/:<>?\|`, rune(unit)):
			return false
		}
	}
	return s[1] == 0
}

// units appends the piece of a name that the slot holds.
func (s *slot) units(name []uint16) []uint16 {
	for i := range nameUnits {
		name = append(name, le16(s[:], 2+2*i))
	}
	return name
}

// endsName reports whether the slot is one of a name that ends in it for sure.
func (s *slot) endsName() bool { return s.kind() == kindName && le16(s[:], slotBytes-2) == 0 }

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
