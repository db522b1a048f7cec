package erase

import (
	"fmt"

	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/policy"
)

// OK reports whether the plan was carried out in full and proven by reading
// everything back. It is the one condition for a PASS, as far as erasing goes.
func (e Erasure) OK(p plan.Plan) bool { return len(e.Shortfalls(p)) == 0 }

// Shortfalls says in words everything that is missing to a PASS. A plan that has
// only a share of the drive read back can never come to one.
func (e Erasure) Shortfalls(p plan.Plan) []string {
	var missing []string
	if len(p.Passes) == 0 {
		missing = append(missing, "the plan has no passes")
	}
	for i, pattern := range p.Passes {
		if i >= len(e.Passes) {
			missing = append(missing, fmt.Sprintf("pass %d was not begun", i+1))
			continue
		}
		missing = append(missing, e.Passes[i].shortfalls(i+1, pattern, p.Target.SizeBytes)...)
	}
	if extra := len(e.Passes) - len(p.Passes); extra > 0 {
		missing = append(missing, fmt.Sprintf("%d passes more than planned were made", extra))
	}
	if p.Sampled() {
		missing = append(missing, fmt.Sprintf("no more than %d %% of the drive was to be read back: the rest is not proven", p.ReadBackPercent))
	}
	return append(missing, e.readBackShortfalls(p.Target)...)
}

func (p Pass) shortfalls(number int, pattern policy.Pattern, size int64) (missing []string) {
	add := func(format string, args ...any) {
		missing = append(missing, fmt.Sprintf("pass %d ", number)+fmt.Sprintf(format, args...))
	}
	if p.Number != number || p.Pattern != pattern {
		add("was made as pass %d with the pattern %q", p.Number, p.Pattern)
	}
	if !p.Complete {
		add("was not completed")
	}
	if failed := p.Failed.Bytes(); failed > 0 {
		add("could not write %d bytes", failed)
	}
	if p.Bytes != size {
		add("wrote %d of %d bytes", p.Bytes, size)
	}
	if !p.Synced {
		add("was not flushed to the drive")
	}
	return missing
}

func (e Erasure) readBackShortfalls(target plan.Target) (missing []string) {
	add := func(format string, args ...any) {
		missing = append(missing, fmt.Sprintf(format, args...))
	}
	r := e.ReadBack
	if r == nil {
		return []string{"the drive was not read back"}
	}
	if !r.Complete {
		add("the read-back was not completed")
	}
	if unreadable := r.Unreadable.Bytes(); unreadable > 0 {
		add("%d bytes could not be read back", unreadable)
	}
	for _, m := range r.Mismatches {
		add("%d bytes read back are wrong: %s", m.Bytes, m.Class)
	}
	if r.Excepted != 0 {
		add("%d bytes were left out of the read-back", r.Excepted)
	}
	if r.Bytes != target.SizeBytes || r.Matched != target.SizeBytes {
		add("%d of %d bytes were read back as written", r.Matched, target.SizeBytes)
	}
	// An image is what its file holds, and the host's cache is part of that file.
	if !r.Direct && !target.Image() {
		add("the read-back may have come from this computer's cache")
	}
	return missing
}
