package testtool

import (
	"errors"
	"io"
)

// ErrMedium is the error of a drive that [Failing] makes.
var ErrMedium = errors.New("medium error")

// Failing is a drive that reads as r does, but for the bytes in [from, to).
func Failing(r io.ReaderAt, from, to int64) io.ReaderAt { return failing{r, from, to} }

type failing struct {
	io.ReaderAt
	from, to int64
}

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off < f.to && off+int64(len(p)) > f.from {
		return 0, ErrMedium
	}
	return f.ReaderAt.ReadAt(p, off)
}
