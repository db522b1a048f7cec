package erase

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/policy"
)

const sectorBytes = 512 // of the pattern, whatever the drive's own sectors are

var zeros [pieceBytes]byte // what the key stream is laid over

// keyed is the tagged key stream.
type keyed struct {
	body, tags cipher.Block
	number     uint64 // of the pass
	stream     cipher.Stream
	next       int64 // the byte of the drive that stream continues with
}

func newKeyed(p plan.Plan, number int) (*keyed, error) {
	seed, err := hex.DecodeString(p.Seed)
	if err != nil || len(seed) != policy.SeedBytes {
		return nil, fmt.Errorf("%w: the seed is not %d bytes in hex", ErrPlan, policy.SeedBytes)
	}
	salt, err := hex.DecodeString(p.Target.IdentityDigest)
	if err != nil || len(salt) != sha256.Size {
		return nil, fmt.Errorf("%w: the drive's digest is not %d bytes in hex", ErrPlan, sha256.Size)
	}
	streamKey, streamErr := hkdf.Key(sha256.New, seed, salt, fmt.Sprintf("panoscrub/pattern/v1 stream pass %d", number), 32)
	tagKey, tagErr := hkdf.Key(sha256.New, seed, salt, "panoscrub/pattern/v1 tag", 32)
	if err := errors.Join(streamErr, tagErr); err != nil {
		return nil, fmt.Errorf("deriving the pattern's keys: %w", err)
	}
	body, streamErr := aes.NewCipher(streamKey)
	tags, tagErr := aes.NewCipher(tagKey)
	if err := errors.Join(streamErr, tagErr); err != nil {
		return nil, fmt.Errorf("using the pattern's keys: %w", err)
	}
	return &keyed{body: body, tags: tags, number: uint64(number)}, nil
}

func (g *keyed) fill(buf []byte, off int64) {
	if g.stream == nil || g.next != off {
		var counter [aes.BlockSize]byte
		binary.BigEndian.PutUint64(counter[8:], uint64(off/aes.BlockSize))
		g.stream = cipher.NewCTR(g.body, counter[:])
	}
	g.next = off + int64(len(buf))
	for len(buf) > 0 {
		piece := buf[:min(pieceBytes, len(buf))]
		g.stream.XORKeyStream(piece, zeros[:len(piece)])
		g.label(piece, off)
		buf, off = buf[len(piece):], off+int64(len(piece))
	}
}

// label writes the tag at the start of each sector.
func (g *keyed) label(piece []byte, off int64) {
	sector := uint64(off / sectorBytes)
	for ; len(piece) >= sectorBytes; piece = piece[sectorBytes:] {
		g.tag(piece, sector)
		sector++
	}
	if len(piece) > 0 {
		last := make([]byte, aes.BlockSize)
		g.tag(last, sector)
		copy(piece, last)
	}
}

func (g *keyed) tag(at []byte, sector uint64) {
	binary.BigEndian.PutUint64(at, sector)
	binary.BigEndian.PutUint64(at[8:], g.number)
	g.tags.Encrypt(at[:aes.BlockSize], at[:aes.BlockSize])
}
