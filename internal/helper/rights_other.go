//go:build !linux

package helper

import "github.com/panoscrub/panoscrub/internal/block"

// GiveUpRights is for where drives can be opened.
func GiveUpRights() error { return block.ErrUnsupported }
