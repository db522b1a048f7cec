//go:build unix

package envelope

import (
	"errors"
	"io/fs"
	"os"
)

// openToOthers reports whether group or others have any right to a file.
func openToOthers(mode fs.FileMode) bool { return mode.Perm()&0o077 != 0 }

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
