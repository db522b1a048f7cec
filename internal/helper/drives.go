package helper

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/scan"
	"github.com/panoscrub/panoscrub/internal/session"
)

// ForDrives is how a helper works: at drives, and at nothing else. Whoever may
// start one must not reach files with its rights, nor learn which there are. It
// gives its rights up once the drive is open.
func ForDrives(local session.Local) session.Worker {
	local.Open = func(_ context.Context, d drive.Drive, mode block.Mode) (block.Device, error) {
		return block.OpenDrive(d.Path, mode)
	}
	local.Opened = GiveUpRights
	return drivesOnly{local}
}

type drivesOnly struct{ local session.Local }

func (w drivesOnly) Inspect(ctx context.Context, look session.Look, emit func(session.Event)) (drive.Drive, scan.Report, error) {
	if err := checkNode(look.Target); err != nil {
		return drive.Drive{}, scan.Report{}, err
	}
	return w.local.Inspect(ctx, look, emit)
}

func (w drivesOnly) Audit(ctx context.Context, look session.Look, s attest.Statement, emit func(session.Event)) ([]attest.Problem, error) {
	if err := checkNode(look.Target); err != nil {
		return nil, err
	}
	return w.local.Audit(ctx, look, s, emit)
}

func (w drivesOnly) Sanitize(ctx context.Context, req session.Request, desk session.Desk) error {
	if err := checkNode(req.Target); err != nil {
		return err
	}
	return w.local.Sanitize(ctx, req, desk)
}

// checkNode judges a target by its name alone: looking at what does not belong to
// it is more than a helper should do. What is not a drive below /dev fails when it
// is opened.
func checkNode(target string) error {
	if !strings.HasPrefix(filepath.Clean(target), "/dev/") {
		return fmt.Errorf("the target %.200q: %w", target, block.ErrNotDrive)
	}
	return nil
}
