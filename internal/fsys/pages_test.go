package fsys

import (
	"bytes"
	"slices"
	"testing"
)

// TestPages reads a structure of two and a half pages through a cache of one.
func TestPages(t *testing.T) {
	const pageBytes = 3 * Unit
	structure := bytes.Repeat([]byte("what is at a place tells it"), 200)[:5*pageBytes/2]
	var loads [][2]int64 // offset and length
	p := NewPages(int64(len(structure)), pageBytes, 1, func(page []byte, at int64) (lost []int, ok bool) {
		if loads = append(loads, [2]int64{at, int64(len(page))}); len(loads) == 5 {
			return nil, false
		}
		if copy(page, structure[at:]); at == 0 {
			lost = []int{Unit}
		}
		return lost, true
	})
	for _, c := range []struct {
		at, n int64
		ok    bool
	}{
		{0, 4, true},
		{Unit - 4, 4, true},
		{Unit - 1, 2, false}, // reaches into what was lost
		{2*Unit - 1, 1, false},
		{2 * Unit, 1, true},
		{pageBytes, 1, true}, // takes the place of the first page
		{0, 4, true},
		{5*pageBytes/2 - 4, 4, true},
		{5*pageBytes/2 - 3, 4, false}, // reaches beyond the end
		{9 * pageBytes, 1, false},
		{pageBytes, 1, false},        // is refused, …
		{5*pageBytes/2 - 4, 4, true}, // … which leaves the page that was there
	} {
		b, ok := p.At(c.at, c.n)
		if int64(len(b)) != c.n || ok != c.ok || ok && !bytes.Equal(b, structure[c.at:c.at+c.n]) {
			t.Errorf("%d bytes at %d: %q, %t", c.n, c.at, b, ok)
		}
	}
	want := [][2]int64{{0, pageBytes}, {pageBytes, pageBytes}, {0, pageBytes}, {2 * pageBytes, pageBytes / 2}, {pageBytes, pageBytes}}
	if !slices.Equal(loads, want) {
		t.Errorf("what was read is %d, want %d", loads, want)
	}
}
