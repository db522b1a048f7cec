package scan

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

type place struct{ id, at int }

func placesOf(l *literals, buf []byte, limit int) (got []place) {
	l.each(buf, limit, func(id, at int) { got = append(got, place{id, at}) })
	slices.SortFunc(got, func(a, b place) int {
		if a.at != b.at {
			return a.at - b.at
		}
		return a.id - b.id
	})
	return got
}

// TestLiteralsAgainstIndex compares the combined search with one bytes.Index a
// literal, on buffers of few different bytes so that there are many near misses.
func TestLiteralsAgainstIndex(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 2000 {
		alphabet := []byte("ab\x00")[:2+rng.IntN(2)]
		word := func(n int) []byte {
			b := make([]byte, n)
			for i := range b {
				b[i] = alphabet[rng.IntN(len(alphabet))]
			}
			return b
		}
		var texts []string
		for range 1 + rng.IntN(6) {
			texts = append(texts, string(word(1+rng.IntN(12))))
		}
		buf := word(rng.IntN(300))
		limit := rng.IntN(len(buf) + 1)
		var want []place
		for at := range limit {
			for id, text := range texts {
				if bytes.HasPrefix(buf[at:], []byte(text)) {
					want = append(want, place{id, at})
				}
			}
		}
		if got := placesOf(newLiterals(texts), buf, limit); !slices.Equal(got, want) {
			t.Fatalf("round %d: %q in %q before %d: got %v, want %v", round, texts, buf, limit, got, want)
		}
	}
}
