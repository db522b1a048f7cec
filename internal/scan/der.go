package scan

// maxHeader is how far before a literal of DER the value may start that it is in:
// the literals stand behind one or two headers.
const maxHeader = 12

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
// candidate at pos stands: base64 of a sequence begins with an M.
func bareBase64(v *view, pos int64) (start int64, a armor, ok bool) {
	text, here := v.around(pos, 2*maxHeader, 2*maxHeader)
	for back := 0; back <= here && (back == 0 || base64Char(text[here-back])); back++ {
		if text[here-back] != 'M' {
			continue
		}
		if from := text[here-back:]; len(from) < headChars || !plausibleHead(from[:headChars]) {
			continue
		}
		start = pos - int64(back)
		body, end := armorBody(nil, v.bytes(start, maxArmor), 0, maxArmor)
		der := decodeBase64(body)
		length, ok := startsDER(der)
		if !ok || length > maxArmor {
			continue
		}
		whole := len(der) >= length
		return start, armor{der: der[:min(length, len(der))], length: end, whole: whole, encoding: encodingBase64}, true
	}
	return 0, armor{}, false
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
