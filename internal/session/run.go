package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/durable"
	"github.com/panoscrub/panoscrub/internal/envelope"
	"github.com/panoscrub/panoscrub/internal/evidence"
	"github.com/panoscrub/panoscrub/internal/plan"
)

// Options is what a run needs from outside.
type Options struct {
	State   string          // the state folder, as package durable lays it out
	Signer  envelope.Signer // loaded before the run: what could not be signed is not begun
	Request Request
	Worker  Worker // does what is done at the drive
	// Confirm shows the plan to whoever decides. It returns how they agreed, for
	// the record, or an error, which ends the run with the target untouched.
	Confirm func(ctx context.Context, d drive.Drive, p plan.Plan) (how string, err error)
	// Emit takes each event. It is called by one goroutine at a time.
	Emit func(Event)
	Now  func() time.Time
}

// ErrDeclined is what Confirm returns when the operator did not agree.
var ErrDeclined = errors.New("not confirmed")

// RecordError says that a run ended, and that its record could not be stored. The
// journal keeps it, and the next start stores it.
type RecordError struct {
	Verdict string // that the run came to
	Signed  bool   // the journal holds the record, which only has to be stored
	Err     error
}

func (e *RecordError) Error() string {
	return fmt.Sprintf("the run came to the verdict %s, but its record could not be stored: %v", e.Verdict, e.Err)
}

func (e *RecordError) Unwrap() error { return e.Err }

// Sanitize runs the whole flow on one target.
//
// Until the journal is durable nothing is written to the target, and every error
// means that it was not touched. From then on the run always ends in a record:
// the returned Result tells its verdict, and the error is nil, the cause of a
// cancelled ctx, or a *[RecordError].
func Sanitize(ctx context.Context, o Options) (Result, error) {
	r := &run{Options: o, ctx: ctx, teller: teller{now: o.Now, out: o.Emit}}
	err := o.Worker.Sanitize(ctx, o.Request, r)
	if r.journal == nil {
		return Result{}, err
	}
	defer r.journal.Close()
	if err != nil {
		r.lost(err)
	}
	return r.conclude(ctx)
}

// run is one run as it is seen from the [Desk], which it is.
type run struct {
	Options
	teller
	ctx context.Context

	mu      sync.Mutex // guards what follows
	agreed  string     // digest of the plan that was confirmed
	journal *durable.Journal
	file    evidence.Case // what the journal tells, and nothing else
}

// Emit implements [Desk].
func (r *run) Emit(e Event) { r.teller.emit(e) }

// Confirm implements [Desk].
func (r *run) Confirm(ctx context.Context, d drive.Drive, p plan.Plan) (string, error) {
	// Where the operator agrees beforehand, nobody reads the plan.
	if p.Policy.Digest() != r.Request.Policy.Digest() {
		return "", fmt.Errorf("the plan is under the policy %.60q, which is not the one that was asked for", p.Policy.ID)
	}
	how, err := r.Options.Confirm(ctx, d, p)
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.agreed = p.Digest()
	}
	return how, err
}

// Note implements [Desk]. The record is made of what was noted.
func (r *run) Note(kind string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("the entry %q: %w", kind, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if (r.journal == nil) != (kind == evidence.EntryBegun) {
		return fmt.Errorf("the entry %q is out of order", kind)
	}
	if kind == evidence.EntryBegun {
		return r.begin(data)
	}
	if err := r.file.Replay(kind, data); err != nil {
		return err
	}
	return r.journal.Append(kind, json.RawMessage(data))
}

// begin makes the journal durable. After it, and not before, the target may be
// written.
func (r *run) begin(data []byte) error {
	// The worker may be far away, and not know yet.
	if err := r.ctx.Err(); err != nil {
		return context.Cause(r.ctx)
	}
	const doing = "writing the journal, which must precede the first write: %w"
	if err := r.file.Replay(evidence.EntryBegun, data); err != nil {
		return err
	}
	if r.file.Plan.Digest() != r.agreed {
		return errors.New("the plan that would be carried out is not the one that was confirmed")
	}
	journal, err := durable.CreateJournal(r.State, r.file.CertificateID)
	if err != nil {
		return fmt.Errorf(doing, err)
	}
	if err := journal.Append(evidence.EntryBegun, json.RawMessage(data)); err != nil {
		return errors.Join(fmt.Errorf(doing, err), journal.Remove())
	}
	r.journal = journal
	return nil
}

// lost notes that the worker went away in the middle: what it was doing, and how
// it ended, is known as far as it has told.
func (r *run) lost(err error) {
	note := evidence.Interruption{Cause: err.Error()}
	if err := r.Note(evidence.EntryInterrupted, note); err != nil {
		r.emit(journalNotice(err))
	}
}
