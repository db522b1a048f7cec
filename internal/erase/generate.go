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
)

const (
	sectorBytes = 512 // of the pattern, whatever the drive's own sectors are
	// pieceBytes are enciphered and tagged in one go: few enough to stay in the
	// processor's cache from the one to the other.
	pieceBytes = 32 << 10
)

// zeros is what the key stream is laid over.
var zeros [pieceBytes]byte

// generator makes the bytes of one pass as plan.PatternKeyed describes them.
type generator struct {
	body, tags cipher.Block
	number     uint64 // of the pass
	stream     cipher.Stream
	next       int64 // the byte of the drive that stream continues with
}

func newGenerator(p plan.Plan, number int) (*generator, error) {
	seed, err := hex.DecodeString(p.Seed)
	if err != nil || len(seed) != plan.SeedBytes {
		return nil, fmt.Errorf("%w: the seed is not %d bytes in hex", ErrPlan, plan.SeedBytes)
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
	return &generator{body: body, tags: tags, number: uint64(number)}, nil
}

// fill fills buf with what belongs at off, which is where a sector starts. It
// allocates nothing as long as each call continues where the last one ended.
func (g *generator) fill(buf []byte, off int64) {
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
func (g *generator) label(piece []byte, off int64) {
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

func (g *generator) tag(at []byte, sector uint64) {
	binary.BigEndian.PutUint64(at, sector)
	binary.BigEndian.PutUint64(at[8:], g.number)
	g.tags.Encrypt(at[:aes.BlockSize], at[:aes.BlockSize])
}
