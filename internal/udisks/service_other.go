//go:build !linux

package udisks

import (
	"context"
	"os"

	"github.com/panoscrub/panoscrub/internal/block"
)

// Service is UDisks2, which there is on Linux only.
type Service struct{}

// Dial fails with [block.ErrUnsupported], as all of a Service does here.
func Dial(context.Context) (*Service, error) { return nil, block.ErrUnsupported }

// Open is for Linux.
func (*Service) Open(context.Context, string, block.Mode) (*os.File, error) {
	return nil, block.ErrUnsupported
}

// Unmount is for Linux.
func (*Service) Unmount(context.Context, string) error { return block.ErrUnsupported }

// Close is for Linux.
func (*Service) Close() error { return block.ErrUnsupported }
