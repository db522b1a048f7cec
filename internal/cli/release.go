package cli

import (
	"context"
	"strings"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/human"
	"github.com/panoscrub/panoscrub/internal/release"
	"github.com/panoscrub/panoscrub/internal/session"
)

// toRelease is what it takes to get a drive free; nothing for one that is. It fails
// for a drive that is refused for more than being in use.
func (a *app) toRelease(d drive.Drive, purpose drive.Purpose) (release.Plan, error) {
	if d.RefusedFor(purpose) == nil {
		return release.Plan{}, nil
	}
	return release.Find(a.system, d, purpose)
}

// agree has the operator agree to the steps that need it: by flag, or by typing it.
// It returns the steps that were agreed to.
func (a *app) agree(ctx context.Context, p release.Plan, refused error, byFlag bool) ([]release.Step, error) {
	steps := p.Beyond(nil)
	switch {
	case len(steps) == 0, byFlag:
		return steps, nil
	case !a.canAsk():
		return nil, &release.NotAgreedError{Path: p.Drive.Path, Steps: steps, Refused: refused}
	}
	if err := tell("\n%s is in use. To get it free:\n", human.Safe(p.Drive.Path)); err != nil {
		return nil, err
	}
	for _, s := range steps {
		if err := tell("  - %s\n", s.Sentence()); err != nil {
			return nil, err
		}
	}
	answer, err := a.ask(ctx, "Type yes to have that done; nothing is deleted by it: ")
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(answer, "yes") {
		return nil, session.ErrDeclined
	}
	return steps, nil
}
