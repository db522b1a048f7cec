package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

func TestWriteFileReplacesNothing(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "record")
	if err := WriteFile(path, []byte("first"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, []byte("second"), 0o644); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the second: %v", err)
	}
	data, err := os.ReadFile(path)
	if err != nil || string(data) != "first" {
		t.Errorf("it holds %q: %v", data, err)
	}
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS != "windows" && info.Mode() != 0o644 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	wantFiles(t, folder, "record")
}

// TestWriteFileTakesNoOtherThing: a folder, and a link that leads nowhere, are
// not replaced either.
func TestWriteFileTakesNoOtherThing(t *testing.T) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(folder, "link")); err != nil {
		t.Skipf("NOT RUN: no symbolic links here: %v", err)
	}
	for _, name := range []string{"folder", "link"} {
		if err := WriteFile(filepath.Join(folder, name), []byte("x"), 0o600); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := WriteFile(filepath.Join(folder, "missing", "record"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a folder: %v", err)
	}
	wantFiles(t, folder, "folder", "link")
}

// TestOneWriterWins has many writers of the same name: one gets it, and the file
// is that writer's in full.
func TestOneWriterWins(t *testing.T) {
	const writers = 16
	folder := t.TempDir()
	path := filepath.Join(folder, "record")
	var (
		wg      sync.WaitGroup
		results [writers]error
	)
	content := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, 100_000+i) }
	for i := range writers {
		wg.Go(func() { results[i] = WriteFile(path, content(i), 0o600) })
	}
	wg.Wait()
	winners := 0
	for i, err := range results {
		if err == nil {
			winners++
			if data, err := os.ReadFile(path); err != nil || !bytes.Equal(data, content(i)) {
				t.Errorf("the file is not what writer %d wrote: %v", i, err)
			}
		} else if !errors.Is(err, fs.ErrExist) {
			t.Errorf("writer %d: %v", i, err)
		}
	}
	if winners != 1 {
		t.Errorf("%d writers won", winners)
	}
	wantFiles(t, folder, "record")
}

func TestMakeFolder(t *testing.T) {
	base := t.TempDir()
	deep := base
	for i := range 5 {
		deep = filepath.Join(deep, fmt.Sprint(i))
	}
	for range 2 {
		if err := makeFolder(deep); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(deep); err != nil || !info.IsDir() {
		t.Errorf("%v, %v", info, err)
	}
}
