// Package lab boots a real Linux kernel in an emulator and plugs emulated USB
// sticks into it, so that the real program can be tried on what a kernel really
// does:
//
//	test ──── monitor (QMP) ──────▶ QEMU: qemu-xhci ── stick ── backing file
//	  │                              │                   └───── NBD ──▶ Medium, in the test
//	  └────── port (JSON) ────────▶ guest: agent ── panoscrub, busybox, cryptsetup, lvm
//
// The guest has no network, one system disk that outlives a power cut, and as
// many sticks as a test plugs in. A stick is a file on this machine, whose bytes
// the test can look at; the emulator counts what was written to it, and the guest's
// kernel notes who wanted to open it.
package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Lab is what guests are booted from.
type Lab struct {
	dir       string
	kernel    string
	initramfs string
	emulator  string
}

// Open gets the lab ready. The error is a *[MissingError] where something is not
// installed.
func Open() (*Lab, error) {
	k, err := findKernel()
	if err != nil {
		return nil, err
	}
	l := &Lab{kernel: k.image}
	if l.emulator, err = findTool("qemu-system-x86_64"); err != nil {
		return nil, err
	}
	if l.dir, err = os.MkdirTemp("", "lab"); err != nil {
		return nil, err
	}
	if err := l.makeFiles(k); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Lab) makeFiles(k kernel) error {
	built, err := build(l.dir)
	if err != nil {
		return err
	}
	t, err := guestTree(k, built)
	if err != nil {
		return err
	}
	l.initramfs = filepath.Join(l.dir, "initramfs")
	return t.save(l.initramfs)
}

// Close removes what the lab has made. Its guests must have been closed.
func (l *Lab) Close() error { return os.RemoveAll(l.dir) }

const systemDiskBytes = 64 << 20

// systemDisk makes a new, empty system disk.
func systemDisk(path string) error {
	mkfs, err := findTool("mkfs.ext4")
	if err != nil {
		return err
	}
	if err := sparse(path, systemDiskBytes); err != nil {
		return err
	}
	if out, err := exec.Command(mkfs, "-q", "-F", path).CombinedOutput(); err != nil {
		return fmt.Errorf("making the system disk: %w: %s", err, out)
	}
	return nil
}

// sparse makes a file of zeros that takes no room.
func sparse(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(size), f.Close())
}
