package scan

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

// Secrets are made anew for each run of the tests; planted remembers all of
// them, so that every report can be searched for them.
var planted struct {
	sync.Mutex
	pieces []string
}

const pieceBytes = 16

// secret remembers every piece of a key's body, or all of a short secret.
func secret(text string) {
	planted.Lock()
	defer planted.Unlock()
	if len(text) < 2*pieceBytes {
		planted.pieces = append(planted.pieces, text)
		return
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "-----") {
			continue
		}
		for ; len(line) >= pieceBytes; line = line[pieceBytes:] {
			planted.pieces = append(planted.pieces, line[:pieceBytes])
		}
	}
}

// noLeak fails when text holds any planted secret, or a piece of one. It does
// not repeat the secret.
func noLeak(t testing.TB, text string) {
	t.Helper()
	planted.Lock()
	defer planted.Unlock()
	for i, piece := range planted.pieces {
		if strings.Contains(text, piece) {
			t.Errorf("the output holds planted secret number %d", i)
		}
	}
}

// Making RSA keys is slow; a few serve all tests.
var rsaKeys = sync.OnceValue(func() (keys [3]*rsa.PrivateKey) {
	for i := range keys {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys[i] = k
	}
	return keys
})

func rsaPEM(n int) []byte {
	return armored("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKeys()[n]))
}

func pkcs8PEM(k crypto.PrivateKey) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		panic(err)
	}
	return armored("PRIVATE KEY", der)
}

func ecKey() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

func ecPEM(k *ecdsa.PrivateKey) []byte {
	der, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		panic(err)
	}
	return armored("EC PRIVATE KEY", der)
}

// armored is a PEM block, whose body is remembered when it is a key's.
func armored(label string, der []byte) []byte {
	b := pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
	if strings.HasSuffix(label, "PRIVATE KEY") {
		secret(string(b))
	}
	return b
}

// certPEM is a certificate with the given subject.
func certPEM(name string, authority bool, k crypto.Signer) []byte {
	subject := pkix.Name{CommonName: name}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: subject,
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC),
		IsCA: authority, BasicConstraintsValid: authority,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// networkJSON is a configuration with passwords made on the spot.
func networkJSON() []byte {
	word := func() string {
		w := rand.Text()
		secret(w)
		return w
	}
	return fmt.Appendf(nil, `{
  "Ethernet0": {"ConnectionType": "STATIC_IP", "StaticIpConnectionInfo": {"IpAddress": "192.0.2.7", "Mask": "255.255.255.0", "DefaultGateway": "192.0.2.1", "Dns": ["192.0.2.1"]}},
  "Ntp": {"NtpServers": ["192.0.2.9"]},
  "Wifi": {"Primary": {"Ssid": "plant", "PassCode": %q, "SecurityType": "WPA2PSK"}},
  "Ssh": {"Enable": true, "User": {"Username": "operator", "Password": %q}}
}
`, word(), word())
}

// logLines is a controller's log with an ID in it.
func logLines(n int, id string) []byte {
	var b []byte
	run := rand.Text() // so that no two logs are alike
	for i := range n {
		b = fmt.Appendf(b, "2023-02-14 11:%02d:%02d.%03d INFO loadApplicationGraph(%d) reading the graph of %s\n", i/60%60, i%60, i%1000, 100+i, run)
	}
	return fmt.Appendf(b, "2023-02-14 12:00:00.000 WARN fetchCredentials(88) no credentials for %s yet\n", id)
}

// deviceID is a new ID in the service's form.
func deviceID() string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	id := []byte("device-")
	for range 26 - 1 {
		id = append(id, alphabet[mathrand.IntN(len(alphabet))])
	}
	return string(append(id, "aeimquy4"[mathrand.IntN(8)]))
}

// randomBytes are the same for the same seed.
func randomBytes(seed byte, n int) []byte {
	b := make([]byte, n)
	mathrand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}
