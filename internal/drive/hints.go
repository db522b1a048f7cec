package drive

import (
	"context"
	"math"
	"strings"
	"time"
)

// hints tells that the drives may have changed. A hint is no more than that: what
// really changed is found by looking.
type hints interface {
	// await returns true when something may have changed since it returned last,
	// false when it waited for most, and the cause of ctx when that ended.
	await(ctx context.Context, most time.Duration) (bool, error)
	Close() error
}

// forever is how long to wait for a hint when there is nothing else to do.
const forever time.Duration = math.MaxInt64

const (
	// Plugging in a drive makes a dozen events. The drives are looked at when none
	// came for settleQuiet, or when they do not stop, after settleMost.
	settleQuiet = 100 * time.Millisecond
	settleMost  = 500 * time.Millisecond
	// pollEvery is how often to look where the kernel tells nothing.
	pollEvery = 2 * time.Second
)

// settle waits for the end of a burst of hints.
func settle(ctx context.Context, h hints) error {
	for end := time.Now().Add(settleMost); ; {
		left := time.Until(end)
		if left <= 0 {
			return nil
		}
		hinted, err := h.await(ctx, min(settleQuiet, left))
		if err != nil || !hinted {
			return err
		}
	}
}

// polling gives a hint each time that its interval is over.
type polling time.Duration

func (p polling) await(ctx context.Context, most time.Duration) (bool, error) {
	wait := min(most, time.Duration(p))
	select {
	case <-ctx.Done():
		return false, context.Cause(ctx)
	case <-time.After(wait):
		return wait == time.Duration(p), nil
	}
}

func (polling) Close() error { return nil }

// firstUserNamespace reports whether a uid_map is that of the namespace in which
// the machine started. The kernel tells others nothing of its devices, without an
// error.
func firstUserNamespace(uidMap string) bool {
	return strings.Join(strings.Fields(uidMap), " ") == "0 0 4294967295"
}
