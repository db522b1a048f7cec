package scan

import (
	"io"
	"sort"
)

// view is a stretch of bytes that confirmers read as one: the drive, a file
// through its extents, or the content of an archive's member. Positions count
// from the start of the view.
type view struct {
	file   int32       // number in the index of the file that owns the bytes, or noFile
	r      io.ReaderAt // nil when loaded is all there is
	size   int64
	loaded []byte // bytes that are in memory, from position at
	at     int64
	locate func(pos int64) int64 // where a position is on the drive; nil when they are the same
	wide   *pairs                // how a view of UTF-16 reads the one around it
	cut    bool                  // more followed, which is not in memory
}

// noFile stands for the number of a file where no file owns the bytes.
const noFile int32 = -1

// bytes returns up to n bytes from pos, fewer at the end of the view and where
// they cannot be read. The caller must not change them.
func (v *view) bytes(pos int64, n int) []byte {
	if pos < 0 || pos >= v.size {
		return nil
	}
	n = int(min(int64(n), v.size-pos))
	if lo := pos - v.at; lo >= 0 && lo+int64(n) <= int64(len(v.loaded)) {
		return v.loaded[lo : lo+int64(n)]
	}
	if v.r == nil {
		// What was unpacked is all there is.
		return v.loaded[min(max(0, pos-v.at), int64(len(v.loaded))):]
	}
	b := make([]byte, n)
	got, _ := v.r.ReadAt(b, pos)
	return b[:got]
}

// around returns the bytes of [pos-back, pos+ahead), as far as there are any,
// and the index of pos in them.
func (v *view) around(pos int64, back, ahead int) (window []byte, here int) {
	back = int(min(int64(back), pos))
	return v.bytes(pos-int64(back), back+ahead), back
}

// offset is where the byte at pos lies on the drive.
func (v *view) offset(pos int64) int64 {
	if v.locate == nil {
		return pos
	}
	return v.locate(pos)
}

// memberView is a view of what was unpacked: every byte of it is said to lie where
// that starts on the drive.
func memberView(content []byte, file int32, start int64) *view {
	return &view{file: file, size: int64(len(content)), loaded: content, locate: func(int64) int64 { return start }}
}

// stream reads a file through its spans.
type stream struct {
	r     io.ReaderAt
	spans []span // of one file, in its order
}

func (s stream) size() int64 {
	last := s.spans[len(s.spans)-1]
	return last.pos + last.length
}

// at is the number of the span that holds the byte at pos; the last one for
// positions behind it.
func (s stream) at(pos int64) int {
	i := sort.Search(len(s.spans), func(i int) bool { return s.spans[i].pos+s.spans[i].length > pos })
	return min(i, len(s.spans)-1)
}

// ReadAt reads as [io.ReaderAt] asks for, across the ends of spans.
func (s stream) ReadAt(p []byte, pos int64) (n int, err error) {
	for i := s.at(pos); n < len(p); i++ {
		if i == len(s.spans) || pos >= s.size() {
			return n, io.EOF
		}
		in := pos - s.spans[i].pos
		part := p[n:][:min(int64(len(p)-n), s.spans[i].length-in)]
		got, err := s.r.ReadAt(part, s.spans[i].offset+in)
		n += got
		pos += int64(got)
		if got < len(part) {
			return n, err
		}
	}
	return n, nil
}

// locate is the offset on the drive of the byte at pos.
func (s stream) locate(pos int64) int64 {
	in := s.spans[s.at(pos)]
	return in.offset + pos - in.pos
}
