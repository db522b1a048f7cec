package scan

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/rules"
)

// publishedKey is a key that Go's library publishes, as it stands in each program
// that imports httptest, and its certificate.
func publishedKey(t *testing.T) (key *rsa.PrivateKey, certificate []byte) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	pair := server.TLS.Certificates[0]
	key, ok := pair.PrivateKey.(*rsa.PrivateKey)
	if !ok {
		t.Fatalf("a key of another kind: %T", pair.PrivateKey)
	}
	return key, pair.Certificate[0]
}

func pkcs8(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// numbers is a key of PKCS#1 (RFC 8017 A.1.2), for those that no library writes.
type numbers struct {
	Version               int
	N                     *big.Int
	E                     int
	D, P, Q, DP, DQ, QInv *big.Int
	Others                []otherPrime `asn1:"optional,omitempty"`
}

type otherPrime struct{ Prime, Exp, Coeff *big.Int }

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// claiming is the numbers of a key, under another one's modulus.
func claiming(n *big.Int, k *rsa.PrivateKey) numbers {
	return numbers{0, n, k.E, k.D, k.Primes[0], k.Primes[1], k.Precomputed.Dp, k.Precomputed.Dq, k.Precomputed.Qinv, nil}
}

// wrapped is PKCS#8 with what readers overlook: attributes.
type wrapped struct {
	Version    int
	Algorithm  pkix.AlgorithmIdentifier
	Key        []byte
	Attributes asn1.RawValue
}

func TestPublishedKeys(t *testing.T) {
	known, _ := publishedKey(t)
	short, long := x509.MarshalPKCS1PrivateKey(known), pkcs8(t, known)
	text := string(armored("PRIVATE KEY", long))
	escaped, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	fresh := rsaKeys()[0]
	three := claiming(known.N, fresh)
	three.Version, three.Others = 1, []otherPrime{{big.NewInt(65537), big.NewInt(3), big.NewInt(3)}}
	parsed, err := x509.ParsePKCS1PrivateKey(marshal(t, three))
	if err != nil {
		t.Fatal(err)
	}
	attribute := marshal(t, asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: pkcs8(t, ecKey())})
	var inner struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}
	if _, err := asn1.Unmarshal(long, &inner); err != nil {
		t.Fatal(err)
	}
	hiding := marshal(t, wrapped{0, inner.Algorithm, inner.Key, asn1.RawValue{FullBytes: attribute}})
	for _, c := range []struct {
		name    string
		content []byte
		sample  bool
		hint    string
	}{
		{"PKCS#1", armored("RSA PRIVATE KEY", short), true, "RSA 2048-bit private key"},
		{"PKCS#8", []byte(text), true, "RSA 2048-bit private key"},
		{"DER", short, true, "RSA 2048-bit private key"},
		{"PKCS#8 in DER", long, true, "RSA 2048-bit private key"},
		{"base64", []byte(base64.StdEncoding.EncodeToString(long)), true, "RSA 2048-bit private key"},
		{"in JSON", escaped, true, "RSA 2048-bit private key"},
		{"another", armored("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(fresh)), false, "RSA 2048-bit private key"},
		{"cut short", []byte(text[:len(text)-40]), false, "cut short"},
		{"said to be encrypted", []byte(strings.Replace(text, "-----\n", "-----\nProc-Type: 4,ENCRYPTED\n\n", 1)), false, "encrypted private key"},
		{"another's numbers, two primes", armored("RSA PRIVATE KEY", marshal(t, claiming(known.N, fresh))), false, "RSA private key"},
		{"another's numbers, three primes", armored("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(parsed)), false, "RSA 2048-bit private key"},
		{"one more in an attribute", armored("PRIVATE KEY", hiding), false, "RSA 2048-bit private key"},
		{"one more behind it", armored("PRIVATE KEY", append(bytes.Clone(long), pkcs8(t, ecKey())...)), false, "RSA 2048-bit private key"},
	} {
		found := lookedAt(t, c.content)
		if len(found) == 0 || found[0].sample != c.sample || !strings.Contains(found[0].hint, c.hint) ||
			strings.HasSuffix(found[0].hint, ", published test key of Go") != c.sample || c.sample && len(found) != 1 {
			t.Errorf("%s: got %q, want a sample %v, %s", c.name, seen(found), c.sample, c.hint)
		}
	}
}

// TestClaimedPoint has a key of an elliptic curve with the public half of another.
func TestClaimedPoint(t *testing.T) {
	one, other := ecKey(), ecKey()
	der, err := x509.MarshalECPrivateKey(one)
	if err != nil {
		t.Fatal(err)
	}
	point := func(k *ecdsa.PrivateKey) []byte {
		b, err := k.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	forged := bytes.Replace(der, point(one), point(other), 1)
	for _, c := range []struct {
		der  []byte
		want bool
	}{{der, true}, {forged, false}} {
		parsed, err := x509.ParseECPrivateKey(c.der)
		if err != nil || !parsed.Equal(one) {
			t.Fatalf("%v", err)
		}
		if got := holdsOnly(c.der, parsed); got != c.want {
			t.Errorf("holds only the key: %v, want %v", got, c.want)
		}
	}
}

// TestPublishedCertificate: the certificate of a published key counts no more than
// the key, and the key makes none of an authority's count.
func TestPublishedCertificate(t *testing.T) {
	key, cert := publishedKey(t)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	leaf := certPEM("localhost", false, key)
	r := scanned(t, inMemory(bytes.Join([][]byte{armored("PRIVATE KEY", pkcs8(t, key)), authority, leaf}, nil)))
	if r.Verdict != Clean || len(r.Findings) != 3 {
		t.Errorf("%s, %+v", r.Verdict, r.Findings)
	}
	if f := r.find(rules.Certificate, "", ""); len(f) != 1 || !f[0].Sample || f[0].Severity != Low || f[0].Advice != nothingToDo {
		t.Errorf("%+v", f)
	}
	if f := r.find(rules.Authority, "", ""); len(f) != 1 {
		t.Errorf("%+v", r.Findings)
	}
}

// TestBesidePublished: in a member that holds both, the key that counts is told.
func TestBesidePublished(t *testing.T) {
	known, _ := publishedKey(t)
	both := append(armored("PRIVATE KEY", pkcs8(t, known)), ecPEM(ecKey())...)
	r := scanned(t, inMemory(zipOf(t, 8, zipFile{"both", both})))
	f := r.find(rules.PrivateKey, "", "both")
	if len(f) != 1 || f[0].Sample || f[0].Severity != Critical || !strings.HasPrefix(f[0].Hint, "EC P-256 private key, 227 bytes, and 1 more") {
		t.Errorf("%+v", r.Findings)
	}
	if alone := scanned(t, inMemory(zipOf(t, 8, zipFile{"one", armored("PRIVATE KEY", pkcs8(t, known))}))); alone.Verdict != Clean || len(alone.Findings) != 1 {
		t.Errorf("%+v", alone.Findings)
	}
}
