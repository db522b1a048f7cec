//go:build !linux

package drive

func newHints(System) (hints, error) { return nil, ErrUnsupported }
