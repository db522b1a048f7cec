package fsys

import "slices"

// Pages reads a long structure through a small cache. The table of a large drive
// takes many megabytes, of which a few pages are kept.
type Pages struct {
	size, pageBytes int64
	load            func(page []byte, at int64) (lost []int, ok bool)
	kept            []page // each in the place that its number leads to
}

type page struct {
	number int64 // from 1; 0 for none
	data   []byte
	lost   []int
}

// NewPages returns a cache of so many pages for a structure of size bytes. To
// fill a page, load reads it from offset at of the structure, as [Source.Read]
// does; or it refuses to, leaves the page alone, and is false.
func NewPages(size, pageBytes int64, pages int, load func(page []byte, at int64) (lost []int, ok bool)) *Pages {
	return &Pages{size: size, pageBytes: pageBytes, load: load, kept: make([]page, pages)}
}

// At returns the n bytes from offset at of the structure, which do not cross a
// page. They are valid up to the next call. It is false, and zeros stand for what
// is missing, where the structure does not reach there, or cannot be read.
func (p *Pages) At(at, n int64) ([]byte, bool) {
	number, in := at/p.pageBytes, at%p.pageBytes
	k := &p.kept[number%int64(len(p.kept))]
	if at+n > p.size || k.number != number+1 && !p.fill(k, number) {
		return make([]byte, n), false
	}
	return k.data[in : in+n], !Lost(k.lost, int(in), int(in+n))
}

// fill reads a page into k, with the memory of the one that was there.
func (p *Pages) fill(k *page, number int64) bool {
	if k.data == nil {
		k.data = make([]byte, 0, min(p.pageBytes, p.size))
	}
	start := number * p.pageBytes
	data := k.data[:min(p.pageBytes, p.size-start)]
	lost, ok := p.load(data, start)
	if ok {
		*k = page{number + 1, data, lost}
	}
	return ok
}

// Lost reports whether some of the pieces of [Unit] that [Source.Read] could not
// read lie in [from, to).
func Lost(pieces []int, from, to int) bool {
	return slices.ContainsFunc(pieces, func(at int) bool { return at < to && at+Unit > from })
}
