package session

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"time"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/erase"
	"github.com/panoscrub/panoscrub/internal/evidence"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/rules"
	"github.com/panoscrub/panoscrub/internal/scan"
	"github.com/panoscrub/panoscrub/internal/volume"
)

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
	stored  atomic.Int64 // bytes of the present pass that the drive has stored
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
	var random [policy.SeedBytes + 8]byte
	_, _ = rand.Read(random[:]) // never fails: the runtime ends the program instead
	seed, ids := random[:policy.SeedBytes], random[policy.SeedBytes:]
	var runs []plan.Run
	if resume := w.request.Resume; resume != nil {
		seed, runs = resume.Seed, resume.Runs
	}
	return plan.Make(plan.Input{
		CertificateID: attest.NewCertificateID(now, rand.Reader),
		Drive:         w.drive,
		Findings:      w.before,
		Policy:        w.request.Policy,
		Seed:          seed,
		Resumes:       runs,
		Speed:         w.measuredSpeed(),
		Format:        w.format(ids),
	})
}

// format is the volume to be made, if the policy asks for one.
func (w *work) format(ids []byte) plan.Format {
	if !w.request.Policy.Reformat {
		return plan.Format{}
	}
	return plan.Format{
		Scheme: "mbr", FileSystem: w.layout.FileSystem, Label: w.request.Label,
		StartBytes: w.layout.StartBytes, SizeBytes: w.layout.PartitionBytes, PartitionType: w.layout.PartitionType,
		// The lowest bit is set because zero means "none" in both places.
		DiskSignature: binary.LittleEndian.Uint32(ids) | 1, VolumeID: binary.LittleEndian.Uint32(ids[4:]) | 1,
		Note: w.layout.Note,
	}
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
