package scan

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/panoscrub/panoscrub/internal/rules"
)

// confirmKey reports a private key in PEM, in DER, or in base64 without an
// armour. One that is cut short counts when enough of it is there; one whose body
// is no key, as documentation has it, does not.
func confirmKey(c *checker, r *rules.Rule, v *view, pos int64) {
	if bytes.HasPrefix(v.bytes(pos, len(pemEnd)), []byte(pemEnd)) {
		confirmKeyTail(c, r, v, pos)
		return
	}
	start, a, ok := valueAt(v, pos, isPrivateKey)
	if !ok || len(a.der) < minBody {
		return
	}
	k, ok := describeKey(a)
	if !ok && !a.sample {
		return
	}
	s := sighting{rule: r, length: int64(a.length), hint: k.hint(a), pair: k.pair, encoding: a.encoding}
	if a.encoding == encodingDER && !k.parsed {
		// Its header may lie, and hide what is behind it.
		s.length = min(s.length, unparsedBytes)
	}
	if k.encrypted {
		s.severity = High
	}
	s.sample = a.sample && !k.parsed
	if source := c.set.publishes(k, a); source != "" {
		s.sample = true
		s.hint += ", published test key of " + source
	}
	s.whole = a.whole && !s.sample
	c.report(v, start, s)
}

func isPrivateKey(label []byte) bool { return bytes.HasSuffix(label, []byte("PRIVATE KEY")) }

// unparsedBytes is how much belongs to a key that is known by its start alone.
const unparsedBytes = 64

// key is what can be said of a private key without telling it.
type key struct {
	kind      string // "RSA 2048-bit", "EC P-256"
	encrypted bool
	parsed    bool
	private   any // as the standard library parses it, or nil
	pair      pairID
}

// pairID tells that a certificate and a private key belong together: the digest
// of their public key. It never leaves this package.
type pairID = rules.KeyID

func (k key) hint(a armor) string {
	text := strings.TrimSpace(k.kind + " private key")
	if k.encrypted {
		text = "encrypted " + text
	}
	text = fmt.Sprintf("%s, %d bytes", text, a.length)
	if !a.whole {
		text += ", cut short"
	}
	return text
}

// describeKey tells what kind of key the armor holds; false when its body does
// not look like that of a key. Parsing comes last: it is slow, and each that is
// parsed is one that is reported, of which there are bounds.
func describeKey(a armor) (key, bool) {
	if a.label == "OPENSSH PRIVATE KEY" {
		return describeOpenSSH(a.der)
	}
	kind := strings.TrimSuffix(strings.TrimSuffix(a.label, "PRIVATE KEY"), " ")
	if a.sealed {
		return key{kind: kind, encrypted: true}, true
	}
	if _, ok := startsDER(a.der); !ok {
		return key{}, false
	}
	switch {
	case startsSealed(a.der), a.label == "ENCRYPTED PRIVATE KEY" && inside(a.der)[0] == 0x30:
		return key{encrypted: true}, true
	case !startsKey(a.der):
		return key{}, false
	}
	if a.encoding == encodingDER && len(a.der) <= maxHeader+64 && bytes.Count(a.der[len(a.der)-32:], []byte{0}) > 3 {
		return key{}, false // what a program puts before a key: no key has so many zeros
	}
	if k, ok := parseKey(a); ok {
		return k, true
	}
	// Numbers and a sequence are the start of much else, too.
	algorithm, wrapped := algorithmOf(a.der)
	if wrapped && algorithm == "" && a.encoding != "" {
		return key{}, false
	}
	return key{kind: cmp.Or(algorithm, kind)}, true
}

// algorithms of keys by their OIDs, as they stand in PKCS#8.
var algorithms = []struct{ oid, name string }{
	{"\x06\x09*\x86H\x86\xF7\x0D\x01\x01\x01", "RSA"},
	{"\x06\x09*\x86H\x86\xF7\x0D\x01\x01\x0A", "RSA-PSS"},
	{"\x06\x07*\x86H\xCE=\x02\x01", "EC"},
	{"\x06\x07*\x86H\xCE8\x04\x01", "DSA"},
	{"\x06\x03+e", "Edwards curve"},
}

// algorithmOf names the algorithm of a key in PKCS#8, and reports whether it
// looks like one: a version, and a sequence.
func algorithmOf(der []byte) (name string, wrapped bool) {
	head := inside(der)
	if len(head) < 8 || head[3] != 0x30 {
		return "", false
	}
	id := inside(append(slices.Clone(head[3:min(len(head), 32)]), 0, 0, 0, 0))
	for _, a := range algorithms {
		if bytes.HasPrefix(id, []byte(a.oid)) {
			return a.name, true
		}
	}
	return "", true
}

// inside is what follows the header of a DER value.
func inside(der []byte) []byte {
	switch der[1] {
	case 0x81:
		return der[3:]
	case 0x82:
		return der[4:]
	}
	return der[2:]
}

// startsKey reports whether the DER value begins as one of the structures that
// keys come in: a small version number (RFC 8017 A.1.2, RFC 5915, RFC 5958, and
// OpenSSL's DSA), and a value of any of the kinds that stand behind it.
func startsKey(der []byte) bool {
	head := inside(der)
	if len(head) < 3 || head[0] != 0x02 || head[1] != 0x01 || head[2] > 3 {
		return false
	}
	return len(head) == 3 || head[3] == 0x02 || head[3] == 0x04 || head[3] == 0x30
}

// startsSealed reports whether the DER value begins as an encrypted key (RFC 5958
// §3): with the OID of a scheme for encryption by password, of PKCS#5 or PKCS#12.
func startsSealed(der []byte) bool {
	head := inside(der)
	if len(head) < 2 || head[0] != 0x30 {
		return false
	}
	head = inside(append(slices.Clone(head[:min(len(head), 24)]), 0, 0, 0, 0))
	return bytes.HasPrefix(head, []byte("\x06\x09*\x86H\x86\xF7\x0D\x01\x05")) || bytes.HasPrefix(head, []byte("\x06\x0A*\x86H\x86\xF7\x0D\x01\x0C\x01"))
}

// maxParsed is the longest key that is parsed: one of RSA with 8192 bits has 4.7 kB,
// and the time grows with the cube.
const maxParsed = 5 << 10

// parseKey parses a whole key, whatever its label says; false where the standard
// library cannot.
func parseKey(a armor) (key, bool) {
	if !a.whole || len(a.der) > maxParsed {
		return key{}, false
	}
	if parsed, err := x509.ParsePKCS8PrivateKey(a.der); err == nil {
		return keyOf(parsed), true
	}
	if parsed, err := x509.ParsePKCS1PrivateKey(a.der); err == nil {
		return keyOf(parsed), true
	}
	if parsed, err := x509.ParseECPrivateKey(a.der); err == nil {
		return keyOf(parsed), true
	}
	return key{}, false
}

func keyOf(parsed any) key {
	k := key{parsed: true, private: parsed}
	switch private := parsed.(type) {
	case *rsa.PrivateKey:
		k.kind = fmt.Sprintf("RSA %d-bit", private.N.BitLen())
	case *ecdsa.PrivateKey:
		k.kind = "EC " + private.Params().Name
	case ed25519.PrivateKey:
		k.kind = "Ed25519"
	}
	if signer, ok := parsed.(crypto.Signer); ok {
		k.pair = pairOf(signer.Public())
	}
	return k
}

func pairOf(public crypto.PublicKey) pairID {
	spki, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return pairID{}
	}
	return sha256.Sum256(spki)
}

// sshKinds are the key types of OpenSSH that a hint may name.
var sshKinds = []string{
	"ssh-rsa", "ssh-dss", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
	"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
}

// openSSHMagic is how the body of a key in OpenSSH's own format begins.
const openSSHMagic = "openssh-key-v1\x00"

// describeOpenSSH reads the open part of OpenSSH's own format (PROTOCOL.key in
// its sources): cipher, KDF, its options, a count, and the public key.
func describeOpenSSH(b []byte) (key, bool) {
	b, ok := bytes.CutPrefix(b, []byte(openSSHMagic))
	if !ok {
		return key{}, false
	}
	cipher, b, ok := sshString(b)
	k := key{kind: "OpenSSH", encrypted: ok && string(cipher) != "none"}
	_, b, _ = sshString(b)
	_, b, _ = sshString(b)
	if len(b) < 4 {
		return k, true
	}
	public, _, _ := sshString(b[4:])
	kind, _, _ := sshString(public)
	if slices.Contains(sshKinds, string(kind)) {
		k.kind += " " + string(kind)
	}
	return k, true
}

// sshString cuts a string with its length in front (RFC 4251 §5) from b.
func sshString(b []byte) (s, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.BigEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}
