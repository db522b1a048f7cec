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
			c.report(v, pos, sighting{rule: r, length: 12, encoding: encodingBinary, hint: fmt.Sprintf("Java key store, entries: %d", n)})
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
