package cli

import (
	"context"
	"errors"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/human"
	"github.com/panoscrub/panoscrub/internal/release"
	"github.com/panoscrub/panoscrub/internal/scan"
	"github.com/panoscrub/panoscrub/internal/session"
	"github.com/panoscrub/panoscrub/internal/udisks"
)

// throughUDisks works in this process, at what UDisks2 unmounts and opens. Each time
// the connection is closed before anything else is done: see [udisks.Service].
func (a *app) throughUDisks() session.Local {
	local := a.local(attest.AccessUDisks)
	local.Open = func(ctx context.Context, d drive.Drive, mode block.Mode) (block.Device, error) {
		service, err := udisks.Dial(ctx)
		if err != nil {
			return nil, err
		}
		f, err := service.Open(ctx, d.Path, mode)
		if closeErr := service.Close(); err == nil && closeErr != nil {
			return nil, errors.Join(closeErr, f.Close())
		}
		if err != nil {
			return nil, err
		}
		return block.AdoptDrive(f, d.Path, mode)
	}
	local.Release = func(p release.Plan, ctx context.Context) error {
		service, err := udisks.Dial(ctx)
		if err != nil {
			return err
		}
		defer service.Close()
		return p.DoThrough(ctx, service)
	}
	return local
}

// inTurn works in one way, and in another where that one turns out to be shut
// before anything was done at the drive.
type inTurn struct {
	first  session.Worker
	then   func() (session.Worker, error)
	notice func(format string, args ...any)
}

// shut reports whether UDisks2 is not there, does not know the drive, or may not
// serve this user. Whoever was asked and said no meant it.
func shut(err error) bool {
	denied := errors.Is(err, udisks.ErrDenied) && !errors.Is(err, udisks.ErrDismissed)
	return denied || errors.Is(err, udisks.ErrUnavailable) || errors.Is(err, udisks.ErrUnknown)
}

func (w inTurn) try(work func(session.Worker) error) error {
	err := work(w.first)
	if !shut(err) {
		return err
	}
	next, nextErr := w.then()
	if nextErr != nil {
		return errors.Join(nextErr, err)
	}
	if !errors.Is(err, udisks.ErrUnavailable) {
		w.notice("%s; the helper is asked instead", human.Printable(err.Error()))
	}
	return work(next)
}

// Inspect implements [session.Worker].
func (w inTurn) Inspect(ctx context.Context, look session.Look, emit func(session.Event)) (d drive.Drive, report scan.Report, err error) {
	err = w.try(func(by session.Worker) (err error) {
		d, report, err = by.Inspect(ctx, look, emit)
		return err
	})
	return d, report, err
}

// Audit implements [session.Worker].
func (w inTurn) Audit(ctx context.Context, look session.Look, s attest.Statement, emit func(session.Event)) (problems []attest.Problem, err error) {
	err = w.try(func(by session.Worker) (err error) {
		problems, err = by.Audit(ctx, look, s, emit)
		return err
	})
	return problems, err
}

// Sanitize implements [session.Worker].
func (w inTurn) Sanitize(ctx context.Context, req session.Request, desk session.Desk) error {
	return w.try(func(by session.Worker) error { return by.Sanitize(ctx, req, desk) })
}
