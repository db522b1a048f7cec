package verify

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"

	"github.com/panoscrub/panoscrub/internal/block"
)

// A sample has two places in each of a thousand equal sections of the drive, and
// both of its ends, as NIST SP 800-88r1 section 4.7 described it, before r2 left
// sampling to policies. Small drives have fewer sections: parts below a size are
// not worth a request.
const (
	maxParts     = 2000
	minPartBytes = 1 << 20
)

// leftOut is everything on a drive that is not to be judged.
func leftOut(spec Spec, size int64) (block.Extents, error) {
	out, err := within(spec.Except, size)
	switch {
	case err != nil:
		return nil, err
	case spec.Percent < 1 || spec.Percent > 100:
		return nil, fmt.Errorf("%w: %d %% of a drive", ErrSpec, spec.Percent)
	case spec.Percent == 100:
		return out, nil
	}
	chosen, err := sample(spec, size)
	if err != nil {
		return nil, err
	}
	for _, gap := range without(block.Extent{Offset: 0, Length: size}, chosen) {
		out.Add(gap)
	}
	return out, nil
}

// sample chooses the places. The drive, which does not know the seed, cannot
// foresee them; who has the record can make them again.
func sample(spec Spec, size int64) (chosen block.Extents, err error) {
	key, err := hkdf.Key(sha256.New, spec.Seed, spec.DriveDigest, "panoscrub/sample/v1", keyBytes)
	if err != nil {
		return nil, fmt.Errorf("deriving the sample's key: %w", err)
	}
	random := rand.New(rand.NewChaCha8([keyBytes]byte(key)))
	parts := min(maxParts, max(1, size/minPartBytes))
	part, rest := size/parts, size%parts
	for i := range parts {
		start, length := i*part+min(i, rest), part
		if i < rest {
			length++
		}
		n := length/100*int64(spec.Percent) + (length%100*int64(spec.Percent)+99)/100
		chosen.Add(sectorsAround(start+random.Int64N(max(1, length-n+1)), n, size))
	}
	chosen.Add(sectorsAround(0, 1, size))
	chosen.Add(sectorsAround(size-1, 1, size))
	return chosen, nil
}

// sectorsAround is the whole sectors that some bytes lie in.
func sectorsAround(off, length, size int64) block.Extent {
	start := off / sectorBytes * sectorBytes
	end := min(size, (off+length+sectorBytes-1)/sectorBytes*sectorBytes)
	return block.Extent{Offset: start, Length: end - start}
}
