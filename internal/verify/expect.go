package verify

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	sectorBytes = 512 // of the pattern, whatever the drive's own sectors are
	tagBytes    = aes.BlockSize
	keyBytes    = 32

	// maxPasses bounds the keys that a record can make us derive. The longest
	// pattern that anybody ever published has 35 passes.
	maxPasses = 64
)

// ErrSpec says that a [Spec] cannot be used.
var ErrSpec = errors.New("not a usable description of the pattern")

// expectation knows what this run wrote, in each of its passes.
type expectation struct {
	tags   cipher.Block
	passes []pattern // of pass i+1
	pass   int
}

func newExpectation(spec Spec) (*expectation, error) {
	switch {
	case len(spec.Seed) != keyBytes:
		return nil, fmt.Errorf("%w: a seed of %d bytes, not %d", ErrSpec, len(spec.Seed), keyBytes)
	case len(spec.DriveDigest) != sha256.Size:
		return nil, fmt.Errorf("%w: a drive digest of %d bytes, not %d", ErrSpec, len(spec.DriveDigest), sha256.Size)
	case len(spec.Passes) > maxPasses || spec.Pass < 1 || spec.Pass > len(spec.Passes):
		return nil, fmt.Errorf("%w: pass %d of %d", ErrSpec, spec.Pass, len(spec.Passes))
	}
	tags, err := keyFor(spec, "panoscrub/pattern/v1 tag")
	if err != nil {
		return nil, err
	}
	x := &expectation{tags: tags, pass: spec.Pass}
	for i := range spec.Passes {
		p, err := newPattern(spec, i+1, tags)
		if err != nil {
			return nil, err
		}
		x.passes = append(x.passes, p)
	}
	return x, nil
}

func keyFor(spec Spec, info string) (cipher.Block, error) {
	key, err := hkdf.Key(sha256.New, spec.Seed, spec.DriveDigest, info, keyBytes)
	if err != nil {
		return nil, fmt.Errorf("deriving the pattern's keys: %w", err)
	}
	return aes.NewCipher(key)
}

// standing is the pattern that should be on the drive.
func (x *expectation) standing() pattern { return x.passes[x.pass-1] }

// origin reads a tag: which sector of which pass it was made for. It is false
// when no pass of this run made it.
func (x *expectation) origin(tag []byte) (sector int64, pass int, ok bool) {
	if sector, pass, ok = x.labelled(tag); ok && isKeyed(x.passes[pass-1], false) {
		return sector, pass, true
	}
	var inverted [tagBytes]byte
	invert(inverted[:], tag)
	// What a pass writes the other way round carries the tags of the one before.
	if sector, pass, ok = x.labelled(inverted[:]); ok && pass < len(x.passes) && isKeyed(x.passes[pass], true) {
		return sector, pass + 1, true
	}
	return 0, 0, false
}

// labelled reads what a tag says, false when it is none.
func (x *expectation) labelled(tag []byte) (sector int64, pass int, ok bool) {
	var plain [tagBytes]byte
	x.tags.Decrypt(plain[:], tag)
	s, p := binary.BigEndian.Uint64(plain[:]), binary.BigEndian.Uint64(plain[8:])
	if s > 1<<62/sectorBytes || p < 1 || p > uint64(len(x.passes)) {
		return 0, 0, false
	}
	return int64(s), int(p), true
}
