package exfat

// use is what the allocation bitmap says of a cluster.
type use int

const (
	useUnknown use = iota // there is no such cluster, or the bitmap cannot be read
	useFree
	useTaken
)

// use looks cluster c up in the allocation bitmap.
func (w *walker) use(c uint32) use {
	if !w.f.valid(c) || w.bitmap == nil {
		return useUnknown
	}
	b, ok := w.bitmap.At(int64(c-2)/8, 1)
	switch {
	case !ok:
		return useUnknown
	case b[0]>>((c-2)%8)&1 != 0:
		return useTaken
	}
	return useFree
}

// maxBitmapPieces bounds the search for a page of the bitmap, which formatters
// write in one piece.
const maxBitmapPieces = 1024

// openBitmap follows the chain of the allocation bitmap that s stands for.
func (w *walker) openBitmap(s *slot) {
	need := (int64(w.f.clusters) + 7) / 8
	if size := s.length(); size < need {
		w.f.notes.Add("the allocation bitmap has %d bytes instead of %d", size, need)
		need = size
	}
	pieces, whole := w.chain(s.cluster(), need)
	if len(pieces) > maxBitmapPieces {
		pieces, whole = pieces[:maxBitmapPieces], false
	}
	if !whole {
		w.f.notes.Add("the allocation bitmap cannot be followed to its end")
	}
	w.bitmap = newPages(w.f, pieces...)
}
