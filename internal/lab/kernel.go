package lab

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

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
