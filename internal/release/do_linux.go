package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/human"
)

// Udev, indexers and the like look at what has just changed, and let go soon.
const (
	busyTries = 20
	busyPause = 100 * time.Millisecond
)

// errSystem is a plan for another machine than this one, such as a tree of files:
// its mount points are names that mean something else here.
var errSystem = errors.New("the plan was not made for this machine")

// Do carries out the plan. Each thing is looked up again right before it is taken
// down, and must be as it was found; one that has gone meanwhile is passed over.
//
// An error is a *[StepError]; below it a *[BusyError] for what is in use, or what
// the operating system said. When ctx ends, so does Do, before the next step: a
// flush may then go on in the kernel, which does no harm, and an unmount that has
// begun is waited for.
func (p Plan) Do(ctx context.Context) error { return p.do(ctx, unmount) }

// DoThrough is [Plan.Do] for whoever has no right to unmount, and asks a service
// that has it. It is for plans that take down nothing but mounts.
func (p Plan) DoThrough(ctx context.Context, service Unmounter) error {
	return p.do(ctx, func(ctx context.Context, on drive.Standing) error { return unmountThrough(ctx, service, on) })
}

type unmounting func(context.Context, drive.Standing) error

func (p Plan) do(ctx context.Context, unmount unmounting) error {
	for i, s := range p.Steps {
		if err := p.take(ctx, s, unmount); err != nil {
			return &StepError{Failed: s, Done: slices.Clone(p.Steps[:i]), Err: err}
		}
	}
	return nil
}

func (p Plan) take(ctx context.Context, s Step, unmount unmounting) error {
	if p.system.Root != drive.Host().Root {
		return errSystem
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	standing, err := p.standing()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(standing, s.isAbout)
	if i < 0 {
		return nil
	}
	// All that has to go before was taken down already.
	if i > 0 {
		return fmt.Errorf("%s has come up meanwhile", human.Safe(label(standing[0])))
	}
	if why := kept(standing[:1]); len(why) > 0 {
		return errors.New(strings.Join(why, "; "))
	}
	if s.Kind == Unmount {
		return unmount(ctx, standing[0])
	}
	return removeVolume(ctx, standing[0])
}

// patiently tries again for a while as long as something is busy, and then says
// who keeps it so.
func patiently(ctx context.Context, name string, holds holding, try func() error) error {
	for n := 1; ; n++ {
		err := try()
		if !errors.Is(err, unix.EBUSY) && !errors.Is(err, block.ErrBusy) {
			return err
		}
		if n == busyTries {
			busy := &BusyError{Point: name}
			if busy.Holders, busy.Unseen, err = holders(ctx, holds); err != nil {
				return fmt.Errorf("%w; looking for who holds it: %w", busy, err)
			}
			return busy
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(busyPause):
		}
	}
}
