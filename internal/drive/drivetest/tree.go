// Package drivetest makes trees of files that look like the /sys, /proc and /dev
// of a machine, for tests of package drive and of what uses it.
//
// A tree is a txtar archive below testdata/sysfs. To keep it short, two kinds of
// entries mean more than a file:
//
//	-- sys/devices/pci0000:00/usb2/2-1/ --        a directory of attributes, one on each line:
//	idVendor 0781                                 a file with a value, and the kernel's line end
//	serial "\x1b[31m"                             a value in Go's quotes
//	driver -> /sys/bus/usb/drivers/usb-storage    a symbolic link, made relative where it starts at the root
//	holders/                                      an empty directory
//
// Every other entry is a file as it stands. The links that the kernel makes for
// each block device (in sys/block, sys/class/block and sys/dev/block) and a file
// that stands for its node (in dev) are made for each directory with the
// attributes "dev" and "size", and need not be written.
package drivetest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/panoscrub/panoscrub/internal/drive"
)

// Open unpacks testdata/sysfs/<name>.txtar into a folder of the test.
func Open(t testing.TB, name string) drive.System {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join(Trees(t), name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	if err := Unpack(root, archive); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return drive.System{Root: root}
}

// Trees is the folder of the archives.
func Trees(t testing.TB) string {
	t.Helper()
	at, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; filepath.Dir(at) != at; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return filepath.Join(at, "testdata", "sysfs")
		}
	}
	t.Fatal("no go.mod above the working directory")
	return ""
}

// Unpack makes the tree of an archive below root.
func Unpack(root string, archive *txtar.Archive) error {
	for _, f := range archive.Files {
		var err error
		if strings.HasSuffix(f.Name, "/") {
			err = attributes(root, filepath.Join(root, f.Name), string(f.Data))
		} else {
			err = write(filepath.Join(root, f.Name), f.Data)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return linkDevices(root)
}

// attributes makes a directory from its lines.
func attributes(root, folder, lines string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for line := range strings.Lines(lines) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := attribute(root, folder, line); err != nil {
			return err
		}
	}
	return nil
}

func attribute(root, folder, line string) error {
	if name, target, isLink := strings.Cut(line, " -> "); isLink {
		return link(root, target, filepath.Join(folder, name))
	}
	name, value, _ := strings.Cut(line, " ")
	if strings.HasSuffix(name, "/") {
		return os.MkdirAll(filepath.Join(folder, name), 0o755)
	}
	value = strings.TrimSpace(value)
	if strings.HasPrefix(value, `"`) {
		quoted, err := strconv.Unquote(value)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		value = quoted
	}
	return write(filepath.Join(folder, name), []byte(value+"\n"))
}

// linkDevices does for each block device what the kernel and udev do.
func linkDevices(root string) error {
	devices := filepath.Join(root, "sys", "devices")
	return filepath.WalkDir(devices, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		number, err := os.ReadFile(filepath.Join(path, "dev"))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if _, sizeErr := os.Stat(filepath.Join(path, "size")); err != nil || sizeErr != nil {
			return err
		}
		return linkDevice(root, path, strings.TrimSpace(string(number)))
	})
}

func linkDevice(root, path, number string) error {
	name := filepath.Base(path)
	places := []string{"sys/class/block/" + name, "sys/dev/block/" + number}
	if _, err := os.Stat(filepath.Join(path, "partition")); err != nil {
		places = append(places, "sys/block/"+name)
	}
	target := strings.TrimPrefix(path, root)
	for _, place := range places {
		if err := link(root, target, filepath.Join(root, place)); err != nil {
			return err
		}
	}
	return write(filepath.Join(root, "dev", strings.ReplaceAll(name, "!", "/")), nil)
}

// link makes a symbolic link at from. A target that starts at the root means the
// root of the tree.
func link(root, target, from string) (err error) {
	if filepath.IsAbs(target) {
		if target, err = filepath.Rel(filepath.Dir(from), filepath.Join(root, target)); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(from), 0o755); err != nil {
		return err
	}
	return os.Symlink(target, from)
}

func write(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
