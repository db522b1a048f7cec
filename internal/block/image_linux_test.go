package block_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"unsafe"

	"github.com/panoscrub/panoscrub/internal/block"
	"golang.org/x/sys/unix"
)

// TestImageForbidden opens a file that the owner of this process may only read;
// root tries it with the rights of nobody.
func TestImageForbidden(t *testing.T) {
	dir := t.TempDir()
	path := file(t, dir, noise(5000))
	if err := errors.Join(os.Chmod(path, 0o446), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	var reading, writing error
	asNobody(func() {
		var dev block.Device
		if dev, reading = block.OpenImage(path, block.ReadOnly); reading == nil {
			reading = dev.Close()
		}
		_, writing = block.OpenImage(path, block.ReadWrite)
	})
	if reading != nil {
		t.Errorf("for reading: %v", reading)
	}
	if !errors.Is(writing, block.ErrReadOnly) || !errors.Is(writing, os.ErrPermission) {
		t.Errorf("for writing: %v", writing)
	}
}

// asNobody runs use without root's right to open every file.
func asNobody(use func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if os.Geteuid() == 0 {
			if err := unix.Setfsuid(65534); err != nil {
				panic(err)
			}
		}
		use()
	}()
	<-done
}

// TestImageLeavesNoCache asks the kernel how much of an image it holds in memory
// after the device wrote, synced and read all of it, the odd tail included.
func TestImageLeavesNoCache(t *testing.T) {
	path := file(t, t.TempDir(), make([]byte, 1<<20+17))
	dev := mustOpen(t, path, block.ReadWrite)
	if !dev.BypassesHostCache() {
		t.Skip("NOT RUN: the file system of the temporary directory offers no direct I/O")
	}
	if dev.Alignment()%os.Getpagesize() != 0 {
		t.Errorf("aligned to %d: the cached tail shares a page with bytes that are not cached", dev.Alignment())
	}
	p := noise(dev.Size())
	if _, err := dev.WriteAt(p, 0); err != nil {
		t.Fatal(err)
	}
	if err := dev.Sync(); err != nil {
		t.Fatal(err)
	}
	if _, err := dev.ReadAt(p, 0); err != nil {
		t.Fatal(err)
	}
	if n := resident(t, path); n != 0 {
		t.Errorf("%d pages are in the page cache", n)
	}
}

// TestImageInMemoryIsNoMedium: a file system in memory takes direct I/O, and
// there is nothing behind its cache.
func TestImageInMemoryIsNoMedium(t *testing.T) {
	dev := mustOpen(t, file(t, tmpfs(t), noise(5000)), block.ReadWrite)
	if dev.BypassesHostCache() {
		t.Error("an image on tmpfs says that it bypasses the page cache")
	}
}

// resident counts the pages of a file that are in memory.
func resident(t *testing.T, path string) (n int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	mapped, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(mapped)
	pages := make([]byte, len(mapped)/os.Getpagesize()+1)
	_, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&mapped[0])),
		uintptr(len(mapped)), uintptr(unsafe.Pointer(&pages[0])))
	if errno != 0 {
		t.Fatal(errno)
	}
	for _, page := range pages {
		n += int(page & 1)
	}
	return n
}
