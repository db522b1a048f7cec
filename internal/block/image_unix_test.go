//go:build linux || darwin

package block_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"golang.org/x/sys/unix"
)

// TestImageLock opens an image twice: lookers share it, a writer does not.
func TestImageLock(t *testing.T) {
	for _, test := range []struct {
		first, second block.Mode
		want          error
	}{
		{block.ReadOnly, block.ReadOnly, nil},
		{block.ReadOnly, block.ReadWrite, block.ErrBusy},
		{block.ReadWrite, block.ReadOnly, block.ErrBusy},
		{block.ReadWrite, block.ReadWrite, block.ErrBusy},
	} {
		path := file(t, t.TempDir(), noise(5000))
		dev := mustOpen(t, path, test.first)
		if again, err := block.OpenImage(path, test.second); !errors.Is(err, test.want) {
			t.Errorf("%d then %d: %v, want %v", test.first, test.second, err, test.want)
		} else if err == nil {
			again.Close()
		}
		if err := dev.Close(); err != nil {
			t.Fatal(err)
		}
		mustOpen(t, path, test.second) // the lock ended with the descriptor
	}
}

// TestImageFIFO must not wait for somebody to write into it.
func TestImageFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []block.Mode{block.ReadOnly, block.ReadWrite} {
		if _, err := block.OpenImage(path, mode); !errors.Is(err, block.ErrNotImage) {
			t.Errorf("mode %d: %v", mode, err)
		}
	}
}
