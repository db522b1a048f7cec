package envelope

import (
	"fmt"
	"slices"
	"strings"
)

// Verify checks an envelope against the keys that the caller trusts. It returns
// the bytes that were signed and the keys whose signature is right, each once,
// in the order of keys: who asks for two signatures counts them.
//
// The error wraps [ErrPayloadType] when the envelope is of another type,
// [ErrNoSignatures], [ErrUnknownKey] when it says to be signed with other keys,
// or [ErrSignature] when no signature is right. Signatures of other keys beside a
// right one do no harm.
func Verify(env Envelope, payloadType string, keys ...PublicKey) (payload []byte, by []KeyID, err error) {
	if env.PayloadType != payloadType {
		return nil, nil, fmt.Errorf("%w: its type is %.80q, not %q", ErrPayloadType, env.PayloadType, payloadType)
	}
	if len(env.Signatures) == 0 {
		return nil, nil, fmt.Errorf("the envelope %w", ErrNoSignatures)
	}
	message := PAE(env.PayloadType, env.Payload)
	for _, key := range keys {
		signed := slices.ContainsFunc(env.Signatures, func(s Signature) bool { return key.Verify(message, s.Sig) })
		if signed && !slices.Contains(by, key.KeyID()) {
			by = append(by, key.KeyID())
		}
	}
	if len(by) == 0 {
		return nil, nil, env.refusal(keys)
	}
	return env.Payload, by, nil
}

// refusal says why none of the keys fits, as far as the hints in the envelope
// tell.
func (env Envelope) refusal(keys []PublicKey) error {
	var others []string
	for _, s := range env.Signatures {
		known := slices.ContainsFunc(keys, func(k PublicKey) bool { return k.KeyID() == s.KeyID })
		if len(keys) > 0 && (known || s.KeyID == "") {
			return fmt.Errorf("the %w: the contents or the signature were changed, or it was made with another key", ErrSignature)
		}
		others = append(others, fmt.Sprintf("%.80q", string(s.KeyID)))
	}
	return fmt.Errorf("%w: key id %s", ErrUnknownKey, strings.Join(others, ", "))
}
