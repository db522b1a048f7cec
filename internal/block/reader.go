package block

import (
	"fmt"
	"io"
	"slices"
	"sync"
)

const (
	pieceBytes = 64 << 10 // of one read ahead: what a stick reads in a few milliseconds
	pieceCount = 4        // remembered: a FAT, a directory and a file may be read in turns
)

// AnyReader returns a reader of any offset and length over r, with the ways of
// [io.ReaderAt]: a read that reaches beyond the end gives what there is, and
// [io.EOF]. It remembers the last few pieces that it read, so that small reads in
// a row cost one request; what is written to the device later may stay unseen,
// and whoever writes makes a new reader.
//
// A piece that cannot be read as a whole does not hide the good blocks in it:
// only a request that needs a bad block fails. It is safe for concurrent use.
func AnyReader(r Reader) io.ReaderAt { return &anyReader{r: r} }

type anyReader struct {
	r      Reader
	mu     sync.Mutex
	pieces []*piece // the one used last stands first
}

// piece is an aligned run of bytes as it was read, or the memory that reading it
// failed: a drive may take seconds over each request that fails.
type piece struct {
	off  int64
	data []byte
	bad  bool
}

func (a *anyReader) ReadAt(p []byte, off int64) (n int, err error) {
	size := a.r.Size()
	switch {
	case off < 0:
		return 0, fmt.Errorf("%w: %d bytes at %d", ErrOutOfRange, len(p), off)
	case off >= size:
		return 0, io.EOF
	case int64(len(p)) > size-off:
		p, err = p[:size-off], io.EOF
	}
	for n < len(p) {
		m, failed := a.readSome(p[n:], off+int64(n))
		if n += m; failed != nil {
			return n, failed
		}
	}
	return n, err
}

// readSome reads at least one byte of p, all of which lies inside the device.
func (a *anyReader) readSome(p []byte, off int64) (int, error) {
	if whole := len(p) &^ (pieceBytes - 1); whole > 0 && Admit(a.r, p[:whole], off) == nil {
		return a.r.ReadAt(p[:whole], off)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	found := a.piece(off &^ (pieceBytes - 1))
	if found.bad {
		return a.readBlocks(p, off)
	}
	return copy(p, found.data[off-found.off:]), nil
}

// piece returns the piece at off, read now if it is not among those remembered,
// and makes it the first of them.
func (a *anyReader) piece(off int64) *piece {
	i := slices.IndexFunc(a.pieces, func(x *piece) bool { return x.off == off })
	switch {
	case i >= 0:
	case len(a.pieces) < pieceCount:
		a.pieces = append(a.pieces, a.read(&piece{data: Buffer(pieceBytes)}, off))
		i = len(a.pieces) - 1
	default:
		i = pieceCount - 1
		a.read(a.pieces[i], off)
	}
	found := a.pieces[i]
	copy(a.pieces[1:], a.pieces[:i])
	a.pieces[0] = found
	return found
}

// read fills x with what stands at off.
func (a *anyReader) read(x *piece, off int64) *piece {
	x.off = off
	x.data = x.data[:min(pieceBytes, a.r.Size()-off)]
	_, err := a.r.ReadAt(x.data, off)
	x.bad = err != nil
	return x
}

// readBlocks reads the part of p that lies in the piece at off, touching no block
// but those that it needs.
func (a *anyReader) readBlocks(p []byte, off int64) (int, error) {
	align := int64(a.r.Alignment())
	want := min(int64(len(p)), pieceBytes-off%pieceBytes)
	start := off &^ (align - 1)
	end := min((off+want+align-1)&^(align-1), a.r.Size())
	buf := Buffer(int(end - start))
	if _, err := a.r.ReadAt(buf, start); err != nil {
		return 0, err
	}
	return copy(p[:want], buf[off-start:]), nil
}
