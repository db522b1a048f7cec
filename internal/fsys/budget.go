package fsys

import "context"

// MaxEntries is how many entries are told of a file system whose directories are
// made of slots. What lies beyond the limits of a walk is left out, with a note.
const MaxEntries = 1_000_000

const (
	maxSlots = 16 << 20
	// spareSteps is for guesses about deleted files, which may overlap.
	spareSteps = 64 << 20
)

// Budget is what one walk through directories of slots, and along chains of
// clusters, may still do. It notes why it was used up.
type Budget struct {
	Ctx   context.Context
	Steps int64 // along chains that may still be taken

	notes          *Notes
	entries, slots int
}

// NewBudget returns the budget of a walk that ctx ends. Each cluster belongs to
// one chain at most, so that following them all takes a step for each.
func NewBudget(ctx context.Context, notes *Notes, clusters uint32) Budget {
	return Budget{Ctx: ctx, Steps: 2*int64(clusters) + spareSteps, notes: notes}
}

// Step takes one step along a chain; false when there were too many, or the walk
// is cancelled.
func (b *Budget) Step() bool {
	if b.Steps--; b.Steps < 0 {
		b.notes.Add("the chains of clusters take too many steps; some files are not followed to their end")
		return false
	}
	return b.Steps%4096 != 0 || b.Ctx.Err() == nil
}

// Slot counts a slot that is looked at; its error is [ErrLimit].
func (b *Budget) Slot() error {
	if b.slots++; b.slots > maxSlots {
		b.notes.Add("the directories have more than %d slots; the rest is left out", maxSlots)
		return ErrLimit
	}
	return nil
}

// Entry counts an entry that is told; its error is [ErrLimit], or that of the
// context.
func (b *Budget) Entry() error {
	if b.entries == MaxEntries {
		b.notes.Add("there are more than %d entries; the rest is left out", MaxEntries)
		return ErrLimit
	}
	b.entries++
	return b.Ctx.Err()
}
