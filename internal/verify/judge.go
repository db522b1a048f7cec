package verify

import (
	"bytes"
	"slices"

	"github.com/panoscrub/panoscrub/internal/block"
)

// stride is how much is stripped of its pattern at once: little enough to stay in
// the processor's cache until it is looked at.
const stride = 64 << 10

// judge compares what was read with what should be there, and keeps the tally.
type judge struct {
	*expectation
	sectors int64 // of the drive, the last one perhaps cut off
	// plain holds what is being looked at without its pattern.
	plain  [stride]byte
	report *Report
	wrong  map[Class]*Mismatch
}

var zeros [stride]byte

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
	for len(got) > 0 {
		// Strides after the first start on a sector.
		n := min(int64(len(got)), stride-off%sectorBytes)
		plain := j.plain[:n]
		j.standing().strip(plain, got[:n], off)
		j.lookAtSectors(got[:n], plain, off)
		got, off = got[n:], off+n
	}
}

func (j *judge) lookAtSectors(got, plain []byte, off int64) {
	j.report.Bytes += int64(len(got))
	if right(plain) {
		j.report.Matched += int64(len(got))
		return
	}
	for len(got) > 0 {
		n := min(int64(len(got)), sectorBytes-off%sectorBytes)
		if right(plain[:n]) {
			j.report.Matched += n
		} else {
			class, source := j.classify(got[:n], plain[:n], off)
			j.note(class, source, block.Extent{Offset: off, Length: n})
		}
		got, plain, off = got[n:], plain[n:], off+n
	}
}

// right reports whether nothing is left of bytes without their pattern.
func right(plain []byte) bool { return bytes.Equal(plain, zeros[:len(plain)]) }

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
		case wrote(j.passes[pass-1], got, from*sectorBytes):
			return Wrapped, from * sectorBytes
		}
	}
	if j.wroteFixed(got, off) {
		return Stale, 0
	}
	// Of bytes that are the same everywhere, those that are right may be right by
	// chance.
	if _, same := j.standing().(fixed); !same && 2*bytes.Count(plain, zeros[:1]) >= len(plain) {
		return Corrupt, 0
	}
	return NeverWritten, 0
}

// wrote reports whether bytes are what a pass wrote at off.
func wrote(p pattern, got []byte, off int64) bool {
	var plain [sectorBytes]byte
	p.strip(plain[:len(got)], got, off)
	return right(plain[:len(got)])
}

// wroteFixed reports whether bytes are what another pass repeated at off.
func (j *judge) wroteFixed(got []byte, off int64) bool {
	return slices.ContainsFunc(j.passes, func(p pattern) bool {
		f, same := p.(fixed)
		return same && wrote(f, got, off)
	})
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
