//go:build !linux

package drive_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
)

// TestElsewhere: drives are listed on Linux only, images resolve everywhere.
func TestElsewhere(t *testing.T) {
	if _, err := drive.Host().List(); !errors.Is(err, drive.ErrUnsupported) || !errors.Is(err, block.ErrUnsupported) {
		t.Errorf("listing drives gives %v", err)
	}
	path := filepath.Join(t.TempDir(), "stick.img")
	if err := os.WriteFile(path, make([]byte, 1024), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := drive.Host().Resolve(path)
	if err != nil || d.Refused() != nil || d.Identity.SizeBytes != 1024 {
		t.Errorf("got %+v, %v", d, err)
	}
}
