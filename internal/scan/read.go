package scan

import "github.com/panoscrub/panoscrub/internal/block"

// maxRetries bounds how often one chunk is tried in parts: a stick that fails
// takes seconds for each attempt.
const maxRetries = 128

// readAround fills buf from off. Where that fails it tries halves, down to
// single sectors while the retries last, leaves zeros for what cannot be read,
// and returns where that is.
func readAround(r block.Reader, buf []byte, off int64) (lost block.Extents) {
	retries := maxRetries
	step := int64(max(r.SectorSize(), r.Alignment()))
	var read func(p []byte, at int64)
	read = func(p []byte, at int64) {
		if _, err := r.ReadAt(p, at); err == nil {
			return
		}
		half := (int64(len(p))/2 + step - 1) / step * step
		if retries -= 2; retries < 0 || half >= int64(len(p)) {
			clear(p)
			lost.Add(block.Extent{Offset: at, Length: int64(len(p))})
			return
		}
		read(p[:half], at)
		read(p[half:], at+half)
	}
	read(buf, off)
	return lost
}
