package session_test

import (
	"bytes"
	"slices"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/session"
)

// overwritten: what a pass is said to have written was accepted, what it is said not to
// have was not, and what is said to be stored was flushed, and is on an honest drive.
func (o *oracle) overwritten() {
	for _, p := range o.Passes {
		accepted, failed := with(o.accepted[p.Number], o.resumedTo(p.Number)), extents(p.Failed)
		number := p.Number
		if recovered := o.Interrupted != nil && o.Interrupted.RecoveredFromJournal; recovered {
			o.want(p.Bytes <= accepted.Bytes(), "pass %d is said to have written %d bytes, and %d were accepted", number, p.Bytes, accepted.Bytes())
		} else {
			o.want(p.Bytes == accepted.Bytes(), "pass %d is said to have written %d bytes, and %d were accepted", number, p.Bytes, accepted.Bytes())
		}
		o.want(covers(with(o.synced[number], o.resumedTo(number)), p.StoredBytes), "pass %d is said to have stored %d bytes", number, p.StoredBytes)
		for _, e := range failed {
			o.want(len(accepted.Clip(e)) == 0, "pass %d: of the bytes that are said to have failed, some were accepted", number)
			accepted.Add(e)
		}
		o.want(!p.Complete || p.Failed.Truncated || covers(accepted, o.size), "pass %d is said to be complete", number)
		o.want(!p.Complete || !p.Synced || o.flushed[number], "pass %d is said to be flushed", number)
		o.stands(p)
	}
}

// stands: on an honest drive, what the last pass has stored is on the medium, as long
// as nobody else wrote there, and no later pass did.
func (o *oracle) stands(p attest.Overwrite) {
	later := p.Number != len(o.Passes) || o.reached.Stage == string(session.Overwrite) && o.reached.Pass > p.Number
	if n := len(o.Resumes); n > 0 && o.Resumes[n-1].Pass > p.Number {
		later = true
	}
	if !o.honest() || o.dropped || o.touched() || o.formatted() || later {
		return
	}
	if got := o.stick.Peek(0, int(p.StoredBytes)); !bytes.Equal(got, o.passes[p.Number-1][:p.StoredBytes]) {
		o.want(false, "%d bytes of pass %d are said to be stored, and are not on the medium", p.StoredBytes, p.Number)
	}
}

// formatted reports whether the drive was begun to be formatted.
func (t *trial) formatted() bool {
	stage := session.Stage(t.reached.Stage)
	return stage == session.Format || stage == session.Recheck
}

func extents(r attest.Ranges) (set block.Extents) {
	for _, e := range r.Extents {
		set.Add(block.Extent{Offset: e.OffsetBytes, Length: e.LengthBytes})
	}
	return set
}

// readBack: the sectors that are said to be wrong are, those that are not said to be
// are not, and those that could not be read are where reading fails.
func (o *oracle) readBack() {
	v := o.Verification
	if v == nil || o.Verdict == attest.Pass {
		return
	}
	if o.formatted() {
		o.want(v.BytesMatched == o.size, "it was formatted, and %d bytes of it were proven", v.BytesMatched)
		return
	}
	var wrong, right, unreadable int64
	listed := o.mismatched()
	bad := extents(v.Unreadable)
	for off := int64(0); off < o.size; off += 512 {
		e := block.Extent{Offset: off, Length: min(512, o.size-off)}
		same := bytes.Equal(o.shown[off:e.End()], o.passes[len(o.passes)-1][off:e.End()])
		n := bad.Clip(e).Bytes()
		switch {
		case n > 0:
			o.want(o.fails(e), "the sector at %d is said to be unreadable", off)
			unreadable += n
		case same:
			right += e.Length
		default:
			wrong += e.Length
		}
		if len(listed.Clip(e)) > 0 {
			o.want(!same, "the sector at %d is said to be wrong", off)
		}
		if v.Complete && v.Method == attest.MethodFull && !same && n == 0 && !o.truncated() {
			o.want(len(listed.Clip(e)) > 0, "the sector at %d is wrong, and not said to be", off)
		}
	}
	o.sums(wrong, right, unreadable)
}

// sums holds the numbers of the read-back against what was counted.
func (o *oracle) sums(wrong, right, unreadable int64) {
	v := o.Verification
	var said int64
	for _, m := range v.Mismatches {
		said += m.Bytes
		o.wrapped(m)
	}
	o.want(v.BytesMatched <= right && said <= wrong && v.BytesMatched+said == v.BytesRead, "%d bytes are said to match and %d to be wrong: it is %d and %d", v.BytesMatched, said, right, wrong)
	o.want(o.Capacity.ProvenBytes <= right, "%d bytes are said to be proven: it is %d", o.Capacity.ProvenBytes, right)
	if v.Complete && v.Method == attest.MethodFull {
		o.want(v.BytesMatched == right && said == wrong && v.Unreadable.Bytes == unreadable || v.Unreadable.Truncated,
			"%d bytes are said to match, %d to be wrong, %d to be unreadable: it is %d, %d and %d", v.BytesMatched, said, v.Unreadable.Bytes, right, wrong, unreadable)
	}
}

// wrapped: what is said to have come from another place is what a pass wrote there.
func (o *oracle) wrapped(m attest.Mismatch) {
	if m.Class != "wrapped" {
		return
	}
	at, from := m.Extents[0].OffsetBytes, m.SourceOffsetBytes
	n := min(512, o.size-at, o.size-from)
	came := slices.ContainsFunc(o.passes, func(p []byte) bool { return bytes.Equal(p[from:from+n], o.shown[at:at+n]) })
	o.want(came, "the sector at %d is said to be that of %d", at, from)
}

func (o *oracle) mismatched() (set block.Extents) {
	for _, m := range o.Verification.Mismatches {
		for _, e := range extents(m.Ranges) {
			set.Add(e)
		}
	}
	return set
}

func (o *oracle) truncated() bool {
	return slices.ContainsFunc(o.Verification.Mismatches, func(m attest.Mismatch) bool { return m.Truncated })
}

// fails reports whether reading a sector of the drive could have failed.
func (o *oracle) fails(e block.Extent) bool {
	unit := int64(o.sector)
	e.Offset, e.Length = e.Offset/unit*unit, unit
	shrunk := o.faults.ShrunkTo
	return len(o.readErrors.Clip(e)) > 0 || shrunk > 0 && e.End() > shrunk || o.faults.FailRequest > 0
}
