package scan

import (
	"bytes"
	"slices"
)

// maxHeader is how far before a literal of DER the value may start that it is in:
// the literals stand behind one or two headers.
const maxHeader = 12

// valueAt reads the DER value in which a candidate stands, and tells where it
// starts: in a PEM block with a label that is wanted, in base64, or as it is.
func valueAt(v *view, pos int64, wanted func(label []byte) bool) (start int64, a armor, ok bool) {
	switch head := v.bytes(pos, len(pemBegin)); {
	case string(head) == pemBegin:
		a, ok = armorAt(v, pos, wanted)
		return pos, a, ok
	case inBase64(head):
		return bareBase64(v, pos)
	}
	return bareDER(v, pos)
}

// inBase64 reports whether a candidate is one of base64: those of DER have bytes
// in them that are no characters.
func inBase64(head []byte) bool {
	return !bytes.ContainsFunc(head[:min(len(head), minBase64)], func(c rune) bool { return c > 0x7F || !base64Char(byte(c)) })
}

// minBase64 is how long the shortest literal of base64 is.
const minBase64 = 7

// bareDER reads the DER value, without any armour, in which the candidate at pos
// stands: the outermost sequence in front of it whose length reaches beyond it.
func bareDER(v *view, pos int64) (start int64, a armor, ok bool) {
	text, here := v.around(pos, maxHeader, maxHeader)
	for back := min(maxHeader, here); back >= 0; back-- {
		length, ok := startsDER(text[here-back:])
		if !ok || length > maxArmor || !headersEnd(text[here-back:], back) {
			continue
		}
		der := v.bytes(pos-int64(back), length)
		return pos - int64(back), armor{der: der, length: len(der), whole: len(der) == length, encoding: encodingDER}, true
	}
	return 0, armor{}, false
}

// headersEnd reports whether nothing but headers of sequences within one another
// is in the first n bytes.
func headersEnd(b []byte, n int) bool {
	at := 0
	for at < n {
		switch {
		case b[at] != 0x30 || at+1 >= len(b):
			return false
		case b[at+1] == 0x81:
			at += 3
		case b[at+1] == 0x82:
			at += 4
		case b[at+1] < 0x80:
			at += 2
		default:
			return false
		}
	}
	return at == n
}

// bareBase64 reads the DER value in base64, without any armour, in which the
// candidate at pos stands: base64 of a sequence begins with an M. Both alphabets
// of RFC 4648 will do.
func bareBase64(v *view, pos int64) (start int64, a armor, ok bool) {
	text, here := v.around(pos, 2*maxHeader, 2*maxHeader)
	text = oneAlphabet(text)
	for back := 0; back <= here && (back == 0 || base64Char(text[here-back])); back++ {
		from := text[here-back:]
		if from[0] != 'M' || len(from) < headChars || !plausibleHead(from[:headChars]) {
			continue
		}
		length, ok := startsDER(decodeBase64(from[:headChars]))
		if !ok || length > maxArmor {
			continue
		}
		// No more than the value has, so that what follows is left alone.
		start, chars := pos-int64(back), (length*8+5)/6
		body, end := armorBody(nil, oneAlphabet(v.bytes(start, maxArmor)), 0, chars)
		der := decodeBase64(body)
		return start, armor{der: der[:min(length, len(der))], length: end, whole: len(der) >= length, encoding: encodingBase64}, true
	}
	return 0, armor{}, false
}

// oneAlphabet is a copy of text with the two digits of base64url as those of
// base64.
func oneAlphabet(text []byte) []byte {
	text = slices.Clone(text)
	for i, c := range text {
		switch c {
		case '-':
			text[i] = '+'
		case '_':
			text[i] = '/'
		}
	}
	return text
}

// startsDER reports whether b starts as an ASN.1 SEQUENCE, as every key and
// certificate does, and returns the length that it claims with its own header.
func startsDER(b []byte) (length int, ok bool) {
	if len(b) < 4 || b[0] != 0x30 {
		return 0, false
	}
	switch n := int(b[1]); {
	case n < 0x80:
		length = 2 + n
	case n == 0x81:
		length = 3 + int(b[2])
	case n == 0x82:
		length = 4 + int(b[2])<<8 + int(b[3])
	}
	return length, length > minBody
}
