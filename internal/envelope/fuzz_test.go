package envelope

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzVerify looks for a document that verifies although its signer never signed
// those bytes.
func FuzzVerify(f *testing.F) {
	keys := []*Key{newTestKey(f, Ed25519), newTestKey(f, ECDSAP256)}
	body := []byte(`{"verdict":"FAIL"}`)
	for _, key := range keys {
		doc := sign(f, key, testType, body)
		f.Add(doc)
		f.Add(bytes.Replace(doc, []byte(`"payload":`), []byte(`"payload":"e30=","payload":`), 1))
		f.Add(bytes.ReplaceAll(doc, []byte("+"), []byte("-")))
	}
	f.Add([]byte(`{"payload":"","payloadType":"","signatures":[{"keyid":"","sig":""}]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		env, err := Parse(doc)
		if err != nil {
			return
		}
		payload, by, err := Verify(env, testType, keys[0].Public(), keys[1].Public())
		if err == nil && (!bytes.Equal(payload, body) || len(by) == 0) {
			t.Errorf("verified bytes that nobody signed: %q", payload)
		}
	})
}

// FuzzRoundTrip signs any bytes for any purpose: what comes back is what went in.
func FuzzRoundTrip(f *testing.F) {
	key := newTestKey(f, Ed25519)
	f.Add("application/vnd.in-toto+json", []byte("body"))
	f.Add("", []byte{})
	f.Add("<&>\u2028", []byte{0xff, 0})
	f.Fuzz(func(t *testing.T, payloadType string, body []byte) {
		payloadType = strings.ToValidUTF8(payloadType, "")
		doc, err := Sign(t.Context(), key, payloadType, body)
		if err != nil {
			t.Fatal(err)
		}
		env, err := Parse(doc)
		if err != nil {
			t.Fatal(err)
		}
		payload, _, err := Verify(env, payloadType, key.Public())
		if err != nil || !bytes.Equal(payload, body) {
			t.Errorf("%v", err)
		}
	})
}

func FuzzParsePublic(f *testing.F) {
	f.Add(newTestKey(f, Ed25519).Public().PEM())
	f.Add(newTestKey(f, ECDSAP256).Public().PEM())
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := ParsePublic(data)
		if err != nil {
			return
		}
		again, err := ParsePublic(key.PEM())
		if err != nil || again.KeyID() != key.KeyID() {
			t.Errorf("a key does not survive its own PEM: %v", err)
		}
		key.Verify([]byte("message"), []byte("signature"))
	})
}
