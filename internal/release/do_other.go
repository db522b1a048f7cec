//go:build !linux

package release

import (
	"context"
	"fmt"

	"github.com/panoscrub/panoscrub/internal/block"
)

// Do takes down what the plan says, where that is possible: on Linux.
func (p Plan) Do(context.Context) error {
	return fmt.Errorf("getting the drive free: %w", block.ErrUnsupported)
}

// DoThrough does so through a service: on Linux, too.
func (p Plan) DoThrough(ctx context.Context, _ Unmounter) error { return p.Do(ctx) }
