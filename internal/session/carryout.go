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

// carryOut does what the plan says and notes what happened. It returns nothing:
// however it ends, the record tells.
func (w *work) carryOut(ctx context.Context) {
	err := w.erase(ctx)
	if err == nil && w.agreed.Reformat && w.erasure.OK(w.agreed) {
		// A drive that did not pass is not given back as a usable stick.
		err = w.restore(ctx)
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		w.note(evidence.EntryInterrupted, evidence.Interruption{Cause: context.Cause(ctx).Error()})
	default:
		w.problem(err)
	}
}

// erase runs the passes and the read-back. Ranges that could not be written or
// read are in the case and are no error here: the rest of the drive must still
// be done.
func (w *work) erase(ctx context.Context) error {
	for i := range w.agreed.Passes {
		var pass erase.Pass
		w.stored.Store(w.agreed.Done(i + 1))
		err := w.guarded(ctx, Overwrite, i+1, func(count *counter) (err error) {
			pass, err = erase.Overwrite(ctx, w.dev, w.agreed, i+1, count, w.stored.Store)
			return err
		})
		if pass.Number != 0 { // it was begun
			w.erasure.Passes = append(w.erasure.Passes, pass)
			w.note(evidence.EntryPass, pass)
		}
		if err != nil {
			return err
		}
	}
	if err := w.defend(ctx); err != nil {
		return err
	}
	var report *verify.Report
	err := w.guarded(ctx, ReadBack, 0, func(count *counter) error {
		seen, err := erase.ReadBack(ctx, w.dev, w.agreed, count)
		report = &seen
		return err
	})
	if report != nil {
		w.erasure.ReadBack = report
		w.note(evidence.EntryReadBack, report)
	}
	return err
}

// restore formats the drive and looks at it once more.
func (w *work) restore(ctx context.Context) error {
	format := w.agreed.Format
	spec := volume.Spec{Layout: w.layout, Label: format.Label, DiskSignature: format.DiskSignature, VolumeID: format.VolumeID}
	err := w.guarded(ctx, Format, 0, func(count *counter) error {
		return volume.Make(ctx, w.dev, spec, count)
	})
	if err != nil {
		return err
	}
	return w.guarded(ctx, Recheck, 0, func(count *counter) error { return w.recheck(ctx, count) })
}

// recheck reads the new volume back with code that did not write it, and scans
// it. The data area is not read again: the read-back compared every byte of it,
// and nothing but the volume's own structures was written since.
func (w *work) recheck(ctx context.Context, count *counter) error {
	v, err := volume.Check(w.dev)
	if err != nil {
		return fmt.Errorf("checking the new volume: %w", err)
	}
	if format := w.agreed.Format; v.Label != format.Label || v.VolumeID != format.VolumeID || v.DiskSignature != format.DiskSignature {
		return errors.New("checking the new volume: it is not the one that was made")
	}
	w.note(evidence.EntryVolume, v)
	metadata := v.Metadata()
	count.Start(metadata.Bytes())
	after, err := scan.Run(ctx, metadataView{w.dev, metadata}, scan.Options{Rules: w.rules})
	if err == nil {
		// To the scan, a drive that was pulled is one that cannot be read.
		err = w.dev.Check()
	}
	if err != nil {
		return err
	}
	// The rest of the view is zeros that were never read.
	after.Coverage.BytesRead = metadata.Bytes()
	count.Add(metadata.Bytes())
	w.note(evidence.EntryAfter, after)
	return nil
}

// guarded is a stage that touches the target: before it starts, the target must
// still be what was confirmed. How far it came is noted.
func (w *work) guarded(ctx context.Context, name Stage, pass int, do func(*counter) error) error {
	at := evidence.Reached{Stage: string(name), Pass: pass}
	w.note(evidence.EntryReached, at)
	if err := w.stillSame(); err != nil {
		return fmt.Errorf("before the stage %q: %w", name, err)
	}
	return w.stage(ctx, name, pass, w.reached, func(count *counter) error {
		err := do(count)
		at.Bytes, _ = count.Load()
		w.note(evidence.EntryReached, at)
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
