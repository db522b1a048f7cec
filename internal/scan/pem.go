package scan

import (
	"bytes"
	"encoding/base64"
	"strings"
)

const (
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
	pemDash  = "-----"
	// maxArmor is the longest PEM block that is read: a 16384-bit RSA key has
	// 12.6 kB, and few certificates have more.
	maxArmor = 32 << 10
	maxLabel = 40
	// minBody is how many bytes must decode for a block without an end to be
	// the start of a key or certificate, and not words about one: 36 bytes are
	// 48 characters, less than a line, and nearly all of an EC key's secret.
	minBody = 36
)

// armor is a PEM block as it stands in text of some kind: a file, a JSON string
// or a C literal, whole or cut short.
type armor struct {
	label  string // "RSA PRIVATE KEY"
	der    []byte // what the body decodes to, as far as it does
	length int    // bytes from the first dash to the line end behind the last
	whole  bool   // the block has an end
	sealed bool   // a header says that the body is encrypted
	sample bool   // the text says that it is an example
	// encoding of what is no PEM block: DER as it is, or in base64.
	encoding string
}

const (
	headBytes = 512 // of a block that are looked at before the rest of it is
	headChars = 16  // of its body that tell words from a key
)

// armorAt reads the PEM block at pos, if it has a label that is wanted and its
// body does not look like words from the start on: of a drive with a header in
// each sector, little is read.
func armorAt(v *view, pos int64, wanted func(label []byte) bool) (armor, bool) {
	label, ok := armorLabel(v.bytes(pos, len(pemBegin)+maxLabel+len(pemDash)))
	if !ok || !wanted(label) {
		return armor{}, false
	}
	head := v.bytes(pos, headBytes)
	if !promising(head, len(pemBegin)+len(label)+len(pemDash)) {
		return armor{}, false
	}
	if a, ok := parseArmor(head); ok && a.whole {
		return a, true
	}
	return parseArmor(v.bytes(pos, maxArmor))
}

// promising reports whether the body at text[at:] starts as that of a key or
// certificate, or may yet: behind headers, or as an example.
func promising(text []byte, at int) bool {
	var chars [headChars]byte
	body, _ := armorBody(chars[:0], text, at, headChars)
	if len(body) < headChars {
		return len(body) > 0
	}
	return plausibleHead(body) || bytes.Contains(text, []byte("EXAMPLE"))
}

// plausibleHead reports whether base64 decodes to what a key or a certificate
// begins with.
func plausibleHead(body []byte) bool {
	var der [headChars]byte
	n, err := base64.RawStdEncoding.Decode(der[:], body)
	if err != nil {
		return false
	}
	_, ok := startsDER(der[:n])
	return ok || bytes.HasPrefix([]byte(openSSHMagic), der[:n])
}

// parseArmor reads the PEM block at the start of text, which must begin with
// [pemBegin]. It is false when there is no label, or no body that is base64.
func parseArmor(text []byte) (armor, bool) {
	label, ok := armorLabel(text)
	if !ok {
		return armor{}, false
	}
	a := armor{label: string(label)}
	at := len(pemBegin) + len(label) + len(pemDash)
	at = a.skipHeaders(text, at)
	body, at := armorBody(nil, text, at, maxArmor)
	if end := pemEnd + a.label + pemDash; bytes.HasPrefix(text[at:], []byte(end)) {
		a.whole = true
		at = skipLineEnd(text, at+len(end))
	}
	a.length = at
	a.der = decodeBase64(body)
	a.sample = bytes.Contains(body, []byte("EXAMPLE"))
	return a, len(a.der) > 0
}

// armorLabel returns what stands between "-----BEGIN " and "-----".
func armorLabel(text []byte) ([]byte, bool) { return labelAfter(pemBegin, text) }

// labelAfter returns what stands between a prefix and "-----".
func labelAfter(prefix string, text []byte) ([]byte, bool) {
	rest, ok := bytes.CutPrefix(text, []byte(prefix))
	if !ok {
		return nil, false
	}
	label, _, ok := bytes.Cut(rest[:min(len(rest), maxLabel+len(pemDash))], []byte(pemDash))
	for _, c := range label {
		if c != ' ' && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return nil, false
		}
	}
	return label, ok && len(label) > 0
}

// skipHeaders steps over lines such as "Proc-Type: 4,ENCRYPTED", which old
// encrypted keys have, and notes what they say.
func (a *armor) skipHeaders(text []byte, at int) int {
	for {
		start := skipBlank(text, at)
		line := text[start:min(len(text), start+200)]
		if end := bytes.IndexAny(line, "\r\n\\"); end >= 0 {
			line = line[:end]
		}
		name, value, ok := strings.Cut(string(line), ": ")
		if !ok || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-") != "" {
			return at
		}
		a.sealed = a.sealed || strings.EqualFold(name, "Proc-Type") && strings.Contains(value, "ENCRYPTED")
		at = start + len(line)
	}
}

// armorBody appends up to most base64 characters from text[at:] on to body, and
// returns it with the index of the first byte that is not part of it.
func armorBody(body, text []byte, at, most int) (all []byte, end int) {
	for at < len(text) && len(body) < most {
		run := at
		for run < len(text) && base64Digit[text[run]] && run-at < most-len(body) {
			run++
		}
		body, at = append(body, text[at:run]...), run
		if at == len(text) || len(body) == most {
			break
		}
		next := skipBlank(text, at)
		switch {
		case next > at:
			at = next
		case text[at] == '=' && bytes.HasPrefix(text[at:], []byte("=3D")): // quoted-printable
			body, at = append(body, '='), at+3
		case text[at] == '=':
			body, at = append(body, '='), at+1
		case escapedSlash(text[at:]) > 0:
			body, at = append(body, '/'), at+escapedSlash(text[at:])
		default:
			return body, at
		}
	}
	return body, at
}

// skipLineEnd steps over one line end, which every writer of PEM leaves.
func skipLineEnd(text []byte, at int) int {
	for _, end := range []string{"\r\n", "\n"} {
		if bytes.HasPrefix(text[at:], []byte(end)) {
			return at + len(end)
		}
	}
	return at
}

// base64Digit tells which bytes are digits of base64.
var base64Digit = func() (is [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		is[c] = true
	}
	return is
}()

func base64Char(c byte) bool { return base64Digit[c] || c == '=' }

// skipBlank steps over what may stand between the characters of a body: blanks,
// line ends, the escapes that JSON and program text have for them, at any depth
// of escaping, and the quotes that part a literal over several lines has.
func skipBlank(text []byte, at int) int {
	for at < len(text) {
		switch text[at] {
		case '\n', '\r':
			at = skipQuote(text, at+1)
			continue
		case ' ', '\t', '"':
			at++
			continue
		case '=': // the soft line end of quoted-printable
			if n := softLineEnd(text[at:]); n > 0 {
				at += n
				continue
			}
		case '\\':
			if n := escapedBlank(text[at:]); n > 0 {
				at += n
				continue
			}
		}
		return at
	}
	return at
}

// skipQuote steps over what quotes a line of mail, or makes it a comment.
func skipQuote(text []byte, at int) int {
	for at < len(text) && (text[at] == '>' || text[at] == '#' || text[at] == ' ') {
		at++
	}
	return at
}

// escapedSlash is the length of a slash at the start of text that JSON wrote with
// a backslash, at any depth of escaping; 0 when there is none.
func escapedSlash(text []byte) int {
	n := 0
	for n < len(text) && n < maxEscapes && text[n] == '\\' {
		n++
	}
	if n == 0 || n == len(text) || text[n] != '/' {
		return 0
	}
	return n + 1
}

// maxEscapes is how many backslashes in a row are followed: JSON in JSON in JSON
// has seven.
const maxEscapes = 8

// softLineEnd is the length of quoted-printable's line end that does not count
// (RFC 2045 §6.7) at the start of text; 0 when there is none. A body's own "="
// is followed by nothing but the block's end.
func softLineEnd(text []byte) int {
	n := 1
	for n < len(text) && (text[n] == '\r' || text[n] == '\n') {
		n++
	}
	if n == 1 || n == len(text) || !base64Char(text[n]) {
		return 0
	}
	return n
}

// escapedBlank is the length of the escape for a blank or a line end at the
// start of text; 0 when there is none.
func escapedBlank(text []byte) int {
	name := 0
	for name < len(text) && name < maxEscapes && text[name] == '\\' {
		name++
	}
	if name == len(text) {
		return 0
	}
	switch text[name] {
	case 'n', 'r', 't', '"', '\n', '\r':
		return name + 1
	}
	return 0
}

// decodeBase64 decodes as much of body as is whole groups up to the padding.
func decodeBase64(body []byte) []byte {
	data := body
	if pad := bytes.IndexByte(body, '='); pad >= 0 {
		data = body[:pad]
	}
	if len(data)%4 == 1 {
		data = data[:len(data)-1]
	}
	der := make([]byte, base64.RawStdEncoding.DecodedLen(len(data)))
	n, err := base64.RawStdEncoding.Decode(der, data)
	if err != nil {
		return nil
	}
	return der[:n]
}
