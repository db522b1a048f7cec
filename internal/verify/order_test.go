package verify

import (
	"math"
	"slices"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
)

// TestStretchesCoverTheDriveOnce, whatever its size, in few stretches of whole
// requests that are long wherever the drive is.
func TestStretchesCoverTheDriveOnce(t *testing.T) {
	for _, size := range []int64{
		1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes, 63*chunkBytes + 512, 4 << 30, 61_505_273_856,
		2_000_398_934_016, 1 << 60, math.MaxInt64,
	} {
		s, err := newStretches(size, spec(1, 1))
		if err != nil {
			t.Fatal(err)
		}
		if s.length%chunkBytes != 0 || s.length < min(stretchBytes, size/fewStretches) || len(s.starts) > manyStretches {
			t.Errorf("%d bytes: %d stretches of %d", size, len(s.starts), s.length)
		}
		ascending := slices.Sorted(slices.Values(s.starts))
		for i, start := range ascending {
			if start != int64(i)*s.length || start >= size {
				t.Errorf("%d bytes: stretch %d starts at %d", size, i, start)
			}
		}
		if n := int64(len(s.starts)); size-n*s.length > 0 && size < math.MaxInt64 {
			t.Errorf("%d bytes: %d are in no stretch", size, size-n*s.length)
		}
		if slices.Equal(ascending, s.starts) != (size <= chunkBytes) || (s.order() == Ascending) != (size <= chunkBytes) {
			t.Errorf("%d bytes: the order %q is %v", size, s.order(), s.starts[:min(9, len(s.starts))])
		}
	}
}

// TestOrderFollowsFromTheSeed: the same for the same run, another for another.
func TestOrderFollowsFromTheSeed(t *testing.T) {
	const size = 100 * chunkBytes
	starts := func(s Spec) []int64 {
		made, err := newStretches(size, s)
		if err != nil {
			t.Fatal(err)
		}
		return made.starts
	}
	one, other := spec(1, 1), spec(1, 1)
	other.Seed = slices.Clone(other.Seed)
	other.Seed[0]++
	if !slices.Equal(starts(one), starts(one)) || slices.Equal(starts(one), starts(other)) {
		t.Error("the order does not follow from the seed")
	}
	other = one
	other.DriveDigest = slices.Clone(one.DriveDigest)
	other.DriveDigest[0]++
	if slices.Equal(starts(one), starts(other)) {
		t.Error("two drives are read in the same order")
	}
}

// TestReadsFollowTheOrder: every chunk is read once, as large as ever, and in the
// order that the report names.
func TestReadsFollowTheOrder(t *testing.T) {
	const size = 9*chunkBytes + 512
	s := spec(1, 1)
	var seen []int64
	drive := &faulty{Memory: memory(bytesOf(t, s, 1, 0, size), 512)}
	drive.before = func(off int64) error { seen = append(seen, off); return nil }
	r, err := Run(t.Context(), drive, s, nil)
	want, wantErr := newStretches(size, s)
	if err != nil || wantErr != nil || !r.OK() || r.Order != Shuffled || !slices.Equal(seen, want.starts) {
		t.Errorf("read at %v in the order %q, want %v; %v, %v", seen, r.Order, want.starts, err, wantErr)
	}
}

// TestFirstExtentsAreListed of too many, with the source of the very first, in
// whatever order they were met.
func TestFirstExtentsAreListed(t *testing.T) {
	const sectors = 3 * MaxExtents
	var report Report
	x, err := newExpectation(spec(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	j := newJudge(x, 2*sectors*512, &report)
	for _, half := range [][2]int64{{sectors / 2, sectors}, {0, sectors / 2}} {
		for i := half[0]; i < half[1]; i++ {
			j.note(Wrapped, i, block.Extent{Offset: 2 * i * 512, Length: 512})
		}
	}
	m := j.mismatches()[0]
	if m.Bytes != sectors*512 || len(m.Extents) != MaxExtents || !m.Truncated || m.Source != 0 {
		t.Errorf("%d bytes in %d extents (more: %v) from %d", m.Bytes, len(m.Extents), m.Truncated, m.Source)
	}
	for i, e := range m.Extents {
		if e.Offset != 2*int64(i)*512 {
			t.Fatalf("extent %d is at %d", i, e.Offset)
		}
	}
}
