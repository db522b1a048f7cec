//go:build !linux

package block

import "os"

// openDirect does nothing: the page cache is not bypassed here.
func (*image) openDirect() error { return nil }

// forget does nothing: the page cache cannot be told to let go here.
func forget(*os.File) error { return nil }
