//go:build !linux

package drive

import "io/fs"

const hasKernelTree = false

func nodeNumber(fs.FileInfo) (string, bool) { return "", false }

func fileSystem(fs.FileInfo) (string, bool) { return "", false }

// mayWrite leaves the answer to the attempt: only the file's mode is looked at on
// these systems.
func mayWrite(string) error { return nil }

func mayRead(string) error { return nil }
