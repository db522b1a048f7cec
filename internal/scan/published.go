package scan

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"math/big"

	"github.com/panoscrub/panoscrub/internal/rules"
)

// publishes names who publishes the key in the armor; "" for nobody who is known.
// What a block says of its public half proves nothing: only a key whose public
// half follows from its private numbers, in a block that holds nothing but that
// key, is one that everybody has.
func (s *ruleset) publishes(k key, a armor) string {
	source := s.Published.Source(k.pair)
	if source == "" || !holdsOnly(a.der, k.private) {
		return ""
	}
	return source
}

// holdsOnly reports whether DER is, byte for byte, what is written of a parsed key:
// another key may not hide in a field that nobody reads.
func holdsOnly(der []byte, private any) bool {
	var short []byte // the form of the key's own kind; all kinds have PKCS#8
	var err error
	switch k := private.(type) {
	case *rsa.PrivateKey:
		if !followsFrom(k) {
			return false
		}
		short = x509.MarshalPKCS1PrivateKey(k)
	case *ecdsa.PrivateKey:
		short, err = x509.MarshalECPrivateKey(k)
	}
	if err == nil && bytes.Equal(der, short) {
		return true
	}
	long, err := x509.MarshalPKCS8PrivateKey(private)
	return err == nil && bytes.Equal(der, long)
}

// followsFrom reports whether the modulus is the product of the key's two primes.
// Parsing takes the modulus of a key with more primes as it is claimed, and all
// other kinds of keys have their public half computed.
func followsFrom(k *rsa.PrivateKey) bool {
	return len(k.Primes) == 2 && new(big.Int).Mul(k.Primes[0], k.Primes[1]).Cmp(k.N) == 0
}

// markPublished makes a sample of the certificate of a published key.
func markPublished(s *sighting, p *rules.Published) {
	if source := p.Source(s.pair); source != "" {
		s.sample = true
		s.hint += ", of a published test key of " + source
	}
}
