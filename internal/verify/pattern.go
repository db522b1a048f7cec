package verify

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// pattern is what one pass wrote.
type pattern interface {
	// strip takes the pattern off bytes that were read at off, at most stride of
	// them: what is as it should be comes out as zeros.
	strip(plain, got []byte, off int64)
}

// Names of patterns, as package policy describes them.
const (
	nameKeyed      = "aes-256-ctr-tagged"
	nameComplement = "aes-256-ctr-tagged-complement"
	prefixFixed    = "fixed-"

	maxFixedBytes = 16
)

// newPattern makes the pattern of a pass, counted from 1.
func newPattern(spec Spec, pass int, tags cipher.Block) (pattern, error) {
	name := spec.Passes[pass-1]
	switch {
	case name == nameKeyed:
		return newKeyed(spec, pass, tags)
	case name == nameComplement && pass > 1 && spec.Passes[pass-2] == nameKeyed:
		k, err := newKeyed(spec, pass-1, tags)
		if err != nil {
			return nil, err
		}
		k.inverted = true
		return k, nil
	case strings.HasPrefix(name, prefixFixed):
		if repeated, err := hex.DecodeString(name[len(prefixFixed):]); err == nil && len(repeated) > 0 && len(repeated) <= maxFixedBytes {
			return newFixed(repeated), nil
		}
	}
	return nil, fmt.Errorf("%w: pass %d wrote %.60q", ErrSpec, pass, name)
}

// keyed is the tagged key stream of a pass, or its complement.
type keyed struct {
	body, tags cipher.Block
	number     uint64 // of the pass that it was made for
	inverted   bool   // the complement, which the next pass wrote

	stream cipher.Stream
	next   int64 // the byte of the drive that stream continues with
	made   [tagBytes]byte
}

func newKeyed(spec Spec, pass int, tags cipher.Block) (*keyed, error) {
	body, err := keyFor(spec, fmt.Sprintf("panoscrub/pattern/v1 stream pass %d", pass))
	if err != nil {
		return nil, err
	}
	return &keyed{body: body, tags: tags, number: uint64(pass)}, nil
}

func isKeyed(p pattern, inverted bool) bool {
	k, ok := p.(*keyed)
	return ok && k.inverted == inverted
}

func (k *keyed) strip(plain, got []byte, off int64) {
	k.seek(off)
	k.stream.XORKeyStream(plain, got)
	k.next = off + int64(len(got))
	for sector := off / sectorBytes; sector*sectorBytes < k.next; sector++ {
		start := sector*sectorBytes - off // of the tag, before plain where off is behind it
		tag, from := k.tag(sector), max(0, start)
		if skip := from - start; skip < tagBytes {
			subtle.XORBytes(plain[from:], got[from:], tag[skip:min(tagBytes, skip+int64(len(got))-from)])
		}
	}
	if k.inverted {
		invert(plain, plain)
	}
}

// seek makes the stream start at a byte of the drive, not necessarily one where a
// cipher block starts.
func (k *keyed) seek(off int64) {
	if k.stream != nil && k.next == off {
		return
	}
	var counter [aes.BlockSize]byte
	binary.BigEndian.PutUint64(counter[8:], uint64(off)/aes.BlockSize)
	k.stream = cipher.NewCTR(k.body, counter[:])
	ahead := off % aes.BlockSize
	k.stream.XORKeyStream(counter[:ahead], counter[:ahead])
}

// tag is what a sector starts with. It is good until the next call.
func (k *keyed) tag(sector int64) []byte {
	binary.BigEndian.PutUint64(k.made[:], uint64(sector))
	binary.BigEndian.PutUint64(k.made[8:], k.number)
	k.tags.Encrypt(k.made[:], k.made[:])
	return k.made[:]
}

// fixed is some bytes that are repeated from the drive's first byte on.
type fixed struct {
	period int64
	run    []byte // of a stride, from any phase on
}

func newFixed(repeated []byte) fixed {
	return fixed{int64(len(repeated)), bytes.Repeat(repeated, stride/len(repeated)+2)}
}

func (f fixed) strip(plain, got []byte, off int64) {
	subtle.XORBytes(plain, got, f.run[off%f.period:][:len(got)])
}

var ones = bytes.Repeat([]byte{0xff}, stride)

func invert(to, from []byte) { subtle.XORBytes(to, from, ones[:len(from)]) }
