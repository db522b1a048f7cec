package block_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
)

// places are the directories to try images in: an ordinary one and, where there
// is one, a file system in memory, whose direct I/O is none.
func places(t *testing.T) map[string]func(*testing.T) string {
	dirs := map[string]func(*testing.T) string{"disk": (*testing.T).TempDir}
	if runtime.GOOS == "linux" {
		dirs["tmpfs"] = tmpfs
	}
	return dirs
}

// tmpfs returns an empty directory in memory.
func tmpfs(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "panoscrub-test-")
	if err != nil {
		t.Skipf("NOT RUN: images on tmpfs need a writable /dev/shm: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// noise returns n bytes that are the same each time.
func noise(n int64) []byte {
	p := block.Buffer(int(n))
	if _, err := rand.NewChaCha8([32]byte{9}).Read(p); err != nil {
		panic(err) // it never fails
	}
	return p
}

// file writes an image of n bytes and returns its path.
func file(t *testing.T, dir string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, "stick.img")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustOpen(t *testing.T, path string, mode block.Mode) block.Device {
	t.Helper()
	dev, err := block.OpenImage(path, mode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	return dev
}

func TestImage(t *testing.T) {
	for name, place := range places(t) {
		t.Run(name, func(t *testing.T) {
			dir := place(t)
			blocktest.Run(t, func(t *testing.T, size int64) block.Device {
				path := file(t, dir, nil)
				if err := os.Truncate(path, size); err != nil {
					t.Fatal(err)
				}
				return mustOpen(t, path, block.ReadWrite)
			})
		})
	}
}

func TestImageReadOnly(t *testing.T) {
	for _, size := range []int64{1, 511, 4096, 300_017} {
		want := noise(size)
		dev := mustOpen(t, file(t, t.TempDir(), want), block.ReadOnly)
		blocktest.RunReadOnly(t, dev, want)
	}
}

// TestImageOnDisk looks at an image with other eyes than the device's own: what
// was written and synced is what any program reads, and the length never changes.
func TestImageOnDisk(t *testing.T) {
	for name, place := range places(t) {
		t.Run(name, func(t *testing.T) {
			dir := place(t)
			for _, size := range []int64{1, 511, 4095, 4096, 4097, 512*77 + 17, 1<<20 + 1} {
				path := file(t, dir, make([]byte, size))
				dev := mustOpen(t, path, block.ReadWrite)
				want := noise(size)
				if _, err := dev.WriteAt(want, 0); err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(dev.Sync(), dev.Close()); err != nil {
					t.Fatal(err)
				}
				got, err := os.ReadFile(path)
				if err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%d bytes: %v; %d are there, as written: %v", size, err, len(got), bytes.Equal(got, want))
				}
			}
		})
	}
}

func TestImageSectors(t *testing.T) {
	path := file(t, t.TempDir(), noise(8192))
	dev, err := block.OpenImageSectors(path, block.ReadOnly, 4096)
	if err != nil || dev.SectorSize() != 4096 {
		t.Fatalf("%v, %v", dev, err)
	}
	if err := dev.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := block.OpenImageSectors(path, block.ReadOnly, 520); !errors.Is(err, errors.ErrUnsupported) {
		t.Fatalf("sectors of 520 bytes: %v", err)
	}
}

func TestImageRefused(t *testing.T) {
	dir := t.TempDir()
	empty := file(t, dir, nil)
	protected := filepath.Join(dir, "protected.img")
	if err := os.WriteFile(protected, []byte("x"), 0o444); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(dir, "dangling")
	if err := os.Symlink("nowhere", dangling); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, path string
		modes      []block.Mode
		want       error
	}{
		{"a directory", dir, []block.Mode{block.ReadOnly, block.ReadWrite}, block.ErrNotImage},
		{"a device", os.DevNull, []block.Mode{block.ReadOnly, block.ReadWrite}, block.ErrNotImage},
		{"an empty file", empty, []block.Mode{block.ReadOnly, block.ReadWrite}, block.ErrEmpty},
		{"a protected file", protected, []block.Mode{block.ReadWrite}, block.ErrReadOnly},
		{"no file", filepath.Join(dir, "none"), []block.Mode{block.ReadOnly, block.ReadWrite}, fs.ErrNotExist},
		{"a dangling link", dangling, []block.Mode{block.ReadOnly, block.ReadWrite}, fs.ErrNotExist},
	} {
		for _, mode := range test.modes {
			if _, err := block.OpenImage(test.path, mode); !errors.Is(err, test.want) {
				t.Errorf("opening %s (mode %d): %v, want %v", test.name, mode, err, test.want)
			}
		}
	}
	mustOpen(t, protected, block.ReadOnly)
}

func TestImageThroughLink(t *testing.T) {
	dir := t.TempDir()
	want := noise(5000)
	link := filepath.Join(dir, "link")
	if err := os.Symlink(file(t, dir, want), link); err != nil {
		t.Fatal(err)
	}
	dev := mustOpen(t, link, block.ReadOnly)
	blocktest.RunReadOnly(t, dev, want)
	if err := errors.Join(os.Remove(link), os.Symlink(file(t, t.TempDir(), want), link)); err != nil {
		t.Fatal(err)
	}
	if err := dev.Check(); !errors.Is(err, block.ErrChanged) {
		t.Errorf("Check after the link was turned: %v", err)
	}
}

func TestImageCheck(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(path string) error
		want   error
	}{
		{"removed", os.Remove, block.ErrGone},
		{"renamed", func(path string) error { return os.Rename(path, path+".old") }, block.ErrGone},
		{"shorter", func(path string) error { return os.Truncate(path, 4096) }, block.ErrChanged},
		{"longer", func(path string) error { return os.Truncate(path, 8193) }, block.ErrChanged},
		{"replaced", func(path string) error {
			return errors.Join(os.WriteFile(path+".new", make([]byte, 8192), 0o600), os.Rename(path+".new", path))
		}, block.ErrChanged},
	} {
		for _, mode := range []block.Mode{block.ReadOnly, block.ReadWrite} {
			path := file(t, t.TempDir(), noise(8192))
			dev := mustOpen(t, path, mode)
			if err := dev.Check(); err != nil {
				t.Errorf("before: %v", err)
			}
			if err := test.change(path); err != nil {
				t.Fatal(err)
			}
			if err := dev.Check(); !errors.Is(err, test.want) {
				t.Errorf("%s (mode %d): %v, want %v", test.name, mode, err, test.want)
			}
		}
	}
}

// TestImageCutShort reads where the file no longer is: not a regular end.
func TestImageCutShort(t *testing.T) {
	for _, mode := range []block.Mode{block.ReadOnly, block.ReadWrite} {
		path := file(t, t.TempDir(), noise(3*64<<10+17))
		dev := mustOpen(t, path, mode)
		if err := os.Truncate(path, 64<<10); err != nil {
			t.Fatal(err)
		}
		for _, off := range []int64{0, 64 << 10, 3 * 64 << 10} {
			_, err := dev.ReadAt(block.Buffer(int(dev.Size()-off)), off)
			if !errors.Is(err, block.ErrChanged) || errors.Is(err, io.EOF) {
				t.Errorf("mode %d: reading all from %d of what is no longer there: %v", mode, off, err)
			}
		}
	}
}
