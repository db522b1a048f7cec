package session

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/durable"
	"github.com/panoscrub/panoscrub/internal/envelope"
	"github.com/panoscrub/panoscrub/internal/evidence"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/rules"
	"github.com/panoscrub/panoscrub/internal/scan"
	"github.com/panoscrub/panoscrub/internal/volume"
)

// Options is what a run needs from outside.
type Options struct {
	System  drive.System
	State   string          // the state folder, as package durable lays it out
	Signer  envelope.Signer // loaded before the run: what could not be signed is not begun
	Tool    attest.Tool
	Request Request
	Rules   *rules.Set // what is looked for, before and after; nil for the built-in rules
	// Confirm shows the plan to whoever decides. It returns how they agreed, for
	// the record, or an error, which ends the run with the target untouched.
	Confirm func(ctx context.Context, d drive.Drive, p plan.Plan) (how string, err error)
	// Emit takes each event. It is called by one goroutine at a time.
	Emit func(Event)
	Now  func() time.Time
	// Open opens the target, exclusively; nil for [Open]. It is how another way to
	// a drive than opening its node takes part, and how tests let a drive lie.
	Open func(drive.Drive, block.Mode) (block.Device, error)
}

// Request is what the operator asked for.
type Request struct {
	Target string
	Policy plan.Policy
	Label  string // as volume.CheckLabel returns it
	Stated evidence.Stated
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
	r := &run{Options: o}
	if r.Open == nil {
		r.Open = Open
	}
	if err := r.open(); err != nil {
		return Result{}, err
	}
	defer r.dev.Close()
	if err := r.prepare(ctx); err != nil {
		return Result{}, err
	}
	if err := r.begin(); err != nil {
		return Result{}, err
	}
	defer r.journal.Close()
	r.carryOut(ctx)
	return r.conclude(ctx)
}

// run is one run under way.
type run struct {
	Options
	dev     block.Device
	layout  volume.Layout
	drive   drive.Drive
	journal *durable.Journal
	file    evidence.Case

	mu    sync.Mutex // guards state and Emit
	state State
}

// open finds the target, asks the guards, and takes the target exclusively.
func (r *run) open() error {
	d, err := r.System.Resolve(r.Request.Target)
	if err != nil {
		return err
	}
	if err := d.Refused(); err != nil {
		return err
	}
	if r.layout, err = volume.NewLayout(d.Identity.SizeBytes, d.Identity.LogicalSectorBytes); err != nil {
		return err
	}
	if r.dev, err = r.Open(d, block.ReadWrite); err != nil {
		return err
	}
	// What was looked at by name must be what is now held by descriptor.
	if err := r.System.Same(d); err != nil {
		return errors.Join(err, r.dev.Close())
	}
	if size := r.dev.Size(); size != d.Identity.SizeBytes {
		return errors.Join(fmt.Errorf("%w: %d bytes were announced, %d are there", block.ErrChanged, d.Identity.SizeBytes, size), r.dev.Close())
	}
	r.drive = d
	return nil
}

// Open opens a target: a drive by its node, or an image.
func Open(d drive.Drive, mode block.Mode) (block.Device, error) {
	if d.Identity.Kind == drive.KindImage {
		return block.OpenImage(d.Path, mode)
	}
	return block.OpenDrive(d.Path, mode)
}

// prepare looks at what is on the target, makes the plan and has it confirmed.
func (r *run) prepare(ctx context.Context) error {
	started := r.Now()
	var before scan.Report
	err := r.stage(ctx, Inspect, 0, func(count *counter) (err error) {
		before, err = scan.Run(ctx, r.dev, scan.Options{Count: count, Rules: r.Rules})
		return err
	})
	if err != nil {
		return cancelled(ctx, err)
	}
	p, err := r.plan(started, before)
	if err != nil {
		return err
	}
	r.emit(Event{Kind: Planned, Plan: &p})
	var how string
	err = r.stage(ctx, Confirm, 0, func(*counter) (err error) {
		how, err = r.Confirm(ctx, r.drive, p)
		return err
	})
	if err != nil || ctx.Err() != nil {
		return cancelled(ctx, err)
	}
	r.file = evidence.Case{
		CertificateID: p.CertificateID, Started: started, Tool: r.Tool, Host: thisHost(),
		Drive: r.drive, Confirmation: how, Stated: r.Request.Stated, Plan: p, Before: before,
	}
	return nil
}

func (r *run) plan(now time.Time, before scan.Report) (plan.Plan, error) {
	var random [plan.SeedBytes + 8]byte
	_, _ = rand.Read(random[:]) // never fails: the runtime ends the program instead
	ids := random[plan.SeedBytes:]
	return plan.Make(plan.Input{
		CertificateID: attest.NewCertificateID(now, rand.Reader),
		Drive:         r.drive,
		Findings:      before,
		Policy:        r.Request.Policy,
		Seed:          random[:plan.SeedBytes],
		Speed:         r.measuredSpeed(),
		Format: plan.Format{
			Scheme: "mbr", FileSystem: r.layout.FileSystem, Label: r.Request.Label,
			StartBytes: r.layout.StartBytes, SizeBytes: r.layout.PartitionBytes, PartitionType: r.layout.PartitionType,
			// The lowest bit is set because zero means "none" in both places.
			DiskSignature: binary.LittleEndian.Uint32(ids) | 1, VolumeID: binary.LittleEndian.Uint32(ids[4:]) | 1,
			Note: r.layout.Note,
		},
	})
}

// begin makes the journal durable. After it, and not before, the target may be
// written. A drive that was swapped since it was confirmed never gets here.
func (r *run) begin() error {
	if err := r.stillSame(); err != nil {
		return err
	}
	const doing = "writing the journal, which must precede the first write: %w"
	journal, err := durable.CreateJournal(r.State, r.file.CertificateID)
	if err != nil {
		return fmt.Errorf(doing, err)
	}
	if err := journal.Append(evidence.EntryBegun, r.file); err != nil {
		return errors.Join(fmt.Errorf(doing, err), journal.Remove())
	}
	r.journal = journal
	return nil
}

// stillSame makes sure that what is open is what was confirmed, by descriptor and
// by name.
func (r *run) stillSame() error { return errors.Join(r.dev.Check(), r.System.Same(r.drive)) }

// cancelled prefers the reason for which ctx ended over what it caused.
func cancelled(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
