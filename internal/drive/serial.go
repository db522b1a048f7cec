package drive

import (
	"strings"
	"unicode"
)

// minSerial is the shortest serial that is taken for a number of its own. The
// USB mass-storage rule asks for 12 characters; good drives with 8 are common.
const minSerial = 8

// serialQuality judges a serial number by itself.
//
// The USB rule (bulk-only transport, section 4.1.1: at least 12 digits of
// 0-9A-F) is no measure: good drives break it, and drives whose whole batch
// carries one number keep it. What counts is whether the text can tell one drive
// from the next. It cannot when it is short, when it holds a control character
// or the like, when it repeats one or two characters, when it counts upwards, or
// when nearly all of it is leading zeros.
//
// The quality is part of the identity document: another rule here gives other
// digests, and needs another [IdentitySchema].
func serialQuality(serial string) SerialQuality {
	switch significant := strings.TrimLeft(serial, "0 "); {
	case significant == "":
		return SerialMissing
	case len(serial) < minSerial, len(significant) < 4:
		return SerialSuspect
	case strings.ContainsFunc(serial, unfit), repeats(serial), counts(serial):
		return SerialSuspect
	}
	return SerialUnique
}

func unfit(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPrint(r) }

// repeats reports whether the text is one pair of characters over and over.
func repeats(s string) bool {
	for i := 2; i < len(s); i++ {
		if s[i] != s[i-2] {
			return false
		}
	}
	return true
}

// counts reports whether each digit is the one after the digit before it:
// "0123456789ABCDEF", "123456789012", "1234567890abcdef".
func counts(s string) bool {
	s = strings.ToUpper(s)
	for i := 1; i < len(s); i++ {
		before, digit := s[i-1], s[i]
		next := before+1 == digit || before == '9' && (digit == '0' || digit == 'A') || before == '0' && digit == 'A'
		if !next {
			return false
		}
	}
	return true
}
