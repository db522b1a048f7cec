package erase

import (
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/verify"
)

// TestOutcome is the truth table of the one condition for a PASS: all is well,
// and then one thing after the other is not.
func TestOutcome(t *testing.T) {
	const size = 1000
	good := func() (Erasure, plan.Plan) {
		return Erasure{
			Passes: []Pass{
				{Number: 1, Pattern: policy.Keyed, Bytes: size, Complete: true, Synced: true},
				{Number: 2, Pattern: policy.Keyed, Bytes: size, Complete: true, Synced: true},
			},
			ReadBack: &verify.Report{Bytes: size, Matched: size, Complete: true, Direct: true},
		}, planFor(size, 2)
	}
	if e, p := good(); !e.OK(p) || e.Shortfalls(p) != nil {
		t.Fatalf("all is well, yet %v", e.Shortfalls(p))
	}
	extent := block.Extents{{Offset: 0, Length: 512}}
	for _, c := range []struct {
		name  string
		spoil func(*Erasure, *plan.Plan)
		want  string // the only shortfall, when there is but one
	}{
		{"nothing was done", func(e *Erasure, _ *plan.Plan) { *e = Erasure{} }, ""},
		{"nothing was planned", func(e *Erasure, p *plan.Plan) { *e, *p = Erasure{}, plan.Plan{} }, ""},
		{"no passes were planned", func(e *Erasure, p *plan.Plan) { e.Passes, p.Passes = nil, nil }, "the plan has no passes"},
		{"the last pass is missing", func(e *Erasure, _ *plan.Plan) { e.Passes = e.Passes[:1] }, "pass 2 was not begun"},
		{"a pass too many", func(e *Erasure, _ *plan.Plan) { e.Passes = append(e.Passes, e.Passes[1]) }, "1 passes more than planned were made"},
		{"the wrong order", func(e *Erasure, _ *plan.Plan) { e.Passes[0], e.Passes[1] = e.Passes[1], e.Passes[0] }, ""},
		{"another pattern", func(e *Erasure, _ *plan.Plan) { e.Passes[0].Pattern = "zero" }, `pass 1 was made as pass 1 with the pattern "zero"`},
		{"an incomplete pass", func(e *Erasure, _ *plan.Plan) { e.Passes[0].Complete = false }, "pass 1 was not completed"},
		{"an unflushed pass", func(e *Erasure, _ *plan.Plan) { e.Passes[1].Synced = false }, "pass 2 was not flushed to the drive"},
		{"a failed range", func(e *Erasure, _ *plan.Plan) { e.Passes[0].Failed = extent }, "pass 1 could not write 512 bytes"},
		{"too few bytes written", func(e *Erasure, _ *plan.Plan) { e.Passes[1].Bytes-- }, "pass 2 wrote 999 of 1000 bytes"},
		{"no read-back", func(e *Erasure, _ *plan.Plan) { e.ReadBack = nil }, "the drive was not read back"},
		{"a share read back, as planned", func(e *Erasure, p *plan.Plan) {
			p.ReadBackPercent = 99
			e.ReadBack.Bytes, e.ReadBack.Matched, e.ReadBack.Excepted = 990, 990, 10
		}, ""},
		{"a share planned, and all read back", func(_ *Erasure, p *plan.Plan) { p.ReadBackPercent = 99 }, "no more than 99 % of the drive was to be read back: the rest is not proven"},
		{"an empty read-back", func(e *Erasure, _ *plan.Plan) { e.ReadBack = &verify.Report{} }, ""},
		{"an incomplete read-back", func(e *Erasure, _ *plan.Plan) { e.ReadBack.Complete = false }, "the read-back was not completed"},
		{"unreadable bytes", func(e *Erasure, _ *plan.Plan) { e.ReadBack.Unreadable = extent }, "512 bytes could not be read back"},
		{"a mismatch", func(e *Erasure, _ *plan.Plan) {
			e.ReadBack.Mismatches = []verify.Mismatch{{Class: verify.Wrapped, Bytes: 512}}
		}, "512 bytes read back are wrong: wrapped"},
		{"an exception", func(e *Erasure, _ *plan.Plan) { e.ReadBack.Excepted = 1 }, "1 bytes were left out of the read-back"},
		{"too few bytes read", func(e *Erasure, _ *plan.Plan) { e.ReadBack.Bytes, e.ReadBack.Matched = 999, 999 }, "999 of 1000 bytes were read back as written"},
		{"too few bytes matched", func(e *Erasure, _ *plan.Plan) { e.ReadBack.Matched = 0 }, "0 of 1000 bytes were read back as written"},
		{"read through the cache", func(e *Erasure, _ *plan.Plan) { e.ReadBack.Direct = false }, "the read-back may have come from this computer's cache"},
		{"a larger drive", func(_ *Erasure, p *plan.Plan) { p.Target.SizeBytes++ }, ""},
	} {
		e, p := good()
		c.spoil(&e, &p)
		missing := e.Shortfalls(p)
		if e.OK(p) || len(missing) == 0 || c.want != "" && (len(missing) != 1 || missing[0] != c.want) {
			t.Errorf("%s: %q, want %q", c.name, missing, c.want)
		}
	}
	e, p := good()
	e.ReadBack.Direct, p.Target.Kind = false, drive.KindImage
	if !e.OK(p) {
		t.Errorf("an image, read through the cache: %v", e.Shortfalls(p))
	}
}
