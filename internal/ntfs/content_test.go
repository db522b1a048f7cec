package ntfs

import (
	"bytes"
	"slices"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// TestUnpack has chunks by hand; the volumes of mkntfs have those of others.
func TestUnpack(t *testing.T) {
	abc := []byte{0x04, 0xB0, 0b1000, 'a', 'b', 'c', 0x00, 0x20} // "abc", then 3 of 3 back
	plain := append([]byte{0xFF, 0x3F}, text(4096)...)
	for _, c := range []struct {
		name string
		in   []byte
		want []byte // before zeros
		ok   bool
	}{
		{"nothing", nil, nil, true},
		{"an end", []byte{0, 0, 1, 2, 3}, nil, true},
		{"half a match at the end", abc, []byte("abc"), false},
		{"a match", fixed(abc), []byte("abcabc"), true},
		{"a match over itself", fixed([]byte{0, 0, 0b10, 'a', 0x09, 0x00}), bytes.Repeat([]byte("a"), 13), true},
		{
			"a match of 16 back, and one of 17", // from where on a bit more is for how far back
			fixed([]byte{0, 0, 0, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 0, 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 0b11, 0x00, 0xF0, 0x00, 0x78}),
			[]byte("abcdefghijklmnopabcdef"), true,
		},
		{"stored as it is", plain, text(4096), true},
		{"two chunks", slices.Concat(plain, fixed(abc)), append(text(4096), "abcabc"...), true},
		{"a short chunk and another", slices.Concat(fixed(abc), fixed(abc)), slices.Concat([]byte("abcabc"), make([]byte, 4090), []byte("abcabc")), true},
		{"a match before the chunk", fixed([]byte{0, 0, 0b1, 0x00, 0x00}), nil, false},
		{"a match too far back", fixed([]byte{0, 0, 0b10, 'a', 0x00, 0x10}), []byte("a"), false},
		{"half a match", fixed([]byte{0, 0, 0b10, 'a', 0x00}), []byte("a"), false},
		{"a chunk of more than fits", fixed([]byte{0, 0, 0b10, 'a', 0xFF, 0x0F, 'b'}), append(bytes.Repeat([]byte("a"), 4096), 0)[:4096], false},
		{"a chunk that is cut off", plain[:100], nil, false},
		{"no signature", []byte{0x03, 0x80, 0, 'a', 'b', 'c'}, nil, false},
	} {
		got, ok := unpack([]byte("before"), c.in, 8192)
		want := append([]byte("before"), c.want...)
		if ok != c.ok || !bytes.HasPrefix(got, want) || ok && len(got) != 6+8192 || len(bytes.Trim(got[len(want):], "\x00")) > 0 {
			t.Errorf("%s: %q of %d bytes, %v", c.name, got[:min(20, len(got))], len(got), ok)
		}
	}
	if got, ok := unpack(nil, plain, 100); !ok || !bytes.Equal(got, text(100)) {
		t.Errorf("a limit: %d bytes, %v", len(got), ok)
	}
}

// fixed gives a compressed chunk the header that it has to have.
func fixed(chunk []byte) []byte {
	chunk = bytes.Clone(chunk)
	put16(chunk, 0, 0xB000|(len(chunk)-3))
	return chunk
}

// TestCompressed has streams with units of 4 KiB: packed, stored as it is, a
// hole, and damaged.
func TestCompressed(t *testing.T) {
	chunk := fixed([]byte{0, 0, 0b10, 'a', 0xFC, 0x0F}) // 4096 times "a"
	as, plain := bytes.Repeat([]byte("a"), 4096), randomBytes("plain", 4096)
	for _, c := range []struct {
		name       string
		runs       []byte
		size       int64
		written    int64
		want       []byte
		incomplete bool
	}{
		{"packed", runs(700, 1, hole, 7), 4096, 4096, as, false},
		{"with an odd size", runs(700, 1, hole, 7), 1000, 1000, as[:1000], false},
		{"all kinds", runs(700, 1, hole, 7, 710, 4, 800, 4, hole, 8, 700, 1, hole, 7), 4*4096 - 9, 1 << 40, slices.Concat(as, plain, make([]byte, 4096), as[9:]), false},
		{"not written to its end", runs(700, 1, hole, 7), 4096, 100, append(as[:100:100], make([]byte, 3996)...), false},
		{"cut off", runs(700, 1, hole, 7), 8192, 8192, as, true},
		{"no chunk", runs(720, 1, hole, 7), 4096, 4096, nil, false},
		{"out of the volume", runs(700, 1, hole, 7, tClusters-1, 3), 8192, 8192, as, true},
	} {
		v := newVolume().fill(700, chunk).fill(710, plain[:2048]).fill(800, plain[2048:]).fill(720, []byte("junk"))
		a := packed(outside(attrData, "", c.size, c.runs), 3)
		put64(a, 56, c.written)
		entries, _ := v.file(20, "f", a).walk(t)
		e := entries[0]
		if got := e.Content(1 << 20); !bytes.Equal(got, c.want) || e.Incomplete != c.incomplete || e.Size != c.size {
			t.Errorf("%s: %d bytes, incomplete %v", c.name, len(got), e.Incomplete)
		}
		if got := e.Content(5000); !bytes.Equal(got, c.want[:min(5000, len(c.want))]) {
			t.Errorf("%s: %d bytes where 5000 are wanted", c.name, len(got))
		}
	}
}

// TestCompressedOdd has compression that cannot be, and deleted files.
func TestCompressedOdd(t *testing.T) {
	chunk := fixed([]byte{0, 0, 0b10, 'a', 0xFC, 0x0F})
	for _, unit := range []byte{0, 8, 16, 17, 54, 63, 64, 255} {
		entries, _ := newVolume().file(20, "f", packed(data(1000, 700, 8), unit)).walk(t)
		if e := entries[0]; e.Content != nil || !e.Incomplete {
			t.Errorf("unit %d: %+v", unit, e)
		}
	}
	v := newVolume()
	copy(v.bytes[700*tCluster:], chunk)
	copy(v.bytes[701*tCluster:], chunk)
	v.deleted(20, "f", packed(data(8192, 700, 1, hole, 7, 701, 1, hole, 7), 3))
	check := func(n int, incomplete bool) {
		t.Helper()
		entries, _ := v.walk(t)
		e := entries[0]
		if got := len(e.Content(1 << 20)); got != n || e.Incomplete != incomplete {
			t.Errorf("%d bytes of %s", got, mark(e))
		}
	}
	check(8192, false)
	v.allocate(701, 1)
	check(4096, true)
	v.allocate(700, 1)
	if entries, _ := v.walk(t); entries[0].Content != nil || !entries[0].Reused || entries[0].Was != 700*tCluster {
		t.Errorf("%+v", entries[0])
	}
}

// TestCompressedUnreadable ends where the drive does not give what is compressed.
func TestCompressedUnreadable(t *testing.T) {
	chunk := fixed([]byte{0, 0, 0b10, 'a', 0xFC, 0x0F})
	v := newVolume().fill(700, chunk).fill(701, chunk).file(20, "f", packed(data(8192, 700, 1, hole, 7, 701, 1, hole, 7), 3))
	f, err := Open(testtool.Failing(bytes.NewReader(v.bytes), 701*tCluster, 702*tCluster), 0, int64(len(v.bytes)))
	if err != nil {
		t.Fatal(err)
	}
	err = f.Walk(t.Context(), func(e fsys.Entry) error {
		if e.Path == "/f" && len(e.Content(1<<20)) != 4096 {
			t.Errorf("%d bytes", len(e.Content(1<<20)))
		}
		return nil
	})
	if err != nil || len(f.Unreadable()) > 0 {
		t.Errorf("%v, %v", err, f.Unreadable())
	}
}
