package scan

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/panoscrub/panoscrub/internal/rules"
)

// confirmKeyStore reports a PKCS#12 file (RFC 7292 §4: version 3, and a content
// of type data), or a Java key store by its magic number and version.
func confirmKeyStore(c *checker, r *rules.Rule, v *view, pos int64) {
	if b := v.bytes(pos, 12); len(b) == 12 && (b[0] == 0xFE || b[0] == 0xCE) {
		if n := binary.BigEndian.Uint32(b[8:]); n >= 1 && n <= 1<<16 {
			s := sighting{rule: r, length: 12, encoding: encodingBinary, hint: fmt.Sprintf("Java key store, entries: %d", n)}
			if onlyTrusted(v, pos+12, int(n)) {
				s.severity, s.hint = Low, fmt.Sprintf("Java trust store, certificates: %d", n)
			}
			c.report(v, pos, s)
		}
		return
	}
	text, here := v.around(pos, 16, 0)
	at := bytes.LastIndex(text[:here], []byte("\x02\x01\x03\x30"))
	for start := at - 4; at >= 0 && start <= at-2; start++ {
		if start < 0 || text[start] != 0x30 {
			continue
		}
		s := sighting{rule: r, length: int64(here - start), encoding: encodingDER, hint: "PKCS#12 file"}
		if length, ok := startsDER(text[start:]); ok {
			s.length = int64(length)
			s.hint += fmt.Sprintf(", %d bytes", length)
		}
		c.report(v, pos-int64(here-start), s)
		return
	}
}

// fewTrusted is how many entries of a key store tell what it is: those of trusted
// authorities have a hundred, and those with keys a few.
const fewTrusted = 16

// onlyTrusted reports whether the entries of a Java key store, the first of which
// starts at pos, are certificates that are trusted (tag 2): an alias, a time, and
// a type and a certificate with their lengths in front.
func onlyTrusted(v *view, pos int64, entries int) bool {
	for range min(entries, fewTrusted) {
		b := v.bytes(pos, 4+2)
		if len(b) < 6 || binary.BigEndian.Uint32(b) != 2 {
			return false
		}
		pos += 6 + int64(binary.BigEndian.Uint16(b[4:])) + 8
		kind := v.bytes(pos, 2)
		if len(kind) < 2 {
			return false
		}
		pos += 2 + int64(binary.BigEndian.Uint16(kind))
		size := v.bytes(pos, 4)
		if len(size) < 4 {
			return false
		}
		pos += 4 + int64(binary.BigEndian.Uint32(size))
	}
	return true
}
