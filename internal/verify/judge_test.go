package verify

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestClassify puts one wrong sector after another on a drive of 80 sectors and
// a tail, and wants each told apart.
func TestClassify(t *testing.T) {
	const (
		size   = 80*512 + 100
		sector = 40
	)
	s := spec(3, 4)
	good := bytesOf(t, s, 3, 0, size)
	own := func(pass int, at, n int64) []byte { return bytesOf(t, s, pass, at*512, n) }
	flipped := func(b []byte, from, to int) []byte {
		b = bytes.Clone(b)
		for i := from; i < to; i++ {
			b[i] ^= 0xff
		}
		return b
	}
	random := make([]byte, 512)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range random {
		random[i] = byte(rng.Uint32())
	}
	other := s
	other.Seed = bytes.Repeat([]byte{1}, 32)
	for _, c := range []struct {
		name   string
		at     int64 // sector
		data   []byte
		class  Class
		source int64
	}{
		{"zeros", sector, make([]byte, 512), NeverWritten, 0},
		{"old data", sector, random, NeverWritten, 0},
		{"another run's", sector, bytesOf(t, other, 3, sector*512, 512), NeverWritten, 0},
		{"one bit of the body", sector, flipped(own(3, sector, 512), 300, 301), Corrupt, 0},
		{"all of the body", sector, flipped(own(3, sector, 512), 16, 512), Corrupt, 0},
		{"the last byte", sector, flipped(own(3, sector, 512), 511, 512), Corrupt, 0},
		{"the tag", sector, flipped(own(3, sector, 512), 0, 16), Corrupt, 0},
		{"the tag and half of the body", sector, flipped(own(3, sector, 512), 0, 256), Corrupt, 0},
		{"the tag and more than half", sector, flipped(own(3, sector, 512), 0, 257), NeverWritten, 0},
		{"the first sector's", sector, own(3, 0, 512), Wrapped, 0},
		{"the next sector's", sector, own(3, sector+1, 512), Wrapped, (sector + 1) * 512},
		{"another sector's of an earlier pass", sector, own(1, 7, 512), Wrapped, 7 * 512},
		{"another sector's, damaged", sector, flipped(own(3, 7, 512), 511, 512), NeverWritten, 0},
		{"a sector's behind the end", sector, own(3, 81, 512), NeverWritten, 0},
		{"the tail's whole sector", sector, own(3, 80, 512), Wrapped, 80 * 512},
		{"an earlier pass's", sector, own(1, sector, 512), Stale, 0},
		{"a later pass's", sector, own(4, sector, 512), Stale, 0},
		{"a pass's that there was not", sector, own(5, sector, 512), NeverWritten, 0},
		{"an earlier pass's, damaged", sector, flipped(own(2, sector, 512), 16, 512), Stale, 0},
		{"zeros in the tail", 80, make([]byte, 100), NeverWritten, 0},
		{"one bit of the tail", 80, flipped(own(3, 80, 100), 99, 100), Corrupt, 0},
		{"another's in the tail", 80, own(3, 5, 100), Wrapped, 5 * 512},
		{"an earlier pass's tail", 80, own(1, 80, 100), Stale, 0},
	} {
		data := bytes.Clone(good)
		copy(data[c.at*512:], c.data)
		r := report(t, data, s)
		if len(r.Mismatches) != 1 {
			t.Errorf("%s: mismatches are %+v", c.name, r.Mismatches)
			continue
		}
		m, n := r.Mismatches[0], int64(len(c.data))
		if m.Class != c.class || m.Source != c.source || m.Bytes != n || len(m.Extents) != 1 || m.Extents[0].Offset != c.at*512 || m.Extents[0].Length != n {
			t.Errorf("%s: %+v, want %s from %d", c.name, m, c.class, c.source)
		}
		if r.OK() || r.Matched != size-n || r.Bytes != size {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
}

// TestShortTails has a last sector that is too short for a tag, or has nothing
// but one.
func TestShortTails(t *testing.T) {
	for _, tail := range []int64{1, 2, 15, 16, 17} {
		s, size := spec(1, 2), 512+tail
		good := bytesOf(t, s, 1, 0, size)
		if r := report(t, good, s); !r.OK() {
			t.Errorf("a tail of %d: %+v", tail, r)
		}
		for i := range tail {
			data := bytes.Clone(good)
			data[512+i] ^= 1
			if r := report(t, data, s); r.OK() || r.Matched != 512 {
				t.Errorf("a tail of %d with byte %d changed: %+v", tail, i, r)
			}
		}
	}
}

// TestEveryByteIsCompared changes each byte of a small drive in turn.
func TestEveryByteIsCompared(t *testing.T) {
	const size = 512 + 77
	s := spec(1, 1)
	data := bytesOf(t, s, 1, 0, size)
	for i := range data {
		data[i] ^= 0x80
		r := report(t, data, s)
		start := int64(i) / 512 * 512
		wrong := min(512, size-start)
		if r.OK() || r.Matched != size-wrong || len(r.Mismatches) != 1 || r.Mismatches[0].Class != Corrupt || r.Mismatches[0].Extents[0].Offset != start {
			t.Fatalf("byte %d: %+v", i, r)
		}
		data[i] ^= 0x80
	}
	if r := report(t, data, s); !r.OK() {
		t.Fatalf("unchanged: %+v", r)
	}
}

// TestOddStartsKeepSectorsWhole begins within a sector, and far enough before a
// wrong one that its place falls on a stride's end.
func TestOddStartsKeepSectorsWhole(t *testing.T) {
	s := spec(1, 1)
	for _, start := range []int64{1, 15, 16, 17, 511, 700} {
		data := bytesOf(t, s, 1, 0, 3*stride)
		for sector := int64(4); sector < 3*stride/512; sector += 2 {
			copy(data[sector*512:], bytesOf(t, s, 1, (sector-1)*512, 512))
		}
		r := judged(t, s, data[start:], start)
		if len(r.Mismatches) != 1 || r.Mismatches[0].Class != Wrapped || r.Mismatches[0].Source != 3*512 || r.Mismatches[0].Bytes != (3*stride/512-4)/2*512 {
			t.Errorf("from %d on: %+v", start, r.Mismatches)
		}
	}
}

func TestExtentsAreJoinedAndBounded(t *testing.T) {
	s := spec(1, 1)
	data := bytesOf(t, s, 1, 0, 2*(MaxExtents+100)*512)
	for i := range MaxExtents + 100 {
		clear(data[2*i*512:][:512]) // every other sector
	}
	clear(data[:8*512])
	r := report(t, data, s)
	if len(r.Mismatches) != 1 {
		t.Fatalf("mismatches are %+v", r.Mismatches)
	}
	m := r.Mismatches[0]
	// The first nine sectors are one extent, in place of five.
	wrong := int64(MaxExtents+100+4) * 512
	if len(m.Extents) != MaxExtents || !m.Truncated || m.Bytes != wrong || r.Matched != int64(len(data))-wrong {
		t.Errorf("%d extents, truncated %v, %d bytes, want %d", len(m.Extents), m.Truncated, m.Bytes, wrong)
	}
	if m.Extents[0].Length != 9*512 {
		t.Errorf("the first extent is %+v", m.Extents[0])
	}
}

func TestExactlyTheBoundIsNotTruncated(t *testing.T) {
	s := spec(1, 1)
	data := bytesOf(t, s, 1, 0, 2*MaxExtents*512)
	for i := range MaxExtents {
		clear(data[2*i*512:][:512])
	}
	clear(data[len(data)-512:]) // touches the last extent
	if m := report(t, data, s).Mismatches[0]; m.Truncated || m.Bytes != (MaxExtents+1)*512 || m.Extents.Bytes() != m.Bytes {
		t.Errorf("%d extents of %d bytes, truncated %v", len(m.Extents), m.Bytes, m.Truncated)
	}
}

// FuzzClassify puts any bytes anywhere: no panic, and a match only for the very
// bytes that should be there.
func FuzzClassify(f *testing.F) {
	for pass := range len(manyPasses) {
		for _, sector := range []int64{0, 1, 1 << 40} {
			for other := range len(manyPasses) {
				whole := written(f, named(1, manyPasses...), other+1, sector*512, 512)
				f.Add(whole, sector*512, uint8(pass))
				f.Add(whole[:17], sector*512, uint8(pass))
				f.Add(whole[3:], sector*512+3, uint8(pass))
			}
		}
	}
	f.Add([]byte{}, int64(0), uint8(0))
	f.Fuzz(func(t *testing.T, data []byte, off int64, standing uint8) {
		if off < 0 || off > 1<<61 || len(data) > 1<<17 {
			t.Skip()
		}
		s := named(int(standing)%len(manyPasses)+1, manyPasses...)
		r := judged(t, s, data, off)
		equal := bytes.Equal(data, written(t, s, s.Pass, off, int64(len(data))))
		if (r.Mismatches == nil) != equal {
			t.Fatalf("%d bytes at %d: equal is %v, mismatches are %+v", len(data), off, equal, r.Mismatches)
		}
		wrong := int64(0)
		for _, m := range r.Mismatches {
			wrong += m.Bytes
		}
		if r.Bytes != int64(len(data)) || r.Matched+wrong != r.Bytes {
			t.Fatalf("%d bytes at %d do not add up: %+v", len(data), off, r)
		}
	})
}

func TestJudgingAllocatesLittle(t *testing.T) {
	s := spec(1, 1)
	data := bytesOf(t, s, 1, 0, 1<<20)
	x, err := newExpectation(s)
	if err != nil {
		t.Fatal(err)
	}
	j := newJudge(x, 1<<20, new(Report))
	if n := testing.AllocsPerRun(10, func() { j.look(data, 0) }); n > 4 {
		t.Errorf("%v allocations for 1 MiB", n)
	}
	if j.mismatches() != nil {
		t.Error("it does not match")
	}
}

func BenchmarkCompare(b *testing.B) {
	passes := []string{nameKeyed, nameComplement, "fixed-924924"}
	for i, pattern := range passes {
		b.Run(pattern, func(b *testing.B) {
			s := named(i+1, passes...)
			data := written(b, s, i+1, 0, chunkBytes)
			x, err := newExpectation(s)
			if err != nil {
				b.Fatal(err)
			}
			j := newJudge(x, chunkBytes, new(Report))
			b.SetBytes(chunkBytes)
			b.ReportAllocs()
			for b.Loop() {
				j.look(data, 0)
			}
			if j.mismatches() != nil {
				b.Error("it does not match")
			}
		})
	}
}

// BenchmarkCompareWrong is the worst case: every sector is wrong, and has to be
// looked into.
func BenchmarkCompareWrong(b *testing.B) {
	s := spec(1, 1)
	data := bytesOf(b, s, 1, chunkBytes, chunkBytes)
	x, err := newExpectation(s)
	if err != nil {
		b.Fatal(err)
	}
	j := newJudge(x, 2*chunkBytes, new(Report))
	b.SetBytes(chunkBytes)
	for b.Loop() {
		j.look(data, 0)
	}
	if j.wrong[Wrapped] == nil {
		b.Error("it matches")
	}
}
