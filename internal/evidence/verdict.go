package evidence

import (
	"fmt"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/scan"
)

// Verdict judges a case. PASS needs everything: the whole plan carried out and
// every byte read back, where the policy formats the volume checked and empty and
// nothing found on it, and an end that was reached. FAIL needs a fault of the drive; whatever else ended early is
// INCOMPLETE. The reasons are empty for PASS, and only for PASS.
func (c Case) Verdict() (verdict string, reasons []string) {
	early := c.endedEarly()
	if faults := c.faults(); len(faults) > 0 {
		return attest.Fail, append(faults, early...)
	}
	if reasons = append(early, c.missing()...); len(reasons) > 0 {
		return attest.Incomplete, reasons
	}
	return attest.Pass, []string{}
}

// faults are the reasons that speak against the drive.
func (c Case) faults() (reasons []string) {
	add := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }
	for _, p := range c.Erasure.Passes {
		if n := p.Failed.Bytes(); n > 0 {
			add("pass %d: %d bytes could not be written, the first at byte %d: what they held is still there", p.Number, n, p.Failed[0].Offset)
		}
	}
	if r := c.Erasure.ReadBack; r != nil {
		if n := r.Unreadable.Bytes(); n > 0 {
			add("%d bytes could not be read back, the first at byte %d", n, r.Unreadable[0].Offset)
		}
		for _, m := range r.Mismatches {
			add("%d bytes read back are %s, the first at byte %d", m.Bytes, mismatchWords[string(m.Class)], firstOffset(m.Extents))
		}
		if r.Complete && c.Plan.Last().TellsPlaces() && r.Matched < c.Plan.Target.SizeBytes-r.Excepted {
			add("the drive announces %d bytes, and %d of them held their own data", c.Plan.Target.SizeBytes, r.Matched)
		}
	}
	if c.After != nil && c.After.Verdict != scan.Clean {
		add("the scan after the format is not clean: %d findings", len(c.After.Findings))
	}
	for _, p := range c.Problems {
		if p.Fault {
			add("%s", p.Text)
		}
	}
	return reasons
}

var mismatchWords = map[string]string{
	"never-written": "something that this run did not write",
	"wrapped":       "what was written for another address: the drive has less memory than it announces",
	"stale":         "what another pass wrote there",
	"corrupt":       "damaged",
}

func firstOffset(extents block.Extents) int64 {
	if len(extents) == 0 {
		return 0
	}
	return extents[0].Offset
}

// endedEarly are the reasons for which a run did not go on.
func (c Case) endedEarly() (reasons []string) {
	if c.Interruption != nil {
		where := "before its first stage"
		if c.Reached.Stage != "" {
			where = fmt.Sprintf("in the stage %q", c.Reached.Stage)
		}
		reasons = append(reasons, fmt.Sprintf("the run ended early, %s: %s", where, c.Interruption.Cause))
	}
	for _, p := range c.Problems {
		if !p.Fault {
			reasons = append(reasons, p.Text)
		}
	}
	return reasons
}

// missing is everything that is not there of what a PASS needs.
func (c Case) missing() []string {
	reasons := c.Erasure.Shortfalls(c.Plan)
	if !c.Plan.Reformat {
		if c.Volume != nil {
			reasons = append(reasons, "a file system was made, and the policy asks for none")
		}
		return reasons
	}
	if c.Volume == nil {
		reasons = append(reasons, "no new file system was made and checked")
	}
	if c.After == nil {
		reasons = append(reasons, "the drive was not scanned after a format")
	}
	return reasons
}
