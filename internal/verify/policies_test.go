package verify

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
)

// written makes what a pass of some named patterns wrote, byte by byte, as plain as
// the descriptions in package policy can be followed.
func written(t testing.TB, s Spec, pass int, off, length int64) []byte {
	t.Helper()
	name := s.Passes[pass-1]
	if name == nameKeyed {
		return bytesOf(t, s, pass, off, length)
	}
	out := make([]byte, length)
	if name == nameComplement {
		for i, b := range bytesOf(t, s, pass-1, off, length) {
			out[i] = ^b
		}
		return out
	}
	repeated, err := hex.DecodeString(strings.TrimPrefix(name, "fixed-"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range out {
		out[i] = repeated[(off+int64(i))%int64(len(repeated))]
	}
	return out
}

func named(pass int, passes ...string) Spec {
	s := spec(pass, len(passes))
	s.Passes = passes
	return s
}

// manyPasses are passes of every kind, in an order in which each can be mistaken for
// the next.
var manyPasses = []string{"fixed-00", nameKeyed, nameComplement, "fixed-924924", nameKeyed, "fixed-ff", nameKeyed, nameComplement}

// TestEveryPatternIsCompared: what a pass wrote matches wherever one begins to look,
// nothing that another one wrote does, and no bit may be wrong.
func TestEveryPatternIsCompared(t *testing.T) {
	const length = stride + 3*sectorBytes + 77
	for pass := 1; pass <= len(manyPasses); pass++ {
		s := named(pass, manyPasses...)
		for _, off := range []int64{0, 1, 15, 16, 17, 511, 512, 700, 1<<40 + 5} {
			good := written(t, s, pass, off, length)
			if r := judged(t, s, good, off); r.Matched != length || r.Mismatches != nil {
				t.Fatalf("pass %d at %d: %+v", pass, off, r.Mismatches)
			}
			for _, at := range []int64{0, 1, 20, 511, 512, stride - 1, stride, length - 1} {
				good[at] ^= 0x10
				r := judged(t, s, good, off)
				if len(r.Mismatches) != 1 || r.Mismatches[0].Extents.Contains(off+at) != true || r.Matched < length-sectorBytes || r.Matched == length {
					t.Errorf("pass %d at %d: byte %d was changed: %+v", pass, off, at, r)
				}
				good[at] ^= 0x10
			}
		}
		for other := 1; other <= len(manyPasses); other++ {
			r := judged(t, s, written(t, s, other, 0, length), 0)
			if other != pass && (r.Matched != 0 || len(r.Mismatches) != 1 || r.Mismatches[0].Class != Stale && r.Mismatches[0].Bytes > sectorBytes) {
				t.Errorf("what pass %d wrote, judged as pass %d: %+v", other, pass, r)
			}
		}
	}
}

// TestClassifyPatterns puts one wrong sector after another on a drive on which
// each kind of pattern stands.
func TestClassifyPatterns(t *testing.T) {
	const size, sector = 80*512 + 100, 40
	text := bytes.Repeat([]byte("old "), 128)
	padded := append(bytes.Clone(text[:40]), make([]byte, 472)...)
	type wrong struct {
		name   string
		data   func(s Spec) []byte
		class  Class
		source int64
	}
	own := func(pass int, at int64) func(Spec) []byte {
		return func(s Spec) []byte { return written(t, s, pass, at*512, 512) }
	}
	raw := func(data []byte) func(Spec) []byte { return func(Spec) []byte { return data } }
	flipped := func(of func(Spec) []byte, from, to int) func(Spec) []byte {
		return func(s Spec) []byte {
			data := of(s)
			for i := from; i < to; i++ {
				data[i] ^= 0xff
			}
			return data
		}
	}
	for _, c := range []struct {
		passes []string
		wrong  []wrong
	}{
		{[]string{nameKeyed, nameComplement}, []wrong{
			{"the pass before", own(1, sector), Stale, 0},
			{"the pass before, of another place", own(1, 7), Wrapped, 7 * 512},
			{"another place", own(2, 7), Wrapped, 7 * 512},
			{"the tail's sector", own(2, 80), Wrapped, 80 * 512},
			{"one bit", flipped(own(2, sector), 300, 301), Corrupt, 0},
			{"the tag", flipped(own(2, sector), 0, 8), Corrupt, 0},
			{"the tag alone", flipped(own(2, sector), 16, 512), Corrupt, 0},
			{"zeros", raw(make([]byte, 512)), NeverWritten, 0},
			{"old data", raw(text), NeverWritten, 0},
		}},
		{[]string{"fixed-00", "fixed-ff", nameKeyed}, []wrong{
			{"the first pass", own(1, sector), Stale, 0},
			{"the second pass", own(2, sector), Stale, 0},
			{"a keyed pass that there was not", func(s Spec) []byte { return bytesOf(t, s, 1, sector*512, 512) }, NeverWritten, 0},
			{"the complement of one", func(s Spec) []byte {
				data := bytesOf(t, s, 1, sector*512, 512)
				invert(data, data)
				return data
			}, NeverWritten, 0},
			{"nearly the second pass", flipped(own(2, sector), 300, 301), NeverWritten, 0},
			{"another place", own(3, 7), Wrapped, 7 * 512},
			{"old data", raw(text), NeverWritten, 0},
		}},
		{[]string{nameKeyed, "fixed-00"}, []wrong{
			{"the pass before", own(1, sector), Stale, 0},
			{"the pass before, of another place", own(1, 7), Wrapped, 7 * 512},
			{"one bit", flipped(own(2, sector), 300, 301), NeverWritten, 0},
			{"old data among zeros", raw(padded), NeverWritten, 0},
		}},
		{[]string{"fixed-924924"}, []wrong{
			{"out of step", func(s Spec) []byte { return written(t, s, 1, sector*512+1, 512) }, NeverWritten, 0},
			{"old data", raw(text), NeverWritten, 0},
		}},
	} {
		s := named(len(c.passes), c.passes...)
		good := written(t, s, len(c.passes), 0, size)
		for _, w := range c.wrong {
			data := bytes.Clone(good)
			copy(data[sector*512:], w.data(s))
			r := report(t, data, s)
			if len(r.Mismatches) != 1 || r.Mismatches[0].Class != w.class || r.Mismatches[0].Source != w.source || r.Mismatches[0].Bytes != 512 {
				t.Errorf("%v, %s: %+v, want %s from %d", c.passes, w.name, r.Mismatches, w.class, w.source)
			}
		}
	}
}

// TestPatternVectors holds the reader against the vectors of another
// implementation, for patterns other than the keyed one.
func TestPatternVectors(t *testing.T) {
	tried := 0
	for _, c := range readVectors(t) {
		for _, v := range c.Patterns {
			s := Spec{Seed: mustHex(t, c.Seed), DriveDigest: mustHex(t, c.DriveDigest), Passes: v.Passes, Pass: len(v.Passes), Percent: 100}
			want := mustHex(t, v.Hex)
			if r := judged(t, s, want, v.OffsetBytes); r.Matched != int64(len(want)) || r.Mismatches != nil {
				t.Errorf("%v at %d: %+v", v.Passes, v.OffsetBytes, r)
			}
			if !bytes.Equal(want, written(t, s, s.Pass, v.OffsetBytes, int64(len(want)))) {
				t.Errorf("the tests' pattern of %v at %d is not that of the vector", v.Passes, v.OffsetBytes)
			}
			tried++
		}
	}
	if tried < 10 {
		t.Errorf("only %d vectors were tried", tried)
	}
}

// TestSample reads a share, of drives of every size: at least the share, not much
// more, both ends, something of each part, and other places in another run.
func TestSample(t *testing.T) {
	other := spec(1, 1)
	other.Seed = bytes.Repeat([]byte{9}, 32)
	for _, size := range []int64{1, 511, 512, 1000, 70_000, 5<<20 + 13, 61_530_439_680, 1 << 62} {
		for _, percent := range []int{1, 10, 50, 99} {
			s := spec(1, 1)
			s.Percent, other.Percent = percent, percent
			chosen, err := sample(s, size)
			if err != nil {
				t.Fatal(err)
			}
			least := size / 100 * int64(percent)
			most := least + min(maxParts, size/minPartBytes+1)*3*sectorBytes + 100
			if n := chosen.Bytes(); n < least || n > most || n > size {
				t.Errorf("%d %% of %d are %d bytes, not %d to %d", percent, size, n, least, most)
			}
			if !chosen.Contains(0) || !chosen.Contains(size-1) || chosen[len(chosen)-1].End() > size {
				t.Errorf("%d %% of %d do not have both ends: %v", percent, size, chosen[len(chosen)-1])
			}
			if parts := min(maxParts, max(1, size/minPartBytes)); parts > 1 {
				for i := range parts {
					start := i*(size/parts) + min(i, size%parts)
					if chosen.Clip(block.Extent{Offset: start, Length: size/parts + 1}) == nil {
						t.Errorf("%d %% of %d: nothing of part %d", percent, size, i)
					}
				}
			}
			elsewhere, err := sample(other, size)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := sample(s, size); err != nil || !slices.Equal(again, chosen) || size > 1<<20 && slices.Equal(elsewhere, chosen) {
				t.Errorf("%d %% of %d: the places do not follow from the seed", percent, size)
			}
		}
	}
}

// TestSampledReadBack judges the share, and nothing besides; what it does not read
// it does not say to have read, and it costs no requests.
func TestSampledReadBack(t *testing.T) {
	const size = 5*chunkBytes + 700
	s := spec(1, 1)
	s.Percent = 10
	chosen, err := sample(s, size)
	if err != nil {
		t.Fatal(err)
	}
	data := bytesOf(t, s, 1, 0, size)
	clean := faulty{Memory: memory(data, 512)}
	for _, gap := range without(block.Extent{Offset: 0, Length: size}, chosen) {
		clear(clean.Bytes()[gap.Offset:gap.End()])
	}
	bytesRead := int64(0)
	counting := &counted{&clean, &bytesRead}
	r, err := Run(t.Context(), counting, s, nil)
	if err != nil || !r.OK() || r.Bytes != chosen.Bytes() || r.Bytes+r.Excepted != size {
		t.Errorf("%+v, %v, want %d bytes judged", r, err, chosen.Bytes())
	}
	if bytesRead > 2*r.Bytes {
		t.Errorf("%d of %d bytes were read for %d", bytesRead, int64(size), r.Bytes)
	}
	for _, e := range []block.Extent{chosen[0], chosen[len(chosen)/2], chosen[len(chosen)-1]} {
		clean.Bytes()[e.Offset] ^= 1
		if r, err := Run(t.Context(), counting, s, nil); err != nil || r.OK() || !r.Mismatches[0].Extents.Contains(e.Offset) {
			t.Errorf("byte %d of the sample was changed: %+v, %v", e.Offset, r, err)
		}
		clean.Bytes()[e.Offset] ^= 1
	}
}

// counted counts the bytes that are read.
type counted struct {
	*faulty
	bytes *int64
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	*c.bytes += int64(len(p))
	return c.faulty.ReadAt(p, off)
}
