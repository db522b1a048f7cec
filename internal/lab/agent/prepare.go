//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/panoscrub/panoscrub/internal/lab/wire"
)

// mounts are what a Linux system has at the least.
var mounts = []struct{ kind, at string }{
	{"proc", "/proc"},
	{"sysfs", "/sys"},
	{"devtmpfs", "/dev"},
	{"devpts", "/dev/pts"},
	{"tmpfs", "/run"},
	{"tmpfs", "/tmp"},
	{"tracefs", wire.Tracing},
}

// prepare makes the system ready, up to where disks and ports appear.
func prepare() error {
	for _, m := range mounts {
		if err := os.MkdirAll(m.at, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.kind, m.at, m.kind, 0, ""); err != nil {
			return fmt.Errorf("mounting %s: %w", m.at, err)
		}
	}
	if err := os.Setenv("PATH", "/bin:/sbin"); err != nil {
		return err
	}
	if out, err := exec.Command("/bin/busybox", "--install", "-s", "/bin").CombinedOutput(); err != nil {
		return fmt.Errorf("installing busybox: %w: %s", err, out)
	}
	return errors.Join(watchOpens(), loadModules())
}

func loadModules() error {
	order, err := os.ReadFile(wire.ModuleOrder)
	if err != nil {
		return err
	}
	for name := range strings.FieldsSeq(string(order)) {
		if err := loadModule(filepath.Join(filepath.Dir(wire.ModuleOrder), name)); err != nil {
			return fmt.Errorf("loading %s: %w", name, err)
		}
	}
	return nil
}

func loadModule(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.FinitModule(int(f.Fd()), "", 0)
}

// openPort opens the port to the lab.
func openPort() (*os.File, error) {
	if err := await(wire.Port); err != nil {
		return nil, err
	}
	return os.OpenFile(wire.Port, os.O_RDWR, 0)
}

// mountSystemDisk mounts the disk that stays when the power is cut.
func mountSystemDisk() error {
	if err := await(wire.SystemDisk); err != nil {
		return err
	}
	if err := unix.Mount(wire.SystemDisk, wire.SystemMount, "ext4", 0, ""); err != nil {
		return fmt.Errorf("mounting the system disk: %w", err)
	}
	return nil
}

// await waits for a node, which appears some time after its driver was loaded.
func await(node string) error {
	for range 600 {
		if _, err := os.Stat(node); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.New("there is no " + node)
}
