package envelope

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/secure-systems-lab/go-securesystemslib/signerverifier"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

// theirs makes the other implementation's signer and verifier from our key file.
func theirs(t *testing.T, key *Key) dsse.SignerVerifier {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := key.Save(path, nil); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	k, err := signerverifier.LoadKey(data)
	if err != nil {
		t.Fatal(err)
	}
	var sv dsse.SignerVerifier
	if key.Algorithm() == Ed25519 {
		sv, err = signerverifier.NewED25519SignerVerifierFromSSLibKey(k)
	} else {
		sv, err = signerverifier.NewECDSASignerVerifierFromSSLibKey(k)
	}
	if err != nil {
		t.Fatal(err)
	}
	return sv
}

// named gives their verifier our key id, since each project derives its own.
type named struct {
	dsse.SignerVerifier
	id KeyID
}

func (n named) KeyID() (string, error) { return string(n.id), nil }

var _ interface{ Public() crypto.PublicKey } = named{}

func TestOtherImplementationAcceptsOurs(t *testing.T) {
	body := []byte(`{"_type":"https://in-toto.io/Statement/v1"}`)
	for _, algorithm := range algorithms {
		key := newTestKey(t, algorithm)
		verifier, err := dsse.NewEnvelopeVerifier(named{theirs(t, key), key.KeyID()})
		if err != nil {
			t.Fatal(err)
		}
		var env dsse.Envelope
		if err := json.Unmarshal(sign(t, key, testType, body), &env); err != nil {
			t.Fatal(err)
		}
		accepted, payload, err := verifier.VerifyAndDecode(t.Context(), &env)
		if err != nil || len(accepted) != 1 || !bytes.Equal(payload, body) {
			t.Errorf("%s: accepted %d keys: %v", algorithm, len(accepted), err)
		}
		env.PayloadType = "text/plain"
		if _, err := verifier.Verify(t.Context(), &env); err == nil {
			t.Errorf("%s: the other implementation accepts a changed type", algorithm)
		}
	}
}

func TestWeAcceptTheOtherImplementation(t *testing.T) {
	body := []byte("\x00body\xff")
	for _, algorithm := range algorithms {
		key := newTestKey(t, algorithm)
		signer, err := dsse.NewEnvelopeSigner(theirs(t, key))
		if err != nil {
			t.Fatal(err)
		}
		env, err := signer.SignPayload(context.Background(), testType, body)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := json.Marshal(env)
		if err != nil {
			t.Fatal(err)
		}
		payload, _, err := check(doc, key.Public())
		if err != nil || !bytes.Equal(payload, body) {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
}

// TestOpenSSL has openssl check the bare signature over PAE with the public key
// that Save wrote.
func TestOpenSSL(t *testing.T) {
	for _, algorithm := range algorithms {
		t.Run(string(algorithm), func(t *testing.T) {
			dir, key := t.TempDir(), newTestKey(t, algorithm)
			in := func(name string) string { return filepath.Join(dir, name) }
			if err := key.Save(in("key"), nil); err != nil {
				t.Fatal(err)
			}
			env, err := Parse(sign(t, key, testType, []byte("body")))
			if err != nil {
				t.Fatal(err)
			}
			write(t, in("sig"), env.Signatures[0].Sig)
			args := []string{"dgst", "-sha256", "-verify", in("key.pub"), "-signature", in("sig"), in("message")}
			if algorithm == Ed25519 {
				args = []string{"pkeyutl", "-verify", "-pubin", "-inkey", in("key.pub"), "-rawin", "-in", in("message"), "-sigfile", in("sig")}
			}
			write(t, in("message"), PAE(testType, []byte("body")))
			if out, err := testtool.Try(t, "openssl", args...); err != nil {
				t.Errorf("openssl refuses our signature: %v\n%s", err, out)
			}
			write(t, in("message"), PAE(testType, []byte("bodY")))
			if out, err := testtool.Try(t, "openssl", args...); err == nil {
				t.Errorf("openssl accepts other bytes: %s", out)
			}
		})
	}
}

// TestOpenSSLKeys loads keys that openssl made.
func TestOpenSSLKeys(t *testing.T) {
	for algorithm, args := range map[Algorithm][]string{
		Ed25519:   {"genpkey", "-algorithm", "ed25519"},
		ECDSAP256: {"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"},
	} {
		path := filepath.Join(t.TempDir(), "key")
		if out, err := testtool.Try(t, "openssl", append(args, "-out", path)...); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		key, err := Load(path, nil)
		if err != nil || key.Algorithm() != algorithm {
			t.Errorf("%s: %v", algorithm, err)
			continue
		}
		if _, _, err := check(sign(t, key, testType, []byte("body")), key.Public()); err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
		// openssl derives the same public key as we put beside it.
		ours, err := os.ReadFile(path + ".pub")
		if err != nil {
			t.Fatal(err)
		}
		if out, err := testtool.Try(t, "openssl", "pkey", "-in", path, "-pubout"); err != nil || out != string(ours) {
			t.Errorf("%s: openssl's public key differs: %v", algorithm, err)
		}
	}
}

// pythonVerifier is a whole verifier in a page: what an auditor could write.
const pythonVerifier = `
import base64, json, sys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
env = json.load(open(sys.argv[1]))
key = serialization.load_pem_public_key(open(sys.argv[2], "rb").read())
body, kind = base64.b64decode(env["payload"]), env["payloadType"].encode()
pae = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)
sig = base64.b64decode(env["signatures"][0]["sig"])
try:
    if isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(sig, pae)
    else:
        key.verify(sig, pae, ec.ECDSA(hashes.SHA256()))
except InvalidSignature:
    sys.exit("signature does not match")
`

func TestPython(t *testing.T) {
	if out, err := testtool.Try(t, "python3", "-c", "import cryptography"); err != nil {
		t.Skipf("NOT RUN: python3 has no cryptography package: %s", out)
	}
	for _, algorithm := range algorithms {
		dir, key := t.TempDir(), newTestKey(t, algorithm)
		doc, pub := filepath.Join(dir, "doc"), filepath.Join(dir, "pub")
		good := sign(t, key, testType, []byte("body"))
		write(t, doc, good)
		write(t, pub, key.Public().PEM())
		if out, err := testtool.Try(t, "python3", "-c", pythonVerifier, doc, pub); err != nil {
			t.Errorf("%s: python refuses our envelope: %v\n%s", algorithm, err, out)
		}
		write(t, doc, bytes.Replace(good, []byte("Ym9keQ=="), []byte("Qm9keQ=="), 1))
		if _, err := testtool.Try(t, "python3", "-c", pythonVerifier, doc, pub); err == nil {
			t.Errorf("%s: python accepts other bytes", algorithm)
		}
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
