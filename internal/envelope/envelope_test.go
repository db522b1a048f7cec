package envelope

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
)

const testType = "application/vnd.in-toto+json"

var algorithms = []Algorithm{Ed25519, ECDSAP256}

func newTestKey(t testing.TB, algorithm Algorithm) *Key {
	t.Helper()
	key, err := Generate(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t testing.TB, key Signer, payloadType string, body []byte) []byte {
	t.Helper()
	doc, err := Sign(t.Context(), key, payloadType, body)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func check(doc []byte, keys ...PublicKey) ([]byte, []KeyID, error) {
	env, err := Parse(doc)
	if err != nil {
		return nil, nil, err
	}
	return Verify(env, testType, keys...)
}

func TestPAE(t *testing.T) {
	for _, v := range []struct{ payloadType, body, want string }{
		{"http://example.com/HelloWorld", "hello world", "DSSEv1 29 http://example.com/HelloWorld 11 hello world"},
		{"", "", "DSSEv1 0  0 "},
		{"ä", "1 x", "DSSEv1 2 ä 3 1 x"},
	} {
		if got := string(PAE(v.payloadType, []byte(v.body))); got != v.want {
			t.Errorf("PAE(%q, %q) = %q, want %q", v.payloadType, v.body, got, v.want)
		}
	}
}

// TestVectors runs the DSSE project's own test vectors.
func TestVectors(t *testing.T) {
	var file struct {
		Keys    map[string]string
		Vectors []struct {
			ID                    string
			Envelope              json.RawMessage
			TrustedKeys           []string
			Threshold             int
			SupportedPayloadTypes []string
			PAE, Expect           string
		}
	}
	data, err := os.ReadFile("testdata/dsse-vectors.json")
	if err := errors.Join(err, json.Unmarshal(data, &file)); err != nil || len(file.Vectors) != 9 {
		t.Fatalf("%d vectors: %v", len(file.Vectors), err)
	}
	for _, v := range file.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			var keys []PublicKey
			for _, name := range v.TrustedKeys {
				raw, err := hex.DecodeString(file.Keys[name])
				key, keyErr := newPublic(ed25519.PublicKey(raw))
				if err := errors.Join(err, keyErr); err != nil {
					t.Fatal(err)
				}
				keys = append(keys, key)
			}
			env, err := Parse(v.Envelope)
			if err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(PAE(env.PayloadType, env.Payload)); v.Expect == "accept" && got != v.PAE {
				t.Errorf("PAE is %s, want %s", got, v.PAE)
			}
			accepted := slices.ContainsFunc(v.SupportedPayloadTypes, func(supported string) bool {
				_, by, err := Verify(env, supported, keys...)
				return err == nil && len(by) >= v.Threshold
			})
			if accepted != (v.Expect == "accept") {
				t.Errorf("accepted: %v, expected: %s", accepted, v.Expect)
			}
		})
	}
}

// TestProtocolExample checks the example of DSSE's protocol.md. Its signature is
// the bare concatenation of r and s; ours, like cosign's, are ASN.1 DER.
func TestProtocolExample(t *testing.T) {
	point := []byte{4} // uncompressed: X and Y follow
	for _, decimal := range []string{
		"46950820868899156662930047687818585632848591499744589407958293238635476079160",
		"5640078356564379163099075877009565129882514886557779369047442380624545832820",
	} {
		n, ok := new(big.Int).SetString(decimal, 10)
		if !ok {
			t.Fatal(decimal)
		}
		point = append(point, n.FillBytes(make([]byte, 32))...)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		t.Fatal(err)
	}
	public, err := newPublic(key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString("A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==")
	if err != nil {
		t.Fatal(err)
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])})
	if err != nil {
		t.Fatal(err)
	}
	message := PAE("http://example.com/HelloWorld", []byte("hello world"))
	if !public.Verify(message, der) {
		t.Error("the example's signature is not accepted")
	}
	if public.Verify(message, raw) {
		t.Error("a signature that is not DER is accepted")
	}
}

func TestSignAndVerify(t *testing.T) {
	bodies := map[string][]byte{
		"empty": {}, "nil": nil, "json": []byte(`{"_type":"x"}`), "binary": {0, 1, 0xff, '\n', '<'}, "large": bytes.Repeat([]byte("0123456789"), 100_000),
	}
	for _, algorithm := range algorithms {
		key := newTestKey(t, algorithm)
		for name, body := range bodies {
			t.Run(fmt.Sprint(algorithm, " ", name), func(t *testing.T) {
				payload, by, err := check(sign(t, key, testType, body), key.Public())
				if err != nil || !bytes.Equal(payload, body) {
					t.Fatalf("%d of %d bytes, %v", len(payload), len(body), err)
				}
				if len(by) != 1 || by[0] != key.KeyID() {
					t.Errorf("signed by %v, want %v", by, key.KeyID())
				}
			})
		}
	}
}

// TestTwoSignatures is what a second signature will need: each key counts once,
// whatever the hints say, and a foreign signature does no harm.
func TestTwoSignatures(t *testing.T) {
	a, b, stranger := newTestKey(t, Ed25519), newTestKey(t, ECDSAP256), newTestKey(t, Ed25519)
	env := Envelope{PayloadType: testType, Payload: []byte("body")}
	for i, key := range []*Key{stranger, a, a, b} {
		sig, err := key.Sign(t.Context(), PAE(testType, env.Payload))
		if err != nil {
			t.Fatal(err)
		}
		env.Signatures = append(env.Signatures, Signature{KeyID: KeyID(fmt.Sprint("lie ", i)), Sig: sig})
	}
	_, by, err := Verify(env, testType, b.Public(), a.Public(), a.Public())
	if want := []KeyID{b.KeyID(), a.KeyID()}; err != nil || !slices.Equal(by, want) {
		t.Errorf("signed by %v, want %v: %v", by, want, err)
	}
}

// TestBitFlips flips every bit of the payload, of its type and of the signature.
func TestBitFlips(t *testing.T) {
	for _, algorithm := range algorithms {
		key := newTestKey(t, algorithm)
		env, err := Parse(sign(t, key, testType, []byte(`{"verdict":"PASS"}`)))
		if err != nil {
			t.Fatal(err)
		}
		typeBytes := []byte(testType)
		for what, b := range map[string][]byte{"payload": env.Payload, "type": typeBytes, "signature": env.Signatures[0].Sig} {
			for bit := range len(b) * 8 {
				b[bit/8] ^= 1 << (bit % 8)
				env.PayloadType = string(typeBytes)
				if _, _, err := Verify(env, env.PayloadType, key.Public()); !errors.Is(err, ErrSignature) {
					t.Errorf("%s, %s, bit %d: %v", algorithm, what, bit, err)
				}
				b[bit/8] ^= 1 << (bit % 8)
			}
		}
		env.PayloadType = testType
		if _, _, err := Verify(env, testType, key.Public()); err != nil {
			t.Errorf("%s: after all flips were undone: %v", algorithm, err)
		}
	}
}

// TestRefusals has one document for each way of being wrong, and wants its own
// error and words for it.
func TestRefusals(t *testing.T) {
	key, other := newTestKey(t, Ed25519), newTestKey(t, Ed25519)
	good := string(sign(t, key, testType, []byte("body")))
	replace := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in %s", old, good)
		}
		return strings.Replace(good, old, new, 1)
	}
	sigs := good[strings.Index(good, `"signatures"`) : len(good)-1]
	seen := map[string]string{}
	for _, c := range []struct {
		name, doc string
		want      error
	}{
		{"empty", "", ErrEnvelope},
		{"cut off", good[:len(good)-1], ErrEnvelope},
		{"text behind", good + "x", ErrEnvelope},
		{"two documents", good + good, ErrEnvelope},
		{"not UTF-8", replace(`"payloadType"`, "\"\xff\":1,\"payloadType\""), ErrEnvelope},
		{"an array", "[" + good + "]", ErrEnvelope},
		{"a string", `"envelope"`, ErrEnvelope},
		{"null", "null", ErrEnvelope},
		{"too large", good + strings.Repeat(" ", MaxBytes), ErrTooLarge},
		{"no payload", replace(`"payload":`, `"other":`), ErrEnvelope},
		{"payload in capitals", replace(`"payload":`, `"PAYLOAD":`), ErrEnvelope},
		{"payload is null", replace(`"Ym9keQ=="`, "null"), ErrEnvelope},
		{"payload is a number", replace(`"Ym9keQ=="`, "7"), ErrEnvelope},
		{"payload twice", replace(`"payload":`, `"payload":"","payload":`), ErrEnvelope},
		{"payload twice, escaped", replace(`"payload":`, `"p\u0061yload":"","payload":`), ErrEnvelope},
		{"no type", replace(`"payloadType":`, `"type":`), ErrEnvelope},
		{"bad base64", replace("Ym9keQ==", "Ym9keQ="), ErrBase64},
		{"unpadded base64", replace("Ym9keQ==", "Ym9keQ"), ErrBase64},
		{"base64 with a line break", replace("Ym9keQ==", `Ym9k\neQ==`), ErrBase64},
		{"base64 with loose bits", replace("Ym9keQ==", "Ym9keR=="), ErrBase64},
		{"signature in bad base64", replace(`"sig":"`, `"sig":"!`), ErrBase64},
		{"signatures are an object", strings.Replace(good, sigs, `"signatures":{}`, 1), ErrEnvelope},
		{"signatures are null", strings.Replace(good, sigs, `"signatures":null`, 1), ErrEnvelope},
		{"a signature is a string", strings.Replace(good, sigs, `"signatures":["x"]`, 1), ErrEnvelope},
		{"a signature twice in itself", replace(`"sig":`, `"sig":"","sig":`), ErrEnvelope},
		{"key id is a number", replace(`"keyid":"`+string(key.KeyID())+`"`, `"keyid":1`), ErrEnvelope},
		{"too many signatures", strings.Replace(good, sigs, `"signatures":[`+strings.Repeat(`{"sig":""},`, maxSignatures)+`{"sig":""}]`, 1), ErrEnvelope},
		{"no signatures", strings.Replace(good, sigs, `"signatures":[]`, 1), ErrNoSignatures},
		{"signatures left out", strings.Replace(good, ","+sigs, "", 1), ErrNoSignatures},
		{"another type", replace(testType, "text/plain"), ErrPayloadType},
		{"another key", string(sign(t, other, testType, []byte("body"))), ErrUnknownKey},
		{"other contents", replace("Ym9keQ==", "Qm9keQ=="), ErrSignature},
		{"another key under this key's name", strings.Replace(string(sign(t, other, testType, []byte("body"))), string(other.KeyID()), string(key.KeyID()), 1), ErrSignature},
		{"another key without a name", strings.Replace(string(sign(t, other, testType, []byte("body"))), string(other.KeyID()), "", 1), ErrSignature},
	} {
		_, _, err := check([]byte(c.doc), key.Public())
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
			continue
		}
		for _, e := range []error{ErrEnvelope, ErrBase64, ErrPayloadType, ErrNoSignatures, ErrUnknownKey, ErrSignature} {
			if errors.Is(err, e) && e != c.want && c.want != ErrTooLarge {
				t.Errorf("%s: %v is also %v", c.name, err, e)
			}
		}
		seen[err.Error()] += " " + c.name
	}
	if len(seen) < 17 {
		t.Errorf("the messages do not tell the cases apart: %q", seen)
	}
	if _, _, err := check([]byte(good)); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("without any key: %v", err)
	}
	if _, _, err := check([]byte(" "+good+"\n"), other.Public(), key.Public()); err != nil {
		t.Errorf("white space around the document: %v", err)
	}
	if _, _, err := check([]byte(replace(`"payload":`, `"extra":{"payload":1,"payload":2},"payload":`)), key.Public()); err != nil {
		t.Errorf("an unknown field: %v", err)
	}
}

// TestHintDecidesNothing signs rightly under a wrong key id.
func TestHintDecidesNothing(t *testing.T) {
	key := newTestKey(t, ECDSAP256)
	doc := strings.Replace(string(sign(t, key, testType, []byte("body"))), string(key.KeyID()), `\u001b[31mliar`, 1)
	_, by, err := check([]byte(doc), key.Public())
	if err != nil || by[0] != key.KeyID() {
		t.Errorf("signed by %v: %v", by, err)
	}
	_, _, err = check([]byte(doc), newTestKey(t, Ed25519).Public())
	if !errors.Is(err, ErrUnknownKey) || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("%q", err)
	}
}

func TestSignChecksItsSigner(t *testing.T) {
	a, b := newTestKey(t, Ed25519), newTestKey(t, Ed25519)
	if _, err := Sign(t.Context(), &Key{private: a.private, public: b.public}, testType, []byte("body")); !errors.Is(err, ErrSigner) {
		t.Errorf("a signer with the wrong key: %v", err)
	}
	if _, err := Sign(t.Context(), a, testType, make([]byte, MaxBytes)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large a body: %v", err)
	}
}
