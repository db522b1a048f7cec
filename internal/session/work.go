package session

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/erase"
	"github.com/panoscrub/panoscrub/internal/evidence"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/rules"
	"github.com/panoscrub/panoscrub/internal/scan"
	"github.com/panoscrub/panoscrub/internal/volume"
)

// Request is what the operator asked for.
type Request struct {
	Target string          `json:"target"`
	Policy plan.Policy     `json:"policy"`
	Label  string          `json:"label"` // as volume.CheckLabel returns it
	Stated evidence.Stated `json:"stated"`
	// OwnRules are rules to look for besides the built-in ones, as package rules
	// reads them; empty for none.
	OwnRules []byte `json:"ownRules,omitempty"`
}

// Worker does what is done at a drive. It may be in another process, which has
// rights that this one has not.
type Worker interface {
	// Inspect looks at what is on a target, and writes nothing. It emits the
	// events of the stage [Inspect].
	Inspect(ctx context.Context, target string, ownRules []byte, emit func(Event)) (drive.Drive, scan.Report, error)
	// Sanitize carries out a request. An error before the desk has noted
	// [evidence.EntryBegun] means that the target was not touched. One after it
	// means that the worker was lost; all else that happens is noted.
	Sanitize(ctx context.Context, req Request, desk Desk) error
}

// Desk is the side of a run where the operator sits and the records are kept. Its
// methods are safe for concurrent use.
type Desk interface {
	// Emit tells an event. Progress may be dropped under way; nothing else may.
	Emit(Event)
	// Confirm has the plan agreed to, and returns how.
	Confirm(ctx context.Context, d drive.Drive, p plan.Plan) (how string, err error)
	// Note makes an entry of evidence durable. The first is [evidence.EntryBegun]:
	// until it has returned without error, nothing is written to the target.
	Note(kind string, v any) error
}

// Local is the [Worker] that works in this process, with the rights that it has.
type Local struct {
	System drive.System
	Tool   attest.Tool
	Access string // how the drive is reached, for the record
	Now    func() time.Time
	// Open opens the target, exclusively; nil for [Open]. It is how another way to
	// a drive than opening its node takes part, and how tests let a drive lie.
	Open func(drive.Drive, block.Mode) (block.Device, error)
	// Opened is called when the target is open, before anything on it is looked
	// at; nil for nothing. It is where a process gives up the rights that only
	// opening took.
	Opened func() error
}

// Open opens a target: a drive by its node, or an image.
func Open(d drive.Drive, mode block.Mode) (block.Device, error) {
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
func (l Local) Inspect(ctx context.Context, target string, ownRules []byte, emit func(Event)) (drive.Drive, scan.Report, error) {
	w := &work{Local: l, teller: teller{now: l.Now, out: emit}}
	if err := w.open(target, drive.Reading); err != nil {
		return drive.Drive{}, scan.Report{}, err
	}
	defer w.dev.Close()
	err := w.inspect(ctx, ownRules)
	return w.drive, w.before, err
}

// Sanitize implements [Worker].
func (l Local) Sanitize(ctx context.Context, req Request, desk Desk) error {
	w := &work{Local: l, teller: teller{now: l.Now, out: desk.Emit}, request: req, desk: desk}
	if err := w.open(req.Target, drive.Writing); err != nil {
		return err
	}
	defer w.dev.Close()
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

// work is one run as it is seen from the drive.
type work struct {
	Local
	teller
	request Request
	desk    Desk

	dev    block.Device
	drive  drive.Drive
	layout volume.Layout
	rules  *rules.Set
	before scan.Report

	agreed  plan.Plan
	erasure erase.Erasure
}

// open finds the target, asks the guards, and takes the target exclusively.
func (w *work) open(target string, purpose drive.Purpose) error {
	d, err := w.System.Resolve(target)
	if err != nil {
		return err
	}
	if err := d.RefusedFor(purpose); err != nil {
		return err
	}
	mode := block.ReadOnly
	if purpose == drive.Writing {
		mode = block.ReadWrite
		if w.layout, err = volume.NewLayout(d.Identity.SizeBytes, d.Identity.LogicalSectorBytes); err != nil {
			return err
		}
	}
	open := w.Open
	if open == nil {
		open = Open
	}
	if w.dev, err = open(d, mode); err != nil {
		return err
	}
	// What was looked at by name must be what is now held by descriptor.
	if err := w.System.Same(d); err != nil {
		return errors.Join(err, w.dev.Close())
	}
	if size := w.dev.Size(); size != d.Identity.SizeBytes {
		return errors.Join(fmt.Errorf("%w: %d bytes were announced, %d are there", block.ErrChanged, d.Identity.SizeBytes, size), w.dev.Close())
	}
	w.drive = d
	if w.Opened == nil {
		return nil
	}
	if err := w.Opened(); err != nil {
		return errors.Join(err, w.dev.Close())
	}
	return nil
}

// inspect looks at what is on the target.
func (w *work) inspect(ctx context.Context, ownRules []byte) (err error) {
	if w.rules, err = Rules(ownRules); err != nil {
		return err
	}
	err = w.stage(ctx, Inspect, 0, nil, func(count *counter) (err error) {
		w.before, err = scan.Run(ctx, w.dev, scan.Options{Count: count, Rules: w.rules})
		return err
	})
	if err != nil {
		return cancelled(ctx, err)
	}
	return nil
}

// prepare looks at the target, makes the plan and has it confirmed. What it
// returns is the case as it stands before the first write.
func (w *work) prepare(ctx context.Context) (evidence.Case, error) {
	started := w.Now()
	if err := w.inspect(ctx, w.request.OwnRules); err != nil {
		return evidence.Case{}, err
	}
	var err error
	if w.agreed, err = w.plan(started); err != nil {
		return evidence.Case{}, err
	}
	w.emit(Event{Kind: Planned, Plan: &w.agreed})
	var how string
	err = w.stage(ctx, Confirm, 0, nil, func(*counter) (err error) {
		how, err = w.desk.Confirm(ctx, w.drive, w.agreed)
		return err
	})
	if err != nil || ctx.Err() != nil {
		return evidence.Case{}, cancelled(ctx, err)
	}
	return evidence.Case{
		CertificateID: w.agreed.CertificateID, Started: started, Tool: w.Tool, Host: thisHost(), Access: w.Access,
		Drive: w.drive, Confirmation: how, Stated: w.request.Stated, Plan: w.agreed, Before: w.before,
	}, nil
}

func (w *work) plan(now time.Time) (plan.Plan, error) {
	var random [plan.SeedBytes + 8]byte
	_, _ = rand.Read(random[:]) // never fails: the runtime ends the program instead
	ids := random[plan.SeedBytes:]
	return plan.Make(plan.Input{
		CertificateID: attest.NewCertificateID(now, rand.Reader),
		Drive:         w.drive,
		Findings:      w.before,
		Policy:        w.request.Policy,
		Seed:          random[:plan.SeedBytes],
		Speed:         w.measuredSpeed(),
		Format: plan.Format{
			Scheme: "mbr", FileSystem: w.layout.FileSystem, Label: w.request.Label,
			StartBytes: w.layout.StartBytes, SizeBytes: w.layout.PartitionBytes, PartitionType: w.layout.PartitionType,
			// The lowest bit is set because zero means "none" in both places.
			DiskSignature: binary.LittleEndian.Uint32(ids) | 1, VolumeID: binary.LittleEndian.Uint32(ids[4:]) | 1,
			Note: w.layout.Note,
		},
	})
}

// stillSame makes sure that what is open is what was confirmed, by descriptor and
// by name.
func (w *work) stillSame() error { return errors.Join(w.dev.Check(), w.System.Same(w.drive)) }

// cancelled prefers the reason for which ctx ended over what it caused.
func cancelled(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
