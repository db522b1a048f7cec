package session

import (
	"context"
	"time"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/audit"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/evidence"
	"github.com/panoscrub/panoscrub/internal/release"
	"github.com/panoscrub/panoscrub/internal/rules"
	"github.com/panoscrub/panoscrub/internal/scan"
)

// Local is the [Worker] that works in this process, with the rights that it has.
type Local struct {
	System drive.System
	Tool   attest.Tool
	Access string // how the drive is reached, for the record
	Now    func() time.Time
	// Open opens the target, exclusively; nil for [Open]. It is how another way to
	// a drive than opening its node takes part, and how tests let a drive lie.
	Open func(context.Context, drive.Drive, block.Mode) (block.Device, error)
	// Release gets a drive free; nil for [release.Plan.Do].
	Release func(release.Plan, context.Context) error
	// Replug has the operator pull a drive out and plug it in again, and returns
	// whether they say that it was done. It is nil where nobody is there to do so, and
	// for a process which could not open the drive again. because is why the drive is
	// not just reset.
	Replug func(ctx context.Context, d drive.Drive, because string) (done bool, err error)
	// Opened is called when the target is open, before anything on it is looked
	// at; nil for nothing. It is where a process gives up the rights that only
	// opening took.
	Opened func() error
}

// Open opens a target: a drive by its node, or an image.
func Open(_ context.Context, d drive.Drive, mode block.Mode) (block.Device, error) {
	if d.Identity.Kind == drive.KindImage {
		return block.OpenImage(d.Path, mode)
	}
	return block.OpenDrive(d.Path, mode)
}

// Rules are the built-in rules with an operator's own.
func Rules(own []byte) (*rules.Set, error) {
	if len(own) == 0 {
		return rules.Builtin(), nil
	}
	parsed, err := rules.Parse(own)
	if err != nil {
		return nil, err
	}
	return rules.With(parsed)
}

// Inspect implements [Worker].
func (l Local) Inspect(ctx context.Context, look Look, emit func(Event)) (drive.Drive, scan.Report, error) {
	w := &work{Local: l, teller: teller{now: l.Now, out: emit}}
	if err := w.open(ctx, look, drive.Reading); err != nil {
		return drive.Drive{}, scan.Report{}, err
	}
	defer w.dev.Close()
	err := w.inspect(ctx, look.OwnRules)
	return w.drive, w.before, err
}

// Audit implements [Worker]. Whose drive it is comes first: what is on another one
// is nobody's business.
func (l Local) Audit(ctx context.Context, look Look, s attest.Statement, emit func(Event)) (problems []attest.Problem, err error) {
	w := &work{Local: l, teller: teller{now: l.Now, out: emit}}
	if err := w.open(ctx, look, drive.Reading); err != nil {
		return nil, err
	}
	defer w.dev.Close()
	if problems := audit.Comparable(w.drive.Identity, s); len(problems) > 0 {
		return problems, nil
	}
	err = w.stage(ctx, ReadBack, 0, nil, func(count *counter) (err error) {
		problems, err = audit.Contents(ctx, w.dev, s, count)
		return err
	})
	if err != nil {
		return nil, cancelled(ctx, err)
	}
	return problems, nil
}

// Sanitize implements [Worker].
func (l Local) Sanitize(ctx context.Context, req Request, desk Desk) error {
	w := &work{Local: l, teller: teller{now: l.Now, out: desk.Emit}, request: req, desk: desk}
	if err := w.open(ctx, req.Look, drive.Writing); err != nil {
		return err
	}
	defer func() { w.dev.Close() }() // which may be another one by then
	begun, err := w.prepare(ctx)
	if err != nil {
		return err
	}
	// A drive that was swapped since it was confirmed gets no further.
	if err := w.stillSame(); err != nil {
		return err
	}
	if err := w.desk.Note(evidence.EntryBegun, begun); err != nil {
		return err
	}
	w.carryOut(ctx)
	return nil
}
