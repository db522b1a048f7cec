package lab

import (
	"bytes"
	"errors"
	"syscall"
	"testing"
)

// memory is a medium for tests of those that are wrapped around one.
type memory []byte

func (m memory) ReadAt(p []byte, off int64) (int, error)  { return copy(p, m[off:]), nil }
func (m memory) WriteAt(p []byte, off int64) (int, error) { return copy(m[off:], p), nil }

func TestBrokenFailsInItsSpansOnly(t *testing.T) {
	b := Broken{Medium: make(memory, 100), Reads: Span{10, 20}, Writes: Span{50, 60}}
	for _, c := range []struct {
		off         int64
		n           int
		read, write bool // fail
	}{
		{0, 10, false, false},
		{0, 11, true, false},
		{12, 2, true, false},
		{19, 5, true, false},
		{20, 30, false, false},
		{20, 31, false, true},
		{59, 1, false, true},
		{60, 40, false, false},
		{0, 100, true, true},
	} {
		_, read := b.ReadAt(make([]byte, c.n), c.off)
		_, write := b.WriteAt(make([]byte, c.n), c.off)
		if errors.Is(read, syscall.EIO) != c.read || errors.Is(write, syscall.EIO) != c.write {
			t.Errorf("%d bytes at %d: reading %v, writing %v", c.n, c.off, read, write)
		}
	}
}

// TestCachedHoldsUntilReset goes through what becomes of one block.
func TestCachedHoldsUntilReset(t *testing.T) {
	for _, lies := range []bool{false, true} {
		medium, resets := make(memory, 4*cacheBlock), 0
		c := &Cached{Lies: lies}
		c.Inside(medium)
		c.resets = func() (int, error) { return resets, nil }
		holds := func(when string, want byte) {
			t.Helper()
			got := make([]byte, 2*cacheBlock)
			if _, err := c.ReadAt(got, cacheBlock); err != nil || got[0] != 0 || got[cacheBlock] != want {
				t.Errorf("%s: %q, %q, %v", when, got[0], got[cacheBlock], err)
			}
		}
		write := func(b byte) {
			t.Helper()
			if _, err := c.WriteAt(bytes.Repeat([]byte{b}, cacheBlock), 2*cacheBlock); err != nil {
				t.Fatal(err)
			}
		}
		write('a')
		holds("written", 'a')
		resets++
		holds("reset", 0)
		write('b')
		if err := c.Flush(); err != nil {
			t.Fatal(err)
		}
		holds("flushed", 'b')
		resets++
		want := byte('b')
		if lies {
			want = 0
		}
		holds("flushed and reset", want)
	}
}

func TestWrappingBeginsAgain(t *testing.T) {
	real := make(memory, 10)
	w := Wrapping{Medium: real, Real: int64(len(real))}
	if n, err := w.WriteAt([]byte("abcdefghijklmno"), 8); n != 15 || err != nil {
		t.Fatal(n, err)
	}
	// Bytes 8 to 22 of a medium that has ten: ab, then cdefghijkl, then mno.
	if string(real) != "mnofghijkl" {
		t.Errorf("it holds %q", real)
	}
	got := make([]byte, 15)
	if n, err := w.ReadAt(got, 28); n != 15 || err != nil {
		t.Fatal(n, err)
	}
	if want := "klmnofghijklmno"; string(got) != want {
		t.Errorf("read %q, want %q", got, want)
	}
}
