package envelope

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
)

// Signer makes signatures. It may be a key in a file, or one that never leaves
// its hardware.
type Signer interface {
	// Sign returns this key's signature over data, as its [Algorithm] says. A
	// signer that has to wait for a person or a device gives up when ctx ends.
	Sign(ctx context.Context, data []byte) ([]byte, error)
	Public() PublicKey
	KeyID() KeyID
	Algorithm() Algorithm
}

// ErrSigner says that a signer returned something that is not its signature.
var ErrSigner = errors.New("the signer returned a signature that does not match its own key")

// document is the JSON form of an envelope, with the fields in DSSE's order.
type document struct {
	Payload     []byte      `json:"payload"` // encodes as padded base64
	PayloadType string      `json:"payloadType"`
	Signatures  []signedDoc `json:"signatures"`
}

type signedDoc struct {
	KeyID KeyID  `json:"keyid"`
	Sig   []byte `json:"sig"`
}

// Sign signs body for the purpose that payloadType names, and returns the
// envelope as a compact JSON document without a line end. The signature is
// checked before it is given out. The error is the signer's, or wraps
// [ErrSigner] or [ErrTooLarge].
func Sign(ctx context.Context, signer Signer, payloadType string, body []byte) ([]byte, error) {
	message := PAE(payloadType, body)
	sig, err := signer.Sign(ctx, message)
	if err != nil {
		return nil, err
	}
	public := signer.Public()
	if !public.Verify(message, sig) {
		return nil, fmt.Errorf("%w: %s", ErrSigner, public.KeyID())
	}
	if body == nil {
		body = []byte{} // nil would become null
	}
	doc, err := json.Marshal(document{
		Payload: body, PayloadType: payloadType, Signatures: []signedDoc{{KeyID: public.KeyID(), Sig: sig}},
	})
	if err == nil && len(doc) > MaxBytes {
		return nil, fmt.Errorf("the envelope would be %w", ErrTooLarge)
	}
	return doc, err
}

// Key is a private key in memory. It is a [Signer].
type Key struct {
	private crypto.Signer
	public  PublicKey
}

// Generate makes a new key.
func Generate(algorithm Algorithm) (*Key, error) {
	var (
		private crypto.Signer
		err     error
	)
	switch algorithm {
	case Ed25519:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	case ECDSAP256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		return nil, fmt.Errorf("%w: %q", ErrKeyType, string(algorithm))
	}
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	return newKey(private)
}

func newKey(private any) (*Key, error) {
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, ErrKeyType
	}
	public, err := newPublic(signer.Public())
	if err != nil {
		return nil, err
	}
	return &Key{private: signer, public: public}, nil
}

// Public returns the public half.
func (k *Key) Public() PublicKey { return k.public }

// KeyID returns the public half's id.
func (k *Key) KeyID() KeyID { return k.public.KeyID() }

// Algorithm returns how the key signs.
func (k *Key) Algorithm() Algorithm { return k.public.Algorithm() }

// Sign implements [Signer]. It does not wait for anything.
func (k *Key) Sign(_ context.Context, data []byte) ([]byte, error) {
	hash := crypto.Hash(0)
	if k.Algorithm() == ECDSAP256 {
		digest := sha256.Sum256(data)
		data, hash = digest[:], crypto.SHA256
	}
	sig, err := k.private.Sign(rand.Reader, data, hash)
	if err != nil {
		return nil, fmt.Errorf("signing with the key %s: %w", k.KeyID(), err)
	}
	return sig, nil
}
