package verify

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Order is the order in which a drive was read.
type Order string

const (
	// Ascending is from the first byte to the last.
	Ascending Order = "ascending"
	// Shuffled is by stretches of the drive, ascending within each, in an order
	// that follows from the seed: the drive cannot have known it when it was
	// written, from its start to its end.
	Shuffled Order = "shuffled"
)

const (
	// stretchBytes is long against the time that a disk takes to get there; but a
	// small drive has stretches enough for an order.
	stretchBytes  = 64 << 20
	fewStretches  = 64
	manyStretches = 4096 // of a drive that may lie about its size
)

// stretches are where the stretches of a drive start, in the order in which they
// are read, and how long each is but for the last of the drive.
type stretches struct {
	starts []int64
	length int64
}

func newStretches(size int64, spec Spec) (stretches, error) {
	length := min(stretchBytes, size/fewStretches)
	length = max(length, size/manyStretches)
	length = max(chunkBytes, (length+chunkBytes-1)/chunkBytes*chunkBytes)
	s := stretches{length: length}
	for i := range (size-1)/length + 1 {
		s.starts = append(s.starts, i*length)
	}
	key, err := hkdf.Key(sha256.New, spec.Seed, spec.DriveDigest, "panoscrub/read-back/v1 order", keyBytes)
	if err != nil {
		return stretches{}, fmt.Errorf("deriving the order of the read-back: %w", err)
	}
	rand.New(rand.NewChaCha8([keyBytes]byte(key))).Shuffle(len(s.starts), func(i, j int) {
		s.starts[i], s.starts[j] = s.starts[j], s.starts[i]
	})
	if slices.IsSorted(s.starts) { // as few of them may come to be
		slices.Reverse(s.starts)
	}
	return s, nil
}

// order says what the order is.
func (s stretches) order() Order {
	if len(s.starts) > 1 {
		return Shuffled
	}
	return Ascending
}
