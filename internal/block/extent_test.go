package block

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestExtentsAgainstBitmap adds random extents and compares the set with the
// plainest model there is: one bool per byte.
func TestExtentsAgainstBitmap(t *testing.T) {
	const size = 200
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 500 {
		var set Extents
		var model [size]bool
		for range 1 + rng.IntN(20) {
			off := rng.Int64N(size)
			e := Extent{Offset: off, Length: rng.Int64N(min(30, size-off) + 1)}
			set.Add(e)
			for i := e.Offset; i < e.End(); i++ {
				model[i] = true
			}
		}
		var want Extents
		for i := range int64(size) {
			if set.Contains(i) != model[i] {
				t.Fatalf("round %d: Contains(%d) = %v, want %v in %v", round, i, !model[i], model[i], set)
			}
			switch {
			case !model[i]:
			case i > 0 && model[i-1]:
				want[len(want)-1].Length++
			default:
				want = append(want, Extent{Offset: i, Length: 1})
			}
		}
		if !slices.Equal(set, want) {
			t.Fatalf("round %d: got %v, want %v", round, set, want)
		}
		e := Extent{Offset: rng.Int64N(size), Length: rng.Int64N(size)}
		var parts Extents
		for i := range int64(size) {
			if i >= e.Offset && i < e.End() && model[i] {
				parts.Add(Extent{Offset: i, Length: 1})
			}
		}
		if got := set.Clip(e); !slices.Equal(got, parts) {
			t.Fatalf("round %d: %v clipped to %v is %v, want %v", round, set, e, got, parts)
		}
		if set.Bytes() != want.Bytes() {
			t.Fatalf("round %d: %d bytes, want %d", round, set.Bytes(), want.Bytes())
		}
	}
}
