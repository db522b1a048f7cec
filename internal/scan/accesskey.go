package scan

import (
	"bytes"
	"strings"

	"github.com/panoscrub/panoscrub/internal/rules"
)

const (
	accessKeyChars = 20
	// accessKeyNear is how far from a key's ID its secret and its session token
	// are looked for: the documents that hold them are small.
	accessKeyNear = 2 << 10
)

// Secrets are 30 random bytes in base64; tokens are longer, how much is not said.
const (
	secretKeyChars    = 40
	leastSessionToken = 100
)

// confirmAccessKey reports the ID of an AWS access key; its secret and a session
// token near it make it critical. IDs that AWS's documentation shows end in
// EXAMPLE.
func confirmAccessKey(c *checker, r *rules.Rule, v *view, pos int64) {
	text, here := v.around(pos, 1, accessKeyChars+1)
	if len(text) < here+accessKeyChars || !isAccessKey(text, here) || !c.try(r, maxSlowTries) {
		return
	}
	id := string(text[here:][:accessKeyChars])
	s := sighting{rule: r, length: accessKeyChars, value: id, hint: "ID of an AWS access key", sample: strings.HasSuffix(id, "EXAMPLE")}
	around, _ := v.around(pos, accessKeyNear, accessKeyNear)
	around = bytes.ReplaceAll(around, []byte(`\/`), []byte("/"))
	secret, token := secretsIn(around)
	token = token && id[1] == 'S'
	switch {
	case secret && token:
		s.hint = "AWS access key with its secret and a session token"
	case secret:
		s.hint = "AWS access key with its secret"
	}
	if secret {
		s.severity = Critical
	}
	c.report(v, pos, s)
}

// isAccessKey reports whether the ID of a key stands alone at text[at:].
func isAccessKey(text []byte, at int) bool {
	for _, c := range text[at:][:accessKeyChars] {
		if !upperCase(c) && (c < '2' || c > '7') {
			return false
		}
	}
	after := text[at+accessKeyChars:]
	return (at == 0 || !wordChar(text[at-1])) && (len(after) == 0 || !wordChar(after[0]))
}

// secretsIn reports whether what can be a secret key stands in text, and what can
// be a session token. An equals sign parts them from their names, as in a shell.
func secretsIn(text []byte) (secret, token bool) {
	for at := 0; at < len(text); at++ {
		start := at
		for at < len(text) && base64Digit[text[at]] {
			at++
		}
		run := text[start:at]
		secret = secret || isSecretKey(run)
		token = token || len(run) >= leastSessionToken
	}
	return secret, token
}

// isSecretKey reports whether a run of base64 can be a secret key: it must look
// random, as hexadecimal digests of 40 characters do not.
func isSecretKey(run []byte) bool {
	if len(run) != secretKeyChars {
		return false
	}
	upper, lower, digits := 0, 0, 0
	for _, c := range run {
		switch {
		case upperCase(c):
			upper++
		case digit(c):
			digits++
		case c != '+' && c != '/':
			lower++
		}
	}
	return upper >= 4 && lower >= 4 && digits >= 1
}
