//go:build unix

package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestPublish runs both ways of giving a file its name, since most file systems
// take only the first.
func TestPublish(t *testing.T) {
	for name, publish := range map[string]func(temp, path string) error{"publish": publish, "linkAndUnlink": linkAndUnlink} {
		folder := t.TempDir()
		temp, path := filepath.Join(folder, "temp"), filepath.Join(folder, "path")
		for i, want := range []error{nil, fs.ErrExist} {
			if err := os.WriteFile(temp, []byte{byte('0' + i)}, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := publish(temp, path); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
		}
		if data, err := os.ReadFile(path); err != nil || string(data) != "0" {
			t.Errorf("%s: %q, %v", name, data, err)
		}
		wantFiles(t, folder, "temp", "path") // the second temp stays: it is WriteFile's to remove
	}
}
