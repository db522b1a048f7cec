//go:build linux

package main

import (
	"errors"
	"os"
	"syscall"
)

// elevate goes on as another program with root's rights, which its file gives it.
// It returns only when that cannot be.
func elevate(argv []string) error {
	if len(argv) == 0 {
		return errors.New("a program is missing")
	}
	if err := errors.Join(syscall.Setgid(0), syscall.Setuid(0)); err != nil {
		return err
	}
	return syscall.Exec(argv[0], argv, os.Environ())
}
