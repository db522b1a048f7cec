package lab

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// wanted are the modules that the guest needs, besides those that they depend
// on: the emulated machine, sticks by both drivers, what can stand on a stick,
// and the file systems.
var wanted = []string{
	"virtio_pci", "virtio_blk", "virtio_console", "crc32c_generic", "ext4",
	"xhci_pci", "usb_storage", "uas", "sd_mod",
	"nls_utf8", "nls_ascii", "nls_cp437", "vfat",
	"dm_mod", "dm_crypt", "ecb", "xts", "loop", "zram", "btrfs",
}

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
