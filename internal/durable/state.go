package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// StateDirVariable is the environment variable that names the state folder.
const StateDirVariable = "PANOSCRUB_STATE_DIR"

// The folders in the state folder.
const (
	Keys     = "keys"
	Records  = "records"
	Journals = "journal"
)

// ErrStateDir says that the state folder cannot be made, or not be written.
var ErrStateDir = errors.New("the state folder cannot be used")

// Dir returns the state folder with its folders in it, makes what is missing of
// them with rights for the owner only, and makes sure that it can be written.
//
// It is the flag where one was given, else $PANOSCRUB_STATE_DIR, else the
// platform's: on Linux $XDG_STATE_HOME/panoscrub or ~/.local/state/panoscrub, for
// root /var/lib/panoscrub; on macOS ~/Library/Application Support/panoscrub; on
// Windows %LocalAppData%\panoscrub. The error wraps
// [ErrStateDir].
func Dir(flag string) (string, error) {
	path, err := locate(flag)
	if err != nil {
		return "", err
	}
	for _, folder := range []string{"", Keys, Records, Journals} {
		if err := makeFolder(filepath.Join(path, folder)); err != nil {
			return "", fmt.Errorf("%w: %w", ErrStateDir, err)
		}
	}
	for _, folder := range []string{Keys, Records} {
		sweep(filepath.Join(path, folder))
	}
	probe, err := os.CreateTemp(path, unfinished)
	if err == nil {
		err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrStateDir, err)
	}
	return path, nil
}

// Existing returns the state folder that [Dir] would, or "" when there is none. It
// makes nothing.
func Existing(flag string) (string, error) {
	path, err := locate(flag)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("%w: %w", ErrStateDir, err)
	case !info.IsDir():
		return "", fmt.Errorf("%w: %s is a file", ErrStateDir, path)
	}
	return path, nil
}

func locate(flag string) (string, error) {
	for _, given := range []string{flag, os.Getenv(StateDirVariable)} {
		if given != "" {
			return filepath.Abs(given)
		}
	}
	home, _ := os.UserHomeDir() // without one, platformDir may still know a place
	return platformDir(runtime.GOOS, os.Geteuid() == 0, home, os.Getenv)
}

func platformDir(goos string, root bool, home string, getenv func(string) string) (string, error) {
	const name = "panoscrub"
	switch {
	case goos == "windows" && getenv("LocalAppData") != "":
		return filepath.Join(getenv("LocalAppData"), name), nil
	case goos == "darwin" && home != "":
		return filepath.Join(home, "Library", "Application Support", name), nil
	case goos == "windows" || goos == "darwin":
	case root:
		// Not in the home of the user who called sudo, whose files root would own.
		return filepath.Join("/var/lib", name), nil
	case filepath.IsAbs(getenv("XDG_STATE_HOME")):
		return filepath.Join(getenv("XDG_STATE_HOME"), name), nil
	case home != "":
		return filepath.Join(home, ".local", "state", name), nil
	}
	return "", fmt.Errorf("%w: this user has no home folder; name one with --state-dir or in %s", ErrStateDir, StateDirVariable)
}

// sweep removes the temporary files of runs that were killed. A file that is
// still being written is younger than an hour.
func sweep(folder string) {
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		if ours, _ := filepath.Match(unfinished, e.Name()); !ours {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > time.Hour {
			_ = os.Remove(filepath.Join(folder, e.Name())) // litter: the next start tries again
		}
	}
}
