package verify

import (
	"bytes"
	"crypto/aes"

	"github.com/panoscrub/panoscrub/internal/block"
)

// stride is how much is unmasked at once: little enough to stay in the
// processor's cache between unmasking it and looking at it.
const stride = 64 << 10

// judge compares what was read with what should be there, and keeps the tally.
type judge struct {
	*expectation
	sectors int64 // of the drive, the last one perhaps cut off
	// plain holds what is being looked at without the key stream.
	plain  [stride]byte
	report *Report
	wrong  map[Class]*Mismatch
}

var zeros [sectorBytes]byte

func newJudge(x *expectation, size int64, report *Report) *judge {
	return &judge{
		expectation: x,
		sectors:     (size + sectorBytes - 1) / sectorBytes,
		report:      report,
		wrong:       map[Class]*Mismatch{},
	}
}

// look judges the bytes got, which were read at off.
func (j *judge) look(got []byte, off int64) {
	keys := j.from(off, j.pass)
	for len(got) > 0 {
		// Strides after the first start on a sector.
		n := min(int64(len(got)), stride-off%sectorBytes)
		plain := j.plain[:n]
		keys.XORKeyStream(plain, got[:n])
		j.lookAtSectors(got[:n], plain, off)
		got, off = got[n:], off+n
	}
}

func (j *judge) lookAtSectors(got, plain []byte, off int64) {
	for len(got) > 0 {
		n := min(int64(len(got)), sectorBytes-off%sectorBytes)
		if j.matches(got[:n], plain[:n], off) {
			j.report.Matched += n
		} else {
			class, source := j.classify(got[:n], plain[:n], off)
			j.note(class, source, block.Extent{Offset: off, Length: n})
		}
		j.report.Bytes += n
		got, plain, off = got[n:], plain[n:], off+n
	}
}

// matches reports whether a sector, or the part of one that starts at off, holds
// what it should.
func (j *judge) matches(got, plain []byte, off int64) bool {
	if within := off % sectorBytes; within < tagBytes {
		tag := j.tag(off / sectorBytes)
		n := min(tagBytes-int(within), len(got))
		if !bytes.Equal(got[:n], tag[within:][:n]) {
			return false
		}
		plain = plain[n:]
	}
	return bytes.Equal(plain, zeros[:len(plain)])
}

// classify says in which way a sector, or a part of one, is wrong, and for
// Wrapped from which address its bytes came.
func (j *judge) classify(got, plain []byte, off int64) (Class, int64) {
	sector := off / sectorBytes
	if off%sectorBytes == 0 && len(got) >= tagBytes {
		from, pass, ours := j.origin(got[:tagBytes])
		switch {
		case !ours || from >= j.sectors:
		case from == sector && pass == j.pass:
			return Corrupt, 0
		case from == sector:
			return Stale, 0
		case j.wroteBody(got, from, pass):
			return Wrapped, from * sectorBytes
		}
	}
	if 2*j.equalBytes(got, plain, off) >= len(got) {
		return Corrupt, 0
	}
	return NeverWritten, 0
}

// wroteBody reports whether what follows the tag is what a pass wrote to a
// sector.
func (j *judge) wroteBody(got []byte, sector int64, pass int) bool {
	var plain [sectorBytes]byte
	n := len(got)
	j.from(sector*sectorBytes, pass).XORKeyStream(plain[:n], got)
	return bytes.Equal(plain[tagBytes:n], zeros[tagBytes:n])
}

// equalBytes counts the bytes that are as they should be.
func (j *judge) equalBytes(got, plain []byte, off int64) (n int) {
	if within := off % sectorBytes; within < aes.BlockSize {
		tag := j.tag(off / sectorBytes)
		for i := range min(tagBytes-int(within), len(got)) {
			if got[i] == tag[int(within)+i] {
				n++
			}
			plain = plain[1:]
		}
	}
	return n + bytes.Count(plain, zeros[:1])
}

// note adds a wrong sector to its class. Of too many extents the last ones are
// dropped, so that the first ones are listed whatever the order of reading.
func (j *judge) note(class Class, source int64, e block.Extent) {
	m := j.wrong[class]
	if m == nil {
		m = &Mismatch{Class: class}
		j.wrong[class] = m
	}
	m.Bytes += e.Length
	if len(m.Extents) == 0 || e.Offset < m.Extents[0].Offset {
		m.Source = source
	}
	m.Extents.Add(e)
	if len(m.Extents) > MaxExtents {
		m.Extents, m.Truncated = m.Extents[:MaxExtents], true
	}
}

// mismatches lists the classes that occurred, in the order of their constants.
func (j *judge) mismatches() (list []Mismatch) {
	for _, class := range []Class{NeverWritten, Wrapped, Stale, Corrupt} {
		if m := j.wrong[class]; m != nil {
			list = append(list, *m)
		}
	}
	return list
}
