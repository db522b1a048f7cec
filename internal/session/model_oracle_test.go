package session_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
)

// oracle holds a record against the drive. It knows the old content, what was seen at
// the drive, and how the patterns are described; and none of the program.
type oracle struct {
	ended
	passes [][]byte // what each pass writes
	wrong  []string
}

func (o *oracle) want(ok bool, format string, args ...any) {
	if !ok {
		o.wrong = append(o.wrong, fmt.Sprintf(format, args...))
	}
}

// judged is what is untrue in the record of a run.
func judged(e ended) error {
	o := &oracle{ended: e, wrong: e.protested}
	for i := range e.PolicyDocument.Passes {
		bytes, err := written(e.Predicate, i+1, e.size)
		if err != nil {
			return err
		}
		o.passes = append(o.passes, bytes)
	}
	o.passed()
	o.resumed()
	o.overwritten()
	o.readBack()
	o.defended()
	o.interrupted()
	o.deserved()
	if len(o.wrong) > 0 {
		return fmt.Errorf("the record %s says %s, %q: %s", e.CertificateID, e.Verdict, e.Reasons, strings.Join(o.wrong, "; "))
	}
	return nil
}

// resumedTo is how much of a pass the record says that earlier runs did.
func (o *oracle) resumedTo(pass int) int64 {
	if len(o.Resumes) == 0 {
		return 0
	}
	switch last := o.Resumes[len(o.Resumes)-1]; {
	case pass < last.Pass:
		return o.size
	case pass == last.Pass:
		return last.Bytes
	}
	return 0
}

// resumed: each earlier run is one that ended early, under the same policy and seed, and
// what it is said to have stored was accepted and flushed by it or by those before it.
func (o *oracle) resumed() {
	for i, r := range o.Resumes {
		e, known := o.runs[r.CertificateID]
		if !known {
			o.want(false, "it goes on with %s, and there was no such run", r.CertificateID)
			return
		}
		same := e.Pattern.Seed == o.Pattern.Seed && e.Validation.PolicyDigest == o.Validation.PolicyDigest
		o.want(e.Verdict == attest.Incomplete && same, "it goes on with %s, which ended as %s, under %s", r.CertificateID, e.Verdict, e.Policy)
		o.want(len(e.Resumes) == i, "it goes on with %d runs, %s with %d", len(o.Resumes), r.CertificateID, len(e.Resumes))
		earlier := oracle{ended: e}
		for pass := 1; pass <= r.Pass && pass <= len(o.passes); pass++ {
			claimed := o.size
			if pass == r.Pass {
				claimed = r.Bytes
			}
			o.want(covers(with(e.synced[pass], earlier.resumedTo(pass)), claimed), "%s is said to have stored %d bytes of pass %d", r.CertificateID, claimed, pass)
		}
	}
}

// with is a set with everything up to a byte.
func with(set block.Extents, to int64) block.Extents {
	set = slices.Clone(set)
	set.Add(block.Extent{Offset: 0, Length: to})
	return set
}

// covers reports whether everything up to a byte is in a set.
func covers(set block.Extents, to int64) bool {
	return set.Clip(block.Extent{Offset: 0, Length: to}).Bytes() == to
}

// defended: what is said to have emptied the stick's cache did.
func (o *oracle) defended() {
	if v := o.Verification; v != nil {
		o.want(v.CacheDefence == o.emptied || o.emptied == "" && v.CacheDefence == attest.CacheDefenceNone, "the defence is said to be %q, and it was %q", v.CacheDefence, o.emptied)
	}
}

// interrupted: a run is said to have ended in the stage in which it did.
func (o *oracle) interrupted() {
	if i := o.Interrupted; i != nil {
		o.want(i.Stage == o.reached.Stage && i.Pass == o.reached.Pass, "it is said to have ended in %q, pass %d, and it was in %q, pass %d",
			i.Stage, i.Pass, o.reached.Stage, o.reached.Pass)
	}
}

// deserved: a drive that did nothing wrong is not said to, and passes where the policy
// lets it and nothing else stood in its way.
func (o *oracle) deserved() {
	faults := int64(0)
	for _, p := range o.Passes {
		faults += p.Failed.Bytes
	}
	if v := o.Verification; v != nil {
		faults += v.Unreadable.Bytes + int64(len(v.Mismatches))
	}
	o.want(o.Verdict == attest.Fail || faults == 0, "the drive is not said to be at fault")
	if !o.blameless() {
		return
	}
	o.want(o.Verdict != attest.Fail, "the drive did nothing wrong")
	full := o.PolicyDocument.ReadBackPercent == 100
	ended := o.trial.done || o.event == signing
	o.want(o.Verdict == attest.Pass || !full || ended || o.away(), "nothing stood in its way")
}

// blameless reports whether the drive was an honest one without faults, and nobody else
// used it, in this run and in those that it went on with.
func (o *oracle) blameless() bool {
	for _, r := range o.Resumes {
		if !o.runs[r.CertificateID].faultless() {
			return false
		}
	}
	return o.honest() && o.faultless() && !o.touched()
}

func (t *trial) faultless() bool { return reflect.DeepEqual(t.faults, blocktest.Faults{}) }

// touched reports whether others used the stick since the run began.
func (t *trial) touched() bool { return t.uses != t.world.uses }

// away reports whether the stick did not come back to who had it open, or another did.
func (t *trial) away() bool {
	asked := t.lies.ResetError != nil && (t.replug == swapsIt || t.replug == losesIt)
	return asked || t.returns && t.helper
}
