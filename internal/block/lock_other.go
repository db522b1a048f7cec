//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package block

import (
	"os"
	"syscall"
)

const (
	noBlocking    = 0
	errReadOnlyFS = syscall.EROFS
)

// lock does nothing: there are no advisory locks here.
func lock(*os.File, Mode) error { return nil }
