package lab

import (
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/panoscrub/panoscrub/internal/lab/wire"
)

// tree is the guest's first root file system: the content of each file by its
// path, without a slash in front.
type tree map[string][]byte

// elevate is what sudo is elsewhere: it runs a program with root's rights, and asks
// nothing.
const elevate = "bin/elevate"

// guestTree is all that the guest has.
func guestTree(k kernel, built programs) (tree, error) {
	modules, err := k.load(wanted)
	if err != nil {
		return nil, err
	}
	t := tree{
		"init":          built.agent,
		elevate:         built.agent,
		"bin/panoscrub": built.panoscrub,
		"etc/passwd":    []byte("root:x:0:0::/root:/bin/sh\ntechnician:x:1000:1000::/home:/bin/sh\n"),
		"etc/group":     []byte("root:x:0:\ntechnician:x:1000:\n"),
	}
	folder, order := path.Dir(wire.ModuleOrder), ""
	for _, m := range modules {
		t[relative(path.Join(folder, m.name))] = m.data
		order += m.name + "\n"
	}
	t[relative(wire.ModuleOrder)] = []byte(order)
	for _, p := range []string{"busybox", "cryptsetup", "lvm"} {
		if err := t.addProgram(p); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func relative(path string) string { return strings.TrimPrefix(path, "/") }

// addProgram copies a program of this machine, with the libraries that it needs.
func (t tree) addProgram(name string) error {
	file, libraries, err := findProgram(name)
	if err != nil {
		return err
	}
	if t["bin/"+name], err = os.ReadFile(file); err != nil {
		return err
	}
	for _, library := range libraries {
		if t[relative(library)], err = os.ReadFile(library); err != nil {
			return err
		}
	}
	return nil
}

// mountPoints are folders that the guest mounts on, and one to use.
var mountPoints = []string{"dev", "proc", "run", "sys", "tmp", "mnt", "home", "root", relative(wire.SystemMount)}

// write writes the archive that the kernel unpacks.
func (t tree) write(w io.Writer) error {
	a := newArchive(w)
	for _, name := range t.folders() {
		if err := a.folder(name); err != nil {
			return err
		}
	}
	for name, data := range t {
		mode := 0
		if name == elevate {
			mode = setuid
		}
		if err := a.file(name, mode, data); err != nil {
			return err
		}
	}
	return a.close()
}

// folders lists all folders, each behind the one that it is in.
func (t tree) folders() []string {
	list := slices.Clone(mountPoints)
	for name := range t {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			list = append(list, dir)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// save writes the archive to a file.
func (t tree) save(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := t.write(f); err != nil {
		_ = f.Close()
		return fmt.Errorf("making the guest's files: %w", err)
	}
	return f.Close()
}
