//go:build !unix

package envelope

import "io/fs"

// openToOthers is false where a mode does not tell who may read a file: the
// folder's access list decides there.
func openToOthers(fs.FileMode) bool { return false }

// syncFolder has nothing to do where folders cannot be flushed.
func syncFolder(string) error { return nil }
