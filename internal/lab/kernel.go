package lab

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// wanted are the modules that the guest needs, besides those that they depend
// on: the emulated machine, sticks by both drivers, what can stand on a stick,
// and the file systems.
var wanted = []string{
	"virtio_pci", "virtio_blk", "virtio_console", "crc32c_generic", "ext4",
	"xhci_pci", "usb_storage", "uas", "sd_mod",
	"nls_utf8", "nls_ascii", "nls_cp437", "vfat",
	"dm_mod", "dm_crypt", "ecb", "xts", "loop",
}

// kernel is a distribution's kernel, unpacked and not installed.
type kernel struct {
	image   string            // to boot
	modules map[string]string // the file of each module, by its name with underscores; "" for one that is built in
}

// kernelFolder is where a kernel is looked for: as .ci/kernel leaves it, or
// elsewhere.
func kernelFolder() (string, error) {
	if dir := os.Getenv("PANOSCRUB_KERNEL"); dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "panoscrub-lab"), err
}

func findKernel() (kernel, error) {
	dir, err := kernelFolder()
	if err != nil {
		return kernel{}, err
	}
	images, err := filepath.Glob(filepath.Join(dir, "boot", "vmlinuz-*"))
	if err != nil {
		return kernel{}, err
	}
	if len(images) != 1 {
		return kernel{}, missing("a kernel in %s, where .ci/kernel puts one (there are %d)", dir, len(images))
	}
	k := kernel{image: images[0], modules: map[string]string{}}
	if err := k.findModules(filepath.Join(dir, "lib", "modules")); err != nil {
		return kernel{}, fmt.Errorf("the kernel's modules: %w", err)
	}
	return k, nil
}

func (k kernel) findModules(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || d.IsDir():
			return err
		case d.Name() == "modules.builtin":
			return k.noteBuiltin(path)
		}
		if name, ok := moduleName(path); ok {
			k.modules[name] = path
		}
		return nil
	})
}

// noteBuiltin notes what the kernel's list of built-in modules names.
func (k kernel) noteBuiltin(list string) error {
	data, err := os.ReadFile(list)
	for path := range strings.FieldsSeq(string(data)) {
		if name, ok := moduleName(path); ok {
			k.modules[name] = ""
		}
	}
	return err
}

func moduleName(path string) (string, bool) {
	name, _, ok := strings.Cut(filepath.Base(path), ".ko")
	return underscored(name), ok
}

func underscored(name string) string { return strings.ReplaceAll(name, "-", "_") }

// module is one that is to be loaded.
type module struct {
	name string
	data []byte // as the kernel takes it, not compressed
}

// load lists the wanted modules with all that they depend on, in the order in
// which they can be loaded, without those that are built in.
func (k kernel) load(wanted []string) ([]module, error) {
	l := loading{kernel: k, seen: map[string]bool{}}
	for _, name := range wanted {
		if err := l.add(name); err != nil {
			return nil, fmt.Errorf("module %s: %w", name, err)
		}
	}
	return l.order, nil
}

type loading struct {
	kernel
	seen  map[string]bool
	order []module
}

// add adds a module behind those that it needs.
func (l *loading) add(name string) error {
	path, known := l.modules[name]
	switch {
	case !known:
		return fmt.Errorf("this kernel has no %s", name)
	case l.seen[name] || path == "":
		return nil
	}
	l.seen[name] = true
	data, err := moduleData(path)
	if err != nil {
		return err
	}
	needs, err := dependencies(data)
	if err != nil {
		return err
	}
	for _, need := range needs {
		if err := l.add(need); err != nil {
			return err
		}
	}
	l.order = append(l.order, module{name, data})
	return nil
}

// moduleData reads a module. Newer distributions compress them.
func moduleData(path string) ([]byte, error) {
	if strings.HasSuffix(path, ".xz") {
		out, err := exec.Command("xz", "-dc", path).Output()
		if err != nil {
			return nil, fmt.Errorf("unpacking %s: %w", path, err)
		}
		return out, nil
	}
	return os.ReadFile(path)
}

// dependencies are the modules that a module says it needs.
func dependencies(data []byte) (names []string, err error) {
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	section := f.Section(".modinfo")
	if section == nil {
		return nil, errors.New("it does not say what it needs")
	}
	info, err := section.Data()
	if err != nil {
		return nil, err
	}
	for entry := range bytes.SplitSeq(info, []byte{0}) {
		if list, ok := bytes.CutPrefix(entry, []byte("depends=")); ok && len(list) > 0 {
			for name := range strings.SplitSeq(string(list), ",") {
				names = append(names, underscored(name))
			}
		}
	}
	return names, nil
}
