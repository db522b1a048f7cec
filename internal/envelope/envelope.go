// Package envelope signs bytes and checks signatures: DSSE v1 envelopes, and the
// keys that make them.
//
// It knows nothing of what is signed. Whoever reads an envelope uses the bytes
// that [Verify] returns, and nothing else of the document: those are the bytes
// that the signature covers.
//
// Format: https://github.com/secure-systems-lab/dsse, protocol v1.0.0.
package envelope

import (
	"errors"
	"strconv"
)

// MaxBytes bounds the envelopes that [Parse] reads and that [Sign] makes.
const MaxBytes = 4 << 20

// maxSignatures bounds the work that a hostile envelope can cause.
const maxSignatures = 16

// Envelope is a DSSE envelope with its base64 undone. Nothing in it is to be
// trusted before [Verify].
type Envelope struct {
	PayloadType string
	Payload     []byte
	Signatures  []Signature
}

// Signature is one signature over [PAE] of an envelope.
type Signature struct {
	// KeyID is what the signer called the key. It is a hint for error messages
	// and decides nothing.
	KeyID KeyID
	Sig   []byte
}

// The ways in which an envelope can be wrong. Errors of [Parse] and [Verify]
// wrap exactly one of them, or ErrTooLarge together with ErrEnvelope.
var (
	ErrEnvelope     = errors.New("not a DSSE envelope")
	ErrTooLarge     = errors.New("larger than 4 MiB")
	ErrBase64       = errors.New("not valid base64")
	ErrPayloadType  = errors.New("signed for another purpose")
	ErrNoSignatures = errors.New("has no signatures")
	ErrUnknownKey   = errors.New("signed with another key")
	ErrSignature    = errors.New("signature does not match")
)

// PAE is DSSE's pre-authentication encoding, the bytes that are signed:
//
//	"DSSEv1" SP len(payloadType) SP payloadType SP len(body) SP body
//
// with lengths in bytes, in decimal. It is injective: no two pairs of type and
// body have the same encoding.
func PAE(payloadType string, body []byte) []byte {
	b := make([]byte, 0, len("DSSEv1    ")+2*20+len(payloadType)+len(body))
	b = append(b, "DSSEv1 "...)
	b = strconv.AppendInt(b, int64(len(payloadType)), 10)
	b = append(b, ' ')
	b = append(b, payloadType...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, ' ')
	return append(b, body...)
}
