package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/secure-systems-lab/go-securesystemslib/signerverifier"

	"github.com/panoscrub/panoscrub/internal/demo"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// TestRecordForOtherVerifiers takes a record made by the program and has it
// verified by implementations that we did not write.
func TestRecordForOtherVerifiers(t *testing.T) {
	for _, algorithm := range []string{"ed25519", "ecdsa-p256"} {
		t.Run(algorithm, func(t *testing.T) {
			dir := t.TempDir()
			image, state := filepath.Join(dir, "stick.img"), filepath.Join(dir, "state")
			if _, err := demo.Build(t.Context(), image); err != nil {
				t.Fatal(err)
			}
			panoscrub(t, state, 0, "key", "init", "--type", algorithm)
			panoscrub(t, state, 0, "sanitize", image, "--appliance", appliance, "--yes")
			record, public := onlyRecord(t, state), filepath.Join(state, "keys", "signing.pem.pub")
			t.Run("securesystemslib", func(t *testing.T) { verifyWithSecureSystemsLib(t, record, public) })
			t.Run("python", func(t *testing.T) { verifyWithPython(t, record, public) })
		})
	}
}

func verifyWithSecureSystemsLib(t *testing.T, record, public string) {
	data, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	var env dsse.Envelope
	if err := json.Unmarshal(data, &env); err != nil {
		t.Fatal(err)
	}
	verifier, err := dsse.NewEnvelopeVerifier(newOtherVerifier(t, public, env.Signatures[0].KeyID))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.Verify(context.Background(), &env); err != nil {
		t.Fatalf("a good record is refused: %v", err)
	}
	requireInTotoStatement(t, record, env)
	body, _ := env.DecodeB64Payload()
	env.Payload = base64.StdEncoding.EncodeToString([]byte(strings.Replace(string(body), "PASS", "PAST", 1)))
	if _, err := verifier.Verify(context.Background(), &env); err == nil {
		t.Fatal("the other verifier accepts a changed payload: it proves nothing")
	}
}

// requireInTotoStatement checks what any in-toto consumer looks at first, with
// types of its own.
func requireInTotoStatement(t *testing.T, record string, env dsse.Envelope) {
	t.Helper()
	if env.PayloadType != "application/vnd.in-toto+json" {
		t.Errorf("payload type %q", env.PayloadType)
	}
	body, err := env.DecodeB64Payload()
	if err != nil {
		t.Fatal(err)
	}
	statement := unmarshal[struct {
		Type          string `json:"_type"`
		PredicateType string
		Subject       []struct {
			Name   string
			Digest map[string]string
		}
	}](t, body)
	if statement.Type != "https://in-toto.io/Statement/v1" || statement.PredicateType != "https://github.com/panoscrub/panoscrub/sanitization/v1" {
		t.Errorf("statement %q with predicate %q", statement.Type, statement.PredicateType)
	}
	document, err := os.ReadFile(strings.Replace(record, ".dsse.json", ".drive.json", 1))
	if err != nil {
		t.Fatal(err)
	}
	digests := map[string]bool{}
	for _, s := range statement.Subject {
		digests[s.Digest["sha256"]] = true
	}
	for name, preimage := range map[string][]byte{"drive document": document, "appliance name": []byte("panorama:" + appliance)} {
		if !digests[hexSHA256(preimage)] {
			t.Errorf("no subject has the digest of the %s", name)
		}
	}
}

// verifyWithPython builds the pre-authentication encoding and checks the
// signature with Python's cryptography package: a verifier of fifteen lines.
func verifyWithPython(t *testing.T, record, public string) {
	const script = `
import base64, json, sys
try:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
except ImportError:
    sys.exit(77)
env = json.load(open(sys.argv[1]))
key = serialization.load_pem_public_key(open(sys.argv[2], "rb").read())
kind, body = env["payloadType"].encode(), base64.b64decode(env["payload"])
pae = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)
sig = base64.b64decode(env["signatures"][0]["sig"])
if isinstance(key, ed25519.Ed25519PublicKey):
    key.verify(sig, pae)
else:
    key.verify(sig, pae, ec.ECDSA(hashes.SHA256()))
print(json.loads(body)["predicate"]["verdict"])
`
	out, err := testtool.Try(t, "python3", "-c", script, record, public)
	code := exitCodeOf(t, err)
	if code == 77 {
		t.Skip("NOT RUN: this test needs Python's cryptography package")
	}
	if code != 0 || strings.TrimSpace(out) != "PASS" {
		t.Fatalf("exit code %d: %s", code, out)
	}
}

// otherVerifier is the other implementation's key, under the key id that the
// record names: that library skips signatures with ids that it does not know.
type otherVerifier struct {
	dsse.Verifier
	id string
}

func (o otherVerifier) KeyID() (string, error) { return o.id, nil }

func newOtherVerifier(t *testing.T, public, id string) otherVerifier {
	t.Helper()
	data, err := os.ReadFile(public)
	if err != nil {
		t.Fatal(err)
	}
	key, err := signerverifier.LoadKey(data)
	if err != nil {
		t.Fatal(err)
	}
	var verifier dsse.Verifier
	switch key.KeyType {
	case signerverifier.ED25519KeyType:
		verifier, err = signerverifier.NewED25519SignerVerifierFromSSLibKey(key)
	case signerverifier.ECDSAKeyType:
		verifier, err = signerverifier.NewECDSASignerVerifierFromSSLibKey(key)
	default:
		t.Fatalf("the other implementation takes the key for %q", key.KeyType)
	}
	if err != nil {
		t.Fatal(err)
	}
	return otherVerifier{verifier, id}
}

func hexSHA256(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
