package helper

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestElevator chooses what gives root's rights.
func TestElevator(t *testing.T) {
	for _, c := range []struct {
		name, env, installed, want string
	}{
		{"at a terminal", "", "sudo pkexec", "/bin/sudo"},
		{"at a terminal without sudo", "", "pkexec", "/bin/pkexec"},
		{"under Wayland", "WAYLAND_DISPLAY=wayland-0", "sudo pkexec", "/bin/pkexec"},
		{"under X", "DISPLAY=:0", "sudo pkexec", "/bin/pkexec"},
		{"under X without pkexec", "DISPLAY=:0", "sudo", "/bin/sudo"},
		{"named", ElevateVariable + "=doas -n", "sudo pkexec", "doas -n"},
		{"nothing", "", "", ""},
	} {
		getenv := func(name string) string {
			value, _ := strings.CutPrefix(c.env, name+"=")
			if value == c.env {
				return ""
			}
			return value
		}
		find := func(program string) (string, error) {
			if slices.Contains(strings.Fields(c.installed), program) {
				return "/bin/" + program, nil
			}
			return "", exec.ErrNotFound
		}
		got, err := elevator(getenv, find)
		if strings.Join(got, " ") != c.want || errors.Is(err, ErrNotStarted) != (c.want == "") {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}
