package session_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/panoscrub/panoscrub/internal/attest"
)

// written is what a pass of a record, counted from 1, puts on a drive of that size,
// after the description in package policy and with none of the program's code.
func written(p attest.Predicate, pass int, size int64) ([]byte, error) {
	name := p.PolicyDocument.Passes[pass-1]
	if digits, fixed := strings.CutPrefix(name, "fixed-"); fixed {
		repeated, err := hex.DecodeString(digits)
		if err != nil {
			return nil, err
		}
		return bytes.Repeat(repeated, int(size)/len(repeated)+1)[:size], nil
	}
	inverted := name == attest.PatternComplement
	if inverted {
		pass--
	}
	stream, err := patternKey(p, fmt.Sprintf("panoscrub/pattern/v1 stream pass %d", pass))
	if err != nil {
		return nil, err
	}
	tags, err := patternKey(p, "panoscrub/pattern/v1 tag")
	if err != nil {
		return nil, err
	}
	out := make([]byte, (size+511)/512*512)
	cipher.NewCTR(stream, make([]byte, aes.BlockSize)).XORKeyStream(out, out)
	for at := 0; at < len(out); at += 512 {
		binary.BigEndian.PutUint64(out[at:], uint64(at/512))
		binary.BigEndian.PutUint64(out[at+8:], uint64(pass))
		tags.Encrypt(out[at:], out[at:])
	}
	for i := range out {
		if inverted {
			out[i] = ^out[i]
		}
	}
	return out[:size], nil
}

func patternKey(p attest.Predicate, info string) (cipher.Block, error) {
	seed, err := hex.DecodeString(p.Pattern.Seed)
	if err != nil {
		return nil, err
	}
	salt, err := hex.DecodeString(p.Pattern.DriveDigest)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, seed, salt, info, 32)
	if err != nil {
		return nil, err
	}
	return aes.NewCipher(key)
}
