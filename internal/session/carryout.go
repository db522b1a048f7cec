package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/erase"
	"github.com/panoscrub/panoscrub/internal/evidence"
	"github.com/panoscrub/panoscrub/internal/scan"
	"github.com/panoscrub/panoscrub/internal/verify"
	"github.com/panoscrub/panoscrub/internal/volume"
)

// carryOut does what the plan says and puts what happened into the case. It
// returns nothing: however it ends, the record tells.
func (r *run) carryOut(ctx context.Context) {
	err := r.erase(ctx)
	if err == nil && r.file.Erasure.OK(r.file.Plan) {
		// A drive that did not pass is not given back as a usable stick.
		err = r.restore(ctx)
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		r.file.Interruption = &evidence.Interruption{Cause: context.Cause(ctx).Error()}
	default:
		r.problem(err)
	}
}

// erase runs the passes and the read-back. Ranges that could not be written or
// read are in the case and are no error here: the rest of the drive must still
// be done.
func (r *run) erase(ctx context.Context) error {
	for _, planned := range r.file.Plan.Passes {
		var pass erase.Pass
		err := r.guarded(ctx, Overwrite, planned.Number, func(count *counter) (err error) {
			pass, err = erase.Overwrite(ctx, r.dev, r.file.Plan, planned.Number, count)
			return err
		})
		if pass.Number != 0 { // it was begun
			r.file.Erasure.Passes = append(r.file.Erasure.Passes, pass)
			r.note(evidence.EntryPass, pass)
		}
		if err != nil {
			return err
		}
	}
	var report *verify.Report
	err := r.guarded(ctx, ReadBack, 0, func(count *counter) error {
		seen, err := erase.ReadBack(ctx, r.dev, r.file.Plan, count)
		report = &seen
		return err
	})
	if report != nil {
		r.file.Erasure.ReadBack = report
		r.note(evidence.EntryReadBack, report)
	}
	return err
}

// restore formats the drive and looks at it once more.
func (r *run) restore(ctx context.Context) error {
	format := r.file.Plan.Format
	spec := volume.Spec{Layout: r.layout, Label: format.Label, DiskSignature: format.DiskSignature, VolumeID: format.VolumeID}
	err := r.guarded(ctx, Format, 0, func(count *counter) error {
		return volume.Make(ctx, r.dev, spec, count)
	})
	if err != nil {
		return err
	}
	return r.guarded(ctx, Recheck, 0, func(count *counter) error { return r.recheck(ctx, count) })
}

// recheck reads the new volume back with code that did not write it, and scans
// it. The data area is not read again: the read-back compared every byte of it,
// and nothing but the volume's own structures was written since.
func (r *run) recheck(ctx context.Context, count *counter) error {
	v, err := volume.Check(r.dev)
	if err != nil {
		return fmt.Errorf("checking the new volume: %w", err)
	}
	if format := r.file.Plan.Format; v.Label != format.Label || v.VolumeID != format.VolumeID || v.DiskSignature != format.DiskSignature {
		return errors.New("checking the new volume: it is not the one that was made")
	}
	r.file.Volume = &v
	r.note(evidence.EntryVolume, v)
	metadata := v.Metadata()
	count.Start(metadata.Bytes())
	after, err := scan.Run(ctx, metadataView{r.dev, metadata}, scan.Options{Rules: r.Rules})
	if err != nil {
		return err
	}
	// The rest of the view is zeros that were never read.
	after.Coverage.BytesRead = metadata.Bytes()
	count.Add(metadata.Bytes())
	r.file.After = &after
	r.note(evidence.EntryAfter, after)
	return nil
}

// guarded is a stage that touches the target: before it starts, the target must
// still be what was confirmed.
func (r *run) guarded(ctx context.Context, name Stage, pass int, work func(*counter) error) error {
	r.file.Reached = evidence.Reached{Stage: string(name), Pass: pass}
	r.note(evidence.EntryReached, r.file.Reached)
	if err := r.stillSame(); err != nil {
		return fmt.Errorf("before the stage %q: %w", name, err)
	}
	return r.stage(ctx, name, pass, func(count *counter) error {
		err := work(count)
		r.file.Reached.Bytes, _ = count.Load()
		return err
	})
}

// metadataView shows a device's bytes inside some extents and zeros elsewhere.
type metadataView struct {
	block.Reader
	extents block.Extents
}

func (m metadataView) ReadAt(p []byte, off int64) (int, error) {
	end := off + int64(len(p))
	if off < 0 || end > m.Size() {
		return 0, block.ErrOutOfRange
	}
	clear(p)
	r := block.AnyReader(m.Reader)
	for _, e := range m.extents {
		start, stop := max(e.Offset, off), min(e.End(), end)
		if start >= stop {
			continue
		}
		if _, err := r.ReadAt(p[start-off:stop-off], start); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}
