package durable

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

func newState(t *testing.T) string {
	t.Helper()
	state, err := Dir(filepath.Join(t.TempDir(), "above", "state"))
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func TestPlatformDir(t *testing.T) {
	env := map[string]string{"XDG_STATE_HOME": "/xdg", "LocalAppData": "/local"}
	for _, c := range []struct {
		goos string
		root bool
		home string
		env  map[string]string
		want string
	}{
		{"linux", false, "/home/a", nil, "/home/a/.local/state/panoscrub"},
		{"linux", false, "/home/a", env, "/xdg/panoscrub"},
		{"linux", false, "", env, "/xdg/panoscrub"},
		{"linux", false, "/home/a", map[string]string{"XDG_STATE_HOME": "relative"}, "/home/a/.local/state/panoscrub"},
		{"linux", true, "/home/a", env, "/var/lib/panoscrub"},
		{"linux", true, "", nil, "/var/lib/panoscrub"},
		{"linux", false, "", nil, ""},
		{"darwin", false, "/Users/a", env, "/Users/a/Library/Application Support/panoscrub"},
		{"darwin", true, "/var/root", nil, "/var/root/Library/Application Support/panoscrub"},
		{"darwin", true, "", env, ""},
		{"windows", false, "/Users/a", env, "/local/panoscrub"},
		{"windows", false, "/Users/a", nil, ""},
	} {
		got, err := platformDir(c.goos, c.root, c.home, func(name string) string { return c.env[name] })
		if filepath.ToSlash(got) != c.want || (err != nil) != (c.want == "") || err != nil && !errors.Is(err, ErrStateDir) {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}

func TestDirOrder(t *testing.T) {
	base := t.TempDir()
	t.Setenv(StateDirVariable, filepath.Join(base, "variable"))
	t.Setenv("XDG_STATE_HOME", filepath.Join(base, "xdg"))
	for flag, want := range map[string]string{filepath.Join(base, "flag"): "flag", "": "variable"} {
		if got, err := Existing(flag); err != nil || got != "" {
			t.Errorf("before it was made: %q, %v", got, err)
		}
		got, err := Dir(flag)
		if err != nil || got != filepath.Join(base, want) {
			t.Errorf("%q, %v, want %s", got, err, want)
		}
		if again, err := Existing(flag); err != nil || again != got {
			t.Errorf("after it was made: %q, %v", again, err)
		}
		for _, folder := range []string{"", Keys, Records, Journals} {
			info, err := os.Stat(filepath.Join(got, folder))
			if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
				t.Errorf("%s: %v, %v", folder, info, err)
			}
		}
	}
}

func TestDirRefusals(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{file, filepath.Join(file, "below")} {
		if _, err := Dir(flag); !errors.Is(err, ErrStateDir) {
			t.Errorf("%s: %v", flag, err)
		}
		if _, err := Existing(flag); !errors.Is(err, ErrStateDir) {
			t.Errorf("%s: %v", flag, err)
		}
	}
}

// TestSweep: what a killed run left half written goes at a later start, and
// nothing else does.
func TestSweep(t *testing.T) {
	state := newState(t)
	for name, age := range map[string]time.Duration{".new-1": 2 * time.Hour, ".new-2": 0, "record": 2 * time.Hour} {
		path := filepath.Join(state, Records, name)
		then := time.Now().Add(-age)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, then, then)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Dir(state); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, filepath.Join(state, Records), ".new-2", "record")
}

func wantFiles(t *testing.T, folder string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, e := range entries {
		got[e.Name()] = true
	}
	if len(got) != len(want) {
		t.Errorf("%s holds %v, want %v", folder, got, want)
	}
	for _, name := range want {
		if !got[name] {
			t.Errorf("%s holds %v, want %v", folder, got, want)
		}
	}
}
