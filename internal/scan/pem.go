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

// headBytes is how much of a block is looked at before the rest of it is.
const headBytes = 512

// armorAt reads the PEM block at pos, if it has a label that is wanted and its
// body does not look like words from the start on: of a drive with a header in
// each sector, little is read.
func armorAt(v *view, pos int64, wanted func(label string) bool) (armor, bool) {
	head := v.bytes(pos, headBytes)
	label, ok := armorLabel(head)
	if !ok || !wanted(label) {
		return armor{}, false
	}
	a, ok := parseArmor(head)
	if !ok || len(a.der) >= 12 && !a.sealed && !a.sample && !plausibleStart(a.der) {
		return armor{}, false
	}
	if a.whole {
		return a, true
	}
	return parseArmor(v.bytes(pos, maxArmor))
}

// plausibleStart reports whether a body starts as that of a key or certificate.
func plausibleStart(der []byte) bool {
	_, ok := startsDER(der)
	return ok || bytes.HasPrefix(der, []byte(openSSHMagic))
}

// parseArmor reads the PEM block at the start of text, which must begin with
// [pemBegin]. It is false when there is no label, or no body that is base64.
func parseArmor(text []byte) (armor, bool) {
	label, ok := armorLabel(text)
	if !ok {
		return armor{}, false
	}
	a := armor{label: label}
	at := len(pemBegin) + len(label) + len(pemDash)
	at = a.skipHeaders(text, at)
	var body []byte
	body, at = armorBody(text, at)
	if end := pemEnd + label + pemDash; bytes.HasPrefix(text[at:], []byte(end)) {
		a.whole = true
		at = skipLineEnd(text, at+len(end))
	}
	a.length = at
	a.der = decodeBase64(body)
	a.sample = bytes.Contains(body, []byte("EXAMPLE"))
	return a, len(a.der) > 0
}

// armorLabel returns what stands between "-----BEGIN " and "-----".
func armorLabel(text []byte) (string, bool) {
	rest, ok := bytes.CutPrefix(text, []byte(pemBegin))
	if !ok {
		return "", false
	}
	label, _, ok := bytes.Cut(rest[:min(len(rest), maxLabel+len(pemDash))], []byte(pemDash))
	for _, c := range label {
		if c != ' ' && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return "", false
		}
	}
	return string(label), ok && len(label) > 0
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

// armorBody collects the base64 characters from at on, and returns them with
// the index of the first byte that is not part of the body.
func armorBody(text []byte, at int) (body []byte, end int) {
	for at < len(text) {
		if next := skipBlank(text, at); next > at {
			at = next
			continue
		}
		switch c := text[at]; {
		case c == '=' && at+2 < len(text) && text[at+1] == '3' && text[at+2] == 'D': // quoted-printable
			body = append(body, '=')
			at += 2
		case base64Char(c):
			body = append(body, c)
		case c == '\\' && at+1 < len(text) && text[at+1] == '/': // JSON may write a slash so
			body = append(body, '/')
			at++
		default:
			return body, at
		}
		at++
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

func base64Char(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/' || c == '='
}

// skipBlank steps over what may stand between the characters of a body: blanks,
// line ends, the escapes that JSON and program text have for them, at any depth
// of escaping, and the quotes that part a literal over several lines has.
func skipBlank(text []byte, at int) int {
	for at < len(text) {
		switch text[at] {
		case ' ', '\t', '\r', '\n', '"':
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
	for name < len(text) && name < 8 && text[name] == '\\' {
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
