package scan

import (
	"bytes"
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
)

// confirmKey reports a private key in PEM. A block without an end counts when
// enough of it decodes; one whose body is no key, as documentation has it, does
// not.
func confirmKey(c *checker, r *rule, v *view, pos int64) {
	label, ok := armorLabel(v.bytes(pos, len(pemBegin)+maxLabel+len(pemDash)))
	if !ok || !strings.HasSuffix(label, "PRIVATE KEY") {
		return
	}
	a, ok := parseArmor(v.bytes(pos, maxArmor))
	if !ok || len(a.der) < minBody {
		return
	}
	k, ok := describeKey(a)
	if !ok && !a.sample {
		return
	}
	s := sighting{rule: r, length: int64(a.length), hint: k.hint(a), pair: k.pair}
	if k.encrypted {
		s.severity = High
	}
	s.sample = a.sample && !k.parsed
	c.report(v, pos, s)
}

// key is what can be said of a private key without telling it.
type key struct {
	kind      string // "RSA 2048-bit", "EC P-256"
	encrypted bool
	parsed    bool
	pair      pairID
}

// pairID tells that a certificate and a private key belong together: the digest
// of their public key. It never leaves this package.
type pairID [sha256.Size]byte

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
// not look like that of a key.
func describeKey(a armor) (key, bool) {
	if a.label == "OPENSSH PRIVATE KEY" {
		return describeOpenSSH(a.der)
	}
	kind := strings.TrimSuffix(strings.TrimSuffix(a.label, "PRIVATE KEY"), " ")
	if a.sealed {
		return key{kind: kind, encrypted: true}, true
	}
	k, ok := parseKey(a)
	if ok {
		return k, true
	}
	if _, ok := startsDER(a.der); !ok || !startsKey(a.der) {
		return key{}, false
	}
	if kind == "ENCRYPTED" {
		return key{encrypted: true}, true
	}
	return key{kind: kind}, true
}

// startsKey reports whether the DER value begins as one of the structures that
// keys come in: a small version number (RFC 8017 A.1.2, RFC 5915, RFC 5958, and
// OpenSSL's DSA), or the algorithm of an encrypted one (RFC 5958 §3).
func startsKey(der []byte) bool {
	head := der[2:]
	switch der[1] {
	case 0x81:
		head = der[3:]
	case 0x82:
		head = der[4:]
	}
	version := len(head) >= 3 && head[0] == 0x02 && head[1] == 0x01 && head[2] <= 3
	return version || len(head) > 0 && head[0] == 0x30
}

// parseKey parses a whole key; false where the standard library cannot.
func parseKey(a armor) (key, bool) {
	if !a.whole {
		return key{}, false
	}
	var parsed any
	var err error
	switch a.label {
	case "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(a.der)
	case "EC PRIVATE KEY":
		parsed, err = x509.ParseECPrivateKey(a.der)
	case "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(a.der)
	default:
		return key{}, false
	}
	if err != nil {
		return key{}, false
	}
	return keyOf(parsed), true
}

func keyOf(parsed any) key {
	k := key{parsed: true}
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

// describeOpenSSH reads the open part of OpenSSH's own format (PROTOCOL.key in
// its sources): cipher, KDF, its options, a count, and the public key.
func describeOpenSSH(b []byte) (key, bool) {
	b, ok := bytes.CutPrefix(b, []byte("openssh-key-v1\x00"))
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
