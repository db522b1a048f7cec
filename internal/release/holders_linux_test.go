package release

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/panoscrub/panoscrub/internal/block"
)

// asNobody is set in a second run of this program, as another user.
const asNobody = "PANOSCRUB_TEST_AS_NOBODY"

// TestUnseen: a user who may not look into the processes of others is told that
// there are some, and not that there are none.
func TestUnseen(t *testing.T) {
	if os.Geteuid() != 0 || os.Getenv(asNobody) != "" {
		busy := BusyError{Point: "/media/\x1b[2Jx"}
		var err error
		busy.Holders, busy.Unseen, err = holders(context.Background(), holding{under: "/\x00", is: func(unix.Statx_t) bool { return true }})
		if err != nil || busy.Unseen == 0 || !strings.Contains(busy.Error(), "could not be looked into") {
			t.Errorf("got %v, %v", &busy, err)
		}
		return
	}
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	again := filepath.Join(folder, "again")
	if err := errors.Join(os.WriteFile(again, self, 0o755), os.Chmod(folder, 0o755), os.Chmod(filepath.Dir(folder), 0o755)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(again, "-test.run", "^TestUnseen$")
	cmd.Dir, cmd.Env = "/", append(os.Environ(), asNobody+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("as another user: %v: %s", err, out)
	}
}

// TestHoldersSelf: of this process, each way is found in which it holds its own
// program, and none in which it holds what it does not have.
func TestHoldersSelf(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for under, want := range map[string]string{self: "program, open file", self + "x": ""} {
		found, _, err := holders(context.Background(), holding{under: under, is: func(unix.Statx_t) bool { return true }})
		if err != nil {
			t.Fatal(err)
		}
		var how string
		for _, p := range found {
			if p.PID == os.Getpid() {
				how = strings.Join(p.How, ", ")
			}
		}
		if !strings.HasPrefix(how, want) || (how == "") != (want == "") {
			t.Errorf("%s: got %q, want %q", under, how, want)
		}
	}
}

// TestSearchBounds: a search that has come to its bound says so.
func TestSearchBounds(t *testing.T) {
	look := search{holds: holding{under: "/", is: func(unix.Statx_t) bool { return true }}, left: 2}
	if how, err := look.process("/proc/self"); len(how) != 2 || !errors.Is(err, errTooMany) {
		t.Errorf("got %q, %v", how, err)
	}
}

func TestHoldersCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := holders(ctx, holding{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestPatiently: what is busy for a moment is tried again; what stays busy is
// reported, and any other error at once.
func TestPatiently(t *testing.T) {
	for _, c := range []struct {
		name  string
		busy  int
		then  error
		tries int
	}{
		{"at once", 0, nil, 1},
		{"for a moment", 2, nil, 3},
		{"another error", 0, unix.EPERM, 1},
		{"for good", 1 << 30, block.ErrBusy, busyTries},
	} {
		tries := 0
		err := patiently(context.Background(), "x", holding{under: "/\x00"}, func() error {
			if tries++; tries <= c.busy {
				return unix.EBUSY
			}
			return c.then
		})
		if !errors.Is(err, c.then) || tries != c.tries {
			t.Errorf("%s: got %v after %d tries", c.name, err, tries)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := patiently(ctx, "x", holding{}, func() error { return unix.EBUSY }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}
