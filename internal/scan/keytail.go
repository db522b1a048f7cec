package scan

import (
	"bytes"
	"strings"

	"github.com/panoscrub/panoscrub/internal/rules"
)

const (
	maxTail = 4 << 10
	// minTail is how many characters of a body must stand before the end of a
	// block: a line of them. They must be of so many kinds, as words are not.
	minTail      = 64
	minTailKinds = 24
)

// confirmKeyTail reports the end of a private key in PEM whose start is gone. One
// whose start is there is judged by that.
func confirmKeyTail(c *checker, r *rules.Rule, v *view, pos int64) {
	label, ok := labelAfter(pemEnd, v.bytes(pos, len(pemEnd)+maxLabel+len(pemDash)))
	if !ok || !isPrivateKey(label) {
		return
	}
	text, here := v.around(pos, maxTail, 0)
	start, chars, kinds := here, 0, [256]bool{}
	for start > 0 && (base64Char(text[start-1]) || blank(text[start-1])) {
		start--
		if base64Digit[text[start]] {
			chars, kinds[text[start]] = chars+1, true
		}
	}
	if bytes.HasSuffix(text[:start], []byte(pemDash)) || chars < minTail || count(kinds[:]) < minTailKinds {
		return
	}
	for blank(text[start]) {
		start++
	}
	s := sighting{rule: r, tail: true, length: int64(here - start + len(pemEnd) + len(label) + len(pemDash)), hint: "end of a private key, whose start is gone"}
	if strings.HasPrefix(string(label), "ENCRYPTED") {
		s.severity, s.hint = High, "end of an encrypted private key, whose start is gone"
	}
	c.report(v, pos-int64(here-start), s)
}

// blank reports whether c may stand between the characters of a body, as itself
// or as part of an escape.
func blank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\\' || c == '"'
}

func count(set []bool) (n int) {
	for _, is := range set {
		if is {
			n++
		}
	}
	return n
}
