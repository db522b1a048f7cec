//go:build !linux

package block

import (
	"errors"
	"fmt"
	"os"
)

// OpenDrive opens a whole drive, which is possible on Linux only: here it fails
// with [ErrUnsupported].
func OpenDrive(path string, _ Mode) (Device, error) {
	return nil, fmt.Errorf("opening the drive %s: %w", path, ErrUnsupported)
}

// AdoptDrive takes a drive over that another program opened, which is possible on
// Linux only: here it closes f and fails with [ErrUnsupported].
func AdoptDrive(f *os.File, path string, _ Mode) (Device, error) {
	return nil, fmt.Errorf("taking over the drive %s: %w", path, errors.Join(ErrUnsupported, f.Close()))
}
