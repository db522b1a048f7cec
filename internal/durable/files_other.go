//go:build !linux

package durable

import "os"

func syncData(f *os.File) error { return f.Sync() }

// reserve does nothing: there is no portable way to reserve space without
// changing a file's size.
func reserve(*os.File, int64) error { return nil }
