package fat

import (
	"bytes"
	"strings"
	"unicode/utf16"
)

const (
	slotBytes = 32 // of a directory

	slotEnd     = 0x00 // no slot behind this one is in use
	slotDeleted = 0xE5
	slotKanji   = 0x05 // stands for a name that begins with the byte E5

	// maxLongSlots is how many slots a long name may take: 20 of 13 units.
	maxLongSlots = 20
	maxLongUnits = maxLongSlots * 13
	longLast     = 0x40 // marks the slot that ends the name and comes first
)

// Attributes of an entry, as [Entry.Attr] has them.
const (
	AttrReadOnly  = 0x01
	AttrHidden    = 0x02
	AttrSystem    = 0x04
	AttrVolume    = 0x08 // the entry is the volume's label
	AttrDirectory = 0x10
	AttrArchive   = 0x20

	attrLong     = 0x0F // a piece of a long name
	attrLongMask = 0x3F
)

// slot is one 32-byte directory slot.
type slot [slotBytes]byte

func (s *slot) long() bool      { return s[11]&attrLongMask == attrLong }
func (s *slot) directory() bool { return s[11]&(AttrDirectory|AttrVolume) == AttrDirectory }
func (s *slot) volume() bool    { return s[11]&(AttrDirectory|AttrVolume) == AttrVolume && !s.long() }
func (s *slot) dot() bool       { return string(s[:11]) == ".          " && s.directory() }
func (s *slot) dotDot() bool    { return string(s[:11]) == "..         " && s.directory() }
func (s *slot) size() int64     { return int64(le32(s[:], 28)) }

// cluster is the first cluster of the entry. The upper half is FAT32's; the
// others use its place for something else.
func (s *slot) cluster(fat32 bool) uint32 {
	low := uint32(le16(s[:], 26))
	if !fat32 {
		return low
	}
	return uint32(le16(s[:], 20))<<16 | low
}

// plausible reports whether a slot that is out of use looks like one that once
// was in use. Slots in use are believed; what is left of older data is not.
func (s *slot) plausible() bool {
	if s.long() {
		n := s[0] &^ longLast
		return s[12] == 0 && s[26] == 0 && s[27] == 0 && (s[0] == slotDeleted || n >= 1 && n <= maxLongSlots)
	}
	if s[11]&0xC0 != 0 || s[11]&(AttrDirectory|AttrVolume) == AttrDirectory|AttrVolume {
		return false
	}
	for i, c := range s[:11] {
		if !(legalShort(c) || i == 0 && (c == slotDeleted || c == slotKanji)) {
			return false
		}
	}
	date := le16(s[:], 24)
	month, day := date>>5&0x0F, date&0x1F
	return s[0] != ' ' && (date == 0 || month >= 1 && month <= 12 && day >= 1)
}

// legalShort reports whether c may stand in a short name. Lower case letters may
// not, but some writers leave them there.
func legalShort(c byte) bool {
	return c >= 0x20 && c != 0x7F && !strings.ContainsRune(`"*+,./:;<=>?[\]|`, rune(c))
}

// shortName decodes the 8.3 name. Two flags say that a half of it is meant in
// lower case, which Windows NT and those that followed it use to save long names.
func (s *slot) shortName() string {
	name := [11]byte(s[:11])
	if s.volume() {
		return oemText(trimmed(name[:]))
	}
	if name[0] == slotKanji {
		name[0] = slotDeleted
	}
	base, extension := trimmed(name[:8]), trimmed(name[8:])
	text := oemText(base)
	if s[12]&0x08 != 0 {
		text = strings.ToLower(text)
	}
	switch {
	case len(extension) == 0:
		return text
	case s[12]&0x10 != 0:
		return text + "." + strings.ToLower(oemText(extension))
	}
	return text + "." + oemText(extension)
}

func trimmed(b []byte) []byte { return bytes.TrimRight(b, " ") }

// oemUpper is the upper half of code page 437, which is what a drive without any
// mark of its own code page is read with.
const oemUpper = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0"

var oemRunes = []rune(oemUpper)

func oemText(b []byte) string {
	if ascii(b) {
		return string(b)
	}
	var text strings.Builder
	for _, c := range b {
		if c < 0x80 {
			text.WriteByte(c)
		} else {
			text.WriteRune(oemRunes[c-0x80])
		}
	}
	return text.String()
}

// checksum is what each slot of a long name keeps of the short name it is for.
func checksum(short []byte) (sum byte) {
	for _, c := range short[:11] {
		sum = sum>>1 | sum<<7
		sum += c
	}
	return sum
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// appendUnits appends the UTF-16 units of a long-name slot, and tells whether the
// name ends in it before its last place.
func (s *slot) appendUnits(units []uint16) (all []uint16, ended bool) {
	for _, at := range [...]int{1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30} {
		unit := le16(s[:], at)
		if unit == 0 {
			return units, true
		}
		units = append(units, unit)
	}
	return units, false
}

// longText decodes a name. Nearly all are ASCII, and there may be a million.
func longText(units []uint16) string {
	var text [maxLongUnits]byte
	for i, unit := range units {
		if unit >= 0x80 {
			return string(utf16.Decode(units))
		}
		text[i] = byte(unit)
	}
	return string(text[:len(units)])
}
