package helper

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// ErrProtocol says that the other side does not speak as it should.
var ErrProtocol = errors.New("the helper and the program do not understand each other")

// reader reads lines of JSON.
type reader struct{ *bufio.Scanner }

func newReader(r io.Reader, longest int) reader {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 64<<10), longest)
	return reader{s}
}

// next reads a line into v, all of which must be known. It returns [io.EOF] at the
// end.
func (r reader) next(v any) error {
	if !r.Scan() {
		if err := r.Err(); err != nil {
			return fmt.Errorf("%w: %w", ErrProtocol, err)
		}
		return io.EOF
	}
	d := json.NewDecoder(bytes.NewReader(r.Bytes()))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	if d.More() {
		return fmt.Errorf("%w: two documents on one line", ErrProtocol)
	}
	return nil
}

// writer writes lines of JSON. It is safe for concurrent use.
type writer struct {
	mu  sync.Mutex
	enc *json.Encoder
}

func newWriter(w io.Writer) *writer { return &writer{enc: json.NewEncoder(w)} }

func (w *writer) write(v any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.enc.Encode(v)
}
