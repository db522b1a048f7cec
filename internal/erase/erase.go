// Package erase carries out a plan's passes and reads the drive back.
package erase

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/progress"
	"github.com/panoscrub/panoscrub/internal/verify"
)

// Erasure is what really happened, range by range.
type Erasure struct {
	Passes   []Pass         `json:"passes"`
	Defence  *Defence       `json:"defence,omitempty"`  // nil when it was not reached
	ReadBack *verify.Report `json:"readBack,omitempty"` // nil when it was not reached
}

// Pass is one pass as it was carried out.
type Pass struct {
	Number   int            `json:"number"` // from 1
	Pattern  policy.Pattern `json:"pattern"`
	Bytes    int64          `json:"bytes"`    // accepted by the device, in an earlier run too
	Stored   int64          `json:"stored"`   // from the drive's start on: accepted, and flushed since
	Failed   block.Extents  `json:"failed"`   // the write failed here
	Complete bool           `json:"complete"` // every byte was tried
	Synced   bool           `json:"synced"`   // the flush at the end succeeded
	Duration time.Duration  `json:"durationNs"`
}

// ErrPlan says that a plan cannot be carried out, or not on this device. Nothing
// was written.
var ErrPlan = errors.New("the plan cannot be carried out")

// Overwrite carries out the plan's pass of that number, counted from 1, over every
// byte of dev, and flushes it.
//
// Ranges that cannot be written are in the pass and no error. The error is
// [ErrPlan] or what dev.Check said, before the first write; ctx's when it ended;
// what a drive said that went away; or what the flush said. The pass tells how
// far it came in each case. count counts bytes that were tried. Now and then the
// drive is flushed, and stored, unless it is nil, is told how far it is.
//
// What the plan says that an earlier run has done is not done again.
func Overwrite(ctx context.Context, dev block.Device, p plan.Plan, number int, count *progress.Counter, stored func(bytes int64)) (Pass, error) {
	started := time.Now()
	pass := Pass{Number: number}
	if number < 1 || number > len(p.Passes) {
		return pass, fmt.Errorf("%w: it has no pass %d", ErrPlan, number)
	}
	pass.Pattern = p.Passes[number-1]
	g, err := newGenerator(p, number)
	if err != nil {
		return pass, err
	}
	if err := ready(ctx, dev, p); err != nil {
		return pass, err
	}
	count.Start(dev.Size())
	pass.Bytes, pass.Stored = p.Done(number), p.Done(number)
	count.Add(pass.Bytes)
	w := newWriter(dev, &pass)
	w.tried, w.stored = count.Add, stored
	err = w.all(ctx, g)
	pass.Complete = err == nil && pass.Bytes+pass.Failed.Bytes() == dev.Size()
	flushed := w.flush()
	pass.Synced = flushed == nil
	if err == nil {
		err = flushed
	}
	pass.Duration = time.Since(started)
	return pass, err
}

// ReadBack reads as much of the drive as the plan says, and compares it with what
// the last pass wrote. The report and the error are those of verify.Run.
//
// This host's cache is out of the way where the report says Direct. The drive's
// own answers for whatever it holds, unless [Defend] was called before.
func ReadBack(ctx context.Context, dev block.Device, p plan.Plan, count *progress.Counter) (verify.Report, error) {
	seed, seedErr := hex.DecodeString(p.Seed)
	digest, digestErr := hex.DecodeString(p.Target.IdentityDigest)
	if err := errors.Join(seedErr, digestErr); err != nil {
		return verify.Report{}, fmt.Errorf("%w: the seed or the drive's digest is not hex", ErrPlan)
	}
	if err := ready(ctx, dev, p); err != nil {
		return verify.Report{}, err
	}
	spec := verify.Spec{Seed: seed, DriveDigest: digest, Pass: len(p.Passes), Percent: p.ReadBackPercent}
	for _, pattern := range p.Passes {
		spec.Passes = append(spec.Passes, string(pattern))
	}
	return verify.Run(ctx, dev, spec, count)
}

// ready makes sure that dev is the drive that the plan is for, as far as a device
// can tell.
func ready(ctx context.Context, dev block.Device, p plan.Plan) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if dev.Size() != p.Target.SizeBytes || dev.Size() <= 0 {
		return fmt.Errorf("%w: it is for a drive of %d bytes, this one has %d", ErrPlan, p.Target.SizeBytes, dev.Size())
	}
	return dev.Check()
}
