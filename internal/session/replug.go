package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/erase"
	"github.com/panoscrub/panoscrub/internal/evidence"
)

// A drive that a person has just plugged in is there within seconds.
var returnWait = 30 * time.Second

const returnPause = 200 * time.Millisecond

// defend keeps the drive's own cache from answering the read-back: by a reset, or
// else by pulling the drive out, if anybody is there to do that.
func (w *work) defend(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	defence, err := erase.Defend(w.dev)
	switch {
	case !pluggable(w.drive):
	case errors.Is(err, block.ErrGone) && w.Opened == nil:
		// Some drives come back from a reset as if they had been plugged in.
		if err = w.regain(ctx, func(d drive.Drive) bool { return anew(w.drive, d) }); err == nil {
			defence = erase.Defence{Kind: erase.Reset}
		}
	case err == nil && defence.Kind == erase.NoDefence && w.Replug != nil:
		err = w.guarded(ctx, Replug, 0, func(*counter) (err error) {
			defence, err = w.replug(ctx, defence)
			return err
		})
	}
	w.erasure.Defence = &defence
	w.note(evidence.EntryDefence, defence)
	return err
}

// pluggable reports whether a drive has a cache of its own that is gone when it is
// pulled out: an image and what is made of one have not.
func pluggable(d drive.Drive) bool {
	return d.Identity.Kind == drive.KindUSB || d.Identity.Kind == drive.KindSD
}

// replug has the operator pull the drive out and plug it in again. They may decline,
// or say that it was done when it was not: without leaves it at that.
//
// The drive is held by nobody meanwhile. What comes back must have its identity, be
// allowed by the guards, and is written no further before every byte of it has been
// read and found to be what this run wrote.
func (w *work) replug(ctx context.Context, without erase.Defence) (erase.Defence, error) {
	done, err := w.Replug(ctx, w.drive, without.Because)
	if err != nil || !done {
		return without, cancelled(ctx, err)
	}
	before := w.drive
	if err := w.regain(ctx, func(drive.Drive) bool { return true }); err != nil {
		return without, err
	}
	if !anew(before, w.drive) {
		without.Because += "; and nothing shows that it was pulled out"
		return without, nil
	}
	return erase.Defence{Kind: erase.Replug}, nil
}

// anew reports whether a drive was plugged in since then. It is another disk to the
// kernel, and so is a card that is put in.
func anew(then, now drive.Drive) bool {
	a, b := then.Attachment, now.Attachment
	return a.Diskseq != b.Diskseq || a.DeviceNumber != b.DeviceNumber
}

// regain lets go of the drive and takes it again, wherever it is by then.
func (w *work) regain(ctx context.Context, is func(drive.Drive) bool) error {
	err := w.dev.Close()
	if err == nil {
		err = w.takeAgain(ctx, is)
	}
	if err != nil && ctx.Err() == nil {
		// Whatever it was, it is no fault of the drive.
		return fmt.Errorf("the drive %w and was not got back: %w", block.ErrGone, err)
	}
	return cancelled(ctx, err)
}

func (w *work) takeAgain(ctx context.Context, is func(drive.Drive) bool) error {
	d, err := w.returned(ctx, is)
	if err != nil {
		return err
	}
	if err := d.RefusedFor(drive.Writing); err != nil {
		return err
	}
	if err := w.take(ctx, d, block.ReadWrite); err != nil {
		return err
	}
	// Opening it may have been what told the kernel that its medium is another one.
	if w.drive, err = w.System.Resolve(d.Path); err != nil {
		return err
	}
	if w.drive.Identity != d.Identity {
		return &drive.ChangedError{Path: d.Path, What: []string{"description of itself"}}
	}
	return nil
}

// returned waits for the one drive with the identity of this one.
func (w *work) returned(ctx context.Context, is func(drive.Drive) bool) (drive.Drive, error) {
	for end := time.Now().Add(returnWait); ; {
		found, err := w.System.List()
		if err != nil {
			return drive.Drive{}, err
		}
		found = slices.DeleteFunc(found, func(d drive.Drive) bool { return d.Identity != w.drive.Identity || !is(d) })
		switch {
		case len(found) == 1:
			return found[0], nil
		case time.Now().Before(end):
		case len(found) > 1:
			return drive.Drive{}, fmt.Errorf("%d drives look the same", len(found))
		default:
			return drive.Drive{}, errors.New("no drive with its identity is there")
		}
		select {
		case <-ctx.Done():
			return drive.Drive{}, context.Cause(ctx)
		case <-time.After(returnPause):
		}
	}
}
