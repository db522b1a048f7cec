//go:build !linux

package block

import "fmt"

// OpenDrive opens a whole drive, which is possible on Linux only: here it fails
// with [ErrUnsupported].
func OpenDrive(path string, _ Mode) (Device, error) {
	return nil, fmt.Errorf("opening the drive %s: %w", path, ErrUnsupported)
}
