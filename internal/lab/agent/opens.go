//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/panoscrub/panoscrub/internal/lab/wire"
)

// watchOpens has the kernel note every attempt to open a disk or a partition by its
// node, by whatever system call, and whether it succeeds or not. The function that
// all of them come to begins with (int, struct filename *, struct open_flags *),
// and each of these structures with what is noted.
func watchOpens() error {
	event := "events/kprobes/" + wire.Opens
	for _, setting := range [][2]string{
		{"kprobe_events", "p:" + wire.Opens + " do_filp_open path=+0(+0($arg2)):string flags=+0($arg3):x32"},
		{event + "/filter", `path ~ "/dev/[sv]d*"`},
		{event + "/enable", "1"},
	} {
		if err := set(filepath.Join(wire.Tracing, setting[0]), setting[1]); err != nil {
			return fmt.Errorf("having the kernel note what is opened: %w", err)
		}
	}
	return nil
}

// set writes to a file of the kernel's, which must be there.
func set(path, value string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(value)
	return err
}
