package erase

import (
	"bytes"
	"crypto/subtle"
	"fmt"

	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/policy"
)

// pieceBytes are made in one go: few enough to stay in the processor's cache from
// one step to the next.
const pieceBytes = 32 << 10

var ones = bytes.Repeat([]byte{0xff}, pieceBytes)

// generator makes the bytes of one pass, as package policy describes its pattern.
type generator interface {
	// fill fills buf with what belongs at off, which is where a sector starts. It
	// allocates nothing as long as each call continues where the last one ended.
	fill(buf []byte, off int64)
}

// newGenerator makes the generator of a pass, counted from 1.
func newGenerator(p plan.Plan, number int) (generator, error) {
	pattern := p.Passes[number-1]
	if repeated, ok := pattern.Repeated(); ok {
		return newFixed(repeated), nil
	}
	switch {
	case pattern == policy.Keyed:
		return newKeyed(p, number)
	case pattern == policy.Complement && number > 1 && p.Passes[number-2] == policy.Keyed:
		before, err := newKeyed(p, number-1)
		return complement{before}, err
	}
	return nil, fmt.Errorf("%w: unknown pattern %q", ErrPlan, pattern)
}

// fixed repeats some bytes.
type fixed struct {
	period int64
	run    []byte // of a piece, from any phase on
}

func newFixed(repeated []byte) fixed {
	return fixed{int64(len(repeated)), bytes.Repeat(repeated, pieceBytes/len(repeated)+2)}
}

func (f fixed) fill(buf []byte, off int64) {
	for len(buf) > 0 {
		n := copy(buf, f.run[off%f.period:][:pieceBytes])
		buf, off = buf[n:], off+int64(n)
	}
}

// complement makes what another generator makes, each bit the other way round.
type complement struct{ *keyed }

func (c complement) fill(buf []byte, off int64) {
	for len(buf) > 0 {
		piece := buf[:min(pieceBytes, len(buf))]
		c.keyed.fill(piece, off)
		subtle.XORBytes(piece, piece, ones)
		buf, off = buf[len(piece):], off+int64(len(piece))
	}
}
