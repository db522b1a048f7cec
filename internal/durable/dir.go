// Package durable keeps local files that survive a power cut: records that are
// written once and never changed, and journals that tell of a run whose process
// died.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// StateDirVariable names the environment variable with the state folder.
const StateDirVariable = "PANOSCRUB_STATE_DIR"

// The folders in the state folder.
const (
	Keys     = "keys"
	Records  = "records"
	Journals = "journal"
)

// ErrStateDir says that there can be no state folder where it was asked for.
var ErrStateDir = errors.New("the state folder cannot be used")

// Dir is the state folder: flag where it is not empty, else what
// [StateDirVariable] says, else the platform's folder for state. It is made, with
// the folders in it, for its owner only.
func Dir(flag string) (string, error) {
	dir, err := path(flag)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrStateDir, err)
	}
	for _, folder := range []string{Keys, Records, Journals} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			return "", fmt.Errorf("%w: %w", ErrStateDir, err)
		}
	}
	return dir, nil
}

// Existing is the state folder if there is one, else empty. It makes nothing.
func Existing(flag string) (string, error) {
	dir, err := path(flag)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return "", nil
	}
	return dir, err
}

func path(flag string) (string, error) {
	if flag != "" {
		return filepath.Abs(flag)
	}
	if dir := os.Getenv(StateDirVariable); dir != "" {
		return filepath.Abs(dir)
	}
	return platformDir()
}

func platformDir() (string, error) {
	switch runtime.GOOS {
	case "windows", "darwin":
		base, err := os.UserConfigDir()
		if local := os.Getenv("LocalAppData"); runtime.GOOS == "windows" && local != "" {
			base, err = local, nil
		}
		return filepath.Join(base, "panoscrub"), err
	}
	if os.Geteuid() == 0 {
		return "/var/lib/panoscrub", nil
	}
	if base := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "panoscrub"), nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "state", "panoscrub"), err
}
