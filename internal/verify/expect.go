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
	made   [tagBytes]byte // by the last call of tag
	bodies []cipher.Block // of pass i+1
	pass   int
}

func newExpectation(spec Spec) (*expectation, error) {
	switch {
	case len(spec.Seed) != keyBytes:
		return nil, fmt.Errorf("%w: a seed of %d bytes, not %d", ErrSpec, len(spec.Seed), keyBytes)
	case len(spec.DriveDigest) != sha256.Size:
		return nil, fmt.Errorf("%w: a drive digest of %d bytes, not %d", ErrSpec, len(spec.DriveDigest), sha256.Size)
	case spec.Passes < 1 || spec.Passes > maxPasses || spec.Pass < 1 || spec.Pass > spec.Passes:
		return nil, fmt.Errorf("%w: pass %d of %d", ErrSpec, spec.Pass, spec.Passes)
	}
	tags, err := keyFor(spec, "panoscrub/pattern/v1 tag")
	if err != nil {
		return nil, err
	}
	x := &expectation{tags: tags, pass: spec.Pass}
	for pass := range spec.Passes {
		body, err := keyFor(spec, fmt.Sprintf("panoscrub/pattern/v1 stream pass %d", pass+1))
		if err != nil {
			return nil, err
		}
		x.bodies = append(x.bodies, body)
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

// unmask takes a pass's key stream off bytes that were read: what is as it
// should be comes out as zeros, but for the tags.
type unmask struct{ cipher.Stream }

// from starts at a byte of the drive, not necessarily one where a cipher block
// starts.
func (x *expectation) from(off int64, pass int) unmask {
	var counter [aes.BlockSize]byte
	binary.BigEndian.PutUint64(counter[8:], uint64(off)/aes.BlockSize)
	u := unmask{cipher.NewCTR(x.bodies[pass-1], counter[:])}
	if ahead := off % aes.BlockSize; ahead > 0 {
		u.XORKeyStream(counter[:ahead], counter[:ahead])
	}
	return u
}

// tag is what a sector starts with. It is good until the next call.
func (x *expectation) tag(sector int64) []byte {
	binary.BigEndian.PutUint64(x.made[:], uint64(sector))
	binary.BigEndian.PutUint64(x.made[8:], uint64(x.pass))
	x.tags.Encrypt(x.made[:], x.made[:])
	return x.made[:]
}

// origin reads a tag: which sector of which pass it was made for. It is false
// when no pass of this run made it.
func (x *expectation) origin(tag []byte) (sector int64, pass int, ok bool) {
	var plain [tagBytes]byte
	x.tags.Decrypt(plain[:], tag)
	s, p := binary.BigEndian.Uint64(plain[:]), binary.BigEndian.Uint64(plain[8:])
	if s > 1<<62/sectorBytes || p < 1 || p > uint64(len(x.bodies)) {
		return 0, 0, false
	}
	return int64(s), int(p), true
}
