package envelope

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
)

// Algorithm names a kind of key together with how it signs.
type Algorithm string

const (
	Ed25519   Algorithm = "ed25519"    // RFC 8032, 64-byte signatures over the message itself
	ECDSAP256 Algorithm = "ecdsa-p256" // over the message's SHA-256, signatures as ASN.1 DER
)

// KeyID names a key: the SHA-256 of its DER SubjectPublicKeyInfo, in lower-case
// hex. In an envelope that was not verified it may be any text.
type KeyID string

// PublicKey checks signatures.
type PublicKey interface {
	KeyID() KeyID
	Algorithm() Algorithm
	// Verify reports whether sig is this key's signature over message.
	Verify(message, sig []byte) bool
	// PEM is the key as a "PUBLIC KEY" block.
	PEM() []byte
}

// Errors about keys. Those that say what is wrong with a key wrap ErrKey.
var (
	ErrKey         = errors.New("not a usable key")
	ErrKeyType     = fmt.Errorf("%w: neither Ed25519 nor ECDSA P-256", ErrKey)
	ErrPermissions = errors.New("the private key can be read by others")
	ErrPassphrase  = errors.New("the key file cannot be unlocked")
)

const publicPEM = "PUBLIC KEY"

// ParsePublic reads a public key from PEM: one "PUBLIC KEY" block. Its errors
// wrap [ErrKey].
func ParsePublic(data []byte) (PublicKey, error) {
	block, err := onlyBlock(data)
	if err != nil {
		return nil, err
	}
	if block.Type != publicPEM {
		return nil, fmt.Errorf("%w: a PEM block of type %.80q, not %q", ErrKey, block.Type, publicPEM)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: the PEM block holds no public key that can be read", ErrKey)
	}
	return newPublic(key)
}

// LoadPublic reads a public key's file. Its errors wrap [ErrKey], or tell why the
// file cannot be read.
func LoadPublic(path string) (PublicKey, error) {
	data, err := readKeyFile(path, anyMode)
	if err != nil {
		return nil, err
	}
	key, err := ParsePublic(data)
	if err != nil {
		return nil, fmt.Errorf("public key %s: %w", path, err)
	}
	return key, nil
}

// onlyBlock reads data that holds one PEM block and nothing behind it.
func onlyBlock(data []byte) (*pem.Block, error) {
	if len(data) > maxKeyFile {
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrKey, maxKeyFile)
	}
	block, rest := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%w: no PEM block in it, or a damaged one", ErrKey)
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("%w: there is more behind its PEM block", ErrKey)
	}
	return block, nil
}

// publicKey is a PublicKey of either algorithm.
type publicKey struct {
	algorithm Algorithm
	der       []byte // SubjectPublicKeyInfo
	verify    func(message, sig []byte) bool
}

func newPublic(key crypto.PublicKey) (PublicKey, error) {
	p := publicKey{}
	switch key := key.(type) {
	case ed25519.PublicKey:
		p.algorithm = Ed25519
		p.verify = func(message, sig []byte) bool { return ed25519.Verify(key, message, sig) }
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() {
			return nil, fmt.Errorf("%w: an ECDSA key on the curve %s", ErrKeyType, key.Curve.Params().Name)
		}
		p.algorithm = ECDSAP256
		p.verify = func(message, sig []byte) bool {
			digest := sha256.Sum256(message)
			return ecdsa.VerifyASN1(key, digest[:], sig)
		}
	default:
		return nil, ErrKeyType
	}
	var err error
	p.der, err = x509.MarshalPKIXPublicKey(key)
	return p, err
}

func (p publicKey) Algorithm() Algorithm            { return p.algorithm }
func (p publicKey) Verify(message, sig []byte) bool { return p.verify(message, sig) }

func (p publicKey) KeyID() KeyID {
	sum := sha256.Sum256(p.der)
	return KeyID(hex.EncodeToString(sum[:]))
}

func (p publicKey) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: publicPEM, Bytes: p.der})
}
