//go:build !linux

// Package udiskstest is for Linux, as UDisks2 is.
package udiskstest
