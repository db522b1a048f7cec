package drive

import (
	"context"
	"time"
)

// What tests outside of the package need of the watch: trees of files are made by
// a package that imports this one.

// HintFunc lets a function be the source of hints.
type HintFunc func(ctx context.Context, most time.Duration) (bool, error)

func (f HintFunc) await(ctx context.Context, most time.Duration) (bool, error) { return f(ctx, most) }
func (HintFunc) Close() error                                                  { return nil }

// Forever is how long a watch waits for the hint after which it looks.
const Forever = forever

// Follow is a watch with the given source of hints.
func (s System) Follow(ctx context.Context, h HintFunc, visit func(Look) error) error {
	return s.follow(ctx, h, visit)
}
