package lab

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

// TestArchive unpacks an archive by a program that did not make it.
func TestArchive(t *testing.T) {
	dir := t.TempDir()
	want := tree{"a": []byte("one"), "b/c/d": bytes.Repeat([]byte("two"), 1000), "b/empty": nil, "b/four": []byte("four")}
	if err := want.save(filepath.Join(dir, "archive")); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, dir, "cpio", "--extract", "--quiet", "--file", "archive")
	for name, data := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %v, %q", name, err, got)
		}
	}
	for _, folder := range mountPoints {
		if info, err := os.Stat(filepath.Join(dir, folder)); err != nil || !info.IsDir() {
			t.Errorf("the folder %s: %v", folder, err)
		}
	}
}
