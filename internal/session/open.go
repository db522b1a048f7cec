package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/release"
	"github.com/panoscrub/panoscrub/internal/volume"
)

// open finds the target, gets it free, asks the guards, and takes it exclusively.
func (w *work) open(ctx context.Context, look Look, purpose drive.Purpose) error {
	d, err := w.free(ctx, look, purpose)
	if err != nil {
		return err
	}
	mode := block.ReadOnly
	if purpose == drive.Writing {
		mode = block.ReadWrite
	}
	if w.request.Policy.Reformat {
		if w.layout, err = volume.NewLayout(d.Identity.SizeBytes, d.Identity.LogicalSectorBytes); err != nil {
			return err
		}
	}
	return w.take(ctx, d, mode)
}

// take opens a drive and makes sure that it is the one that was looked at. It closes
// what it cannot use.
func (w *work) take(ctx context.Context, d drive.Drive, mode block.Mode) (err error) {
	open := w.Open
	if open == nil {
		open = Open
	}
	if w.dev, err = open(ctx, d, mode); err != nil {
		return err
	}
	w.drive = d
	if err := w.opened(); err != nil {
		return errors.Join(err, w.dev.Close())
	}
	return nil
}

// opened makes sure that what is now held by descriptor is what was looked at by
// name.
func (w *work) opened() error {
	if err := w.System.Same(w.drive); err != nil {
		return err
	}
	if size := w.dev.Size(); size != w.drive.Identity.SizeBytes {
		return fmt.Errorf("%w: %d bytes were announced, %d are there", block.ErrChanged, w.drive.Identity.SizeBytes, size)
	}
	if w.Opened == nil {
		return nil
	}
	return w.Opened()
}

// free takes down what stands on the target, as far as that needs nobody's word or
// was agreed to, and then has the guards say that it may be used.
func (w *work) free(ctx context.Context, look Look, purpose drive.Purpose) (drive.Drive, error) {
	d, err := w.System.Resolve(look.Target)
	if err != nil || d.RefusedFor(purpose) == nil {
		return d, err
	}
	p, err := release.Find(w.System, d, purpose)
	if err != nil {
		return d, err
	}
	if beyond := p.Beyond(look.Agreed); len(beyond) > 0 {
		return d, &release.NotAgreedError{Path: d.Path, Steps: beyond, Refused: d.RefusedFor(purpose)}
	}
	take := w.Release
	if take == nil {
		take = release.Plan.Do
	}
	if err := take(p, ctx); err != nil {
		return d, cancelled(ctx, err)
	}
	for _, s := range p.Steps {
		w.emit(Event{Kind: Notice, Text: "to get the drive free: " + s.Sentence()})
	}
	if d, err = w.System.Resolve(look.Target); err != nil {
		return d, err
	}
	return d, d.RefusedFor(purpose)
}
