//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/demo"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/evidence"
	"github.com/panoscrub/panoscrub/internal/helper"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/session"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// user is somebody without rights, who works with a copy of the program, and with
// something like sudo that gives root's rights to a program when it may.
type user struct {
	t          *testing.T
	dir, state string
	elevate    string
	bus        string // the address of the system bus
	id         uint32
	inside     []string // how a command is run where the user's desktop is; empty for here
}

const (
	somebody = 61234 // a user ID that owns nothing
	bin      = 2     // whom every system knows; a bus talks to nobody else
)

const elevateSource = `package main

import (
	"os"
	"syscall"
)

func main() {
	_ = syscall.Setresgid(0, 0, 0)
	_ = syscall.Setresuid(0, 0, 0)
	panic(syscall.Exec(os.Args[1], os.Args[1:], os.Environ()))
}
`

func newUser(t *testing.T) *user { return newUserWith(t, somebody) }

func newUserWith(t *testing.T, id uint32) *user {
	t.Helper()
	testtool.NeedRoot(t)
	testtool.Need(t, "go")
	if linkedWithC() {
		t.Skip("NOT RUN: a helper that is linked with C, as for the race detector, cannot give up its rights")
	}
	dir, err := os.MkdirTemp("", "panoscrub-user-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	u := &user{t: t, dir: dir, state: filepath.Join(dir, "home", "state"), elevate: filepath.Join(dir, "elevate"), bus: "unix:path=/nowhere", id: id}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte(elevateSource), 0o644); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, "", "cp", self, filepath.Join(dir, "panoscrub"))
	testtool.Run(t, "", "go", "build", "-o", u.elevate, source)
	testtool.Run(t, "", "chmod", "4755", u.elevate)
	testtool.Run(t, "", "install", "-d", "-o", fmt.Sprint(id), "-m", "700", filepath.Dir(u.state))
	testtool.Run(t, "", "chmod", "755", dir)
	return u
}

// linkedWithC reports whether this program is linked with C.
func linkedWithC() bool {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "CGO_ENABLED" {
			return s.Value == "1"
		}
	}
	return false
}

// command prepares a start of the program by the user.
func (u *user) command(args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(u.dir, "panoscrub"), args...)
	if len(u.inside) > 0 {
		id := fmt.Sprint(u.id)
		as := []string{"setpriv", "--reuid", id, "--regid", id, "--clear-groups", cmd.Path}
		cmd = exec.Command(u.inside[0], slices.Concat(u.inside[1:], as, args)...)
	}
	cmd.Dir = u.dir
	cmd.Env = append(os.Environ(), asProgram+"=1", "PANOSCRUB_STATE_DIR="+u.state, "PANOSCRUB_ELEVATE="+u.elevate, "DBUS_SYSTEM_BUS_ADDRESS="+u.bus)
	if len(u.inside) > 0 {
		return cmd
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: u.id, Gid: u.id}}
	return cmd
}

// run runs the program, insists on its exit code, and returns what it prints.
func (u *user) run(code int, args ...string) (stdout, stderr string) {
	u.t.Helper()
	var out, err bytes.Buffer
	cmd := u.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &err
	if got := exitCodeOf(u.t, cmd.Run()); got != code {
		u.t.Fatalf("panoscrub %s: exit code %d, want %d\n%s\n%s", strings.Join(args, " "), got, code, &out, &err)
	}
	return out.String(), err.String()
}

// stick is a used drive as a block device that only root may open.
func (u *user) stick(size int64) string {
	u.t.Helper()
	image := filepath.Join(u.dir, "stick.img") // the guards of everybody must be able to see it
	if _, err := demo.Build(u.t.Context(), image); err != nil {
		u.t.Fatal(err)
	}
	if err := os.Truncate(image, size); err != nil {
		u.t.Fatal(err)
	}
	return attachLoop(u.t, image, "512")
}

// token is what confirms a drive.
func (u *user) token(node string) string {
	u.t.Helper()
	out, _ := u.run(0, "drives", "--json")
	for _, d := range unmarshal[listing](u.t, []byte(out)).Drives {
		if d.Path == node {
			return d.Confirm
		}
	}
	u.t.Fatalf("drives does not list %s", node)
	return ""
}

// access is how a record says that the drive was reached, and the verdict.
func access(t *testing.T, record string) (access, verdict string) {
	t.Helper()
	p := unmarshal[struct {
		Predicate struct{ Access, Verdict string }
	}](t, payloadOf(t, record)).Predicate
	return p.Access, p.Verdict
}

// TestHelper runs the whole flow for somebody who may not open the drive.
func TestHelper(t *testing.T) {
	u := newUser(t)
	node := u.stick(64 << 20)
	u.run(3, "inspect", node)
	if _, stderr := u.run(1, "inspect", node, "--access", "direct"); !strings.Contains(stderr, "permission denied") {
		t.Errorf("without the helper: %s", stderr)
	}
	u.run(0, "sanitize", node, "--appliance", appliance, "--confirm", u.token(node))
	u.run(0, "inspect", node)
	record := onlyRecord(t, u.state)
	if way, verdict := access(t, record); way != "helper" || verdict != "PASS" {
		t.Errorf("the record says %s by %q", verdict, way)
	}
	u.run(0, "verify", record, "--drive", node)
	if _, stderr := u.run(1, "verify", record, "--drive", node, "--access", "direct"); !strings.Contains(stderr, "permission denied") {
		t.Errorf("without the helper: %s", stderr)
	}
	out := testtool.Run(t, "", "find", u.state, "!", "-user", fmt.Sprint(somebody))
	if out != "" {
		t.Errorf("files of the user's that are not the user's: %s", out)
	}
}

// TestNoHelper is for a user who gets no rights.
func TestNoHelper(t *testing.T) {
	u := newUser(t)
	node := u.stick(64 << 20)
	confirm := u.token(node)
	before := testtool.Run(t, "", "sha256sum", node)
	for name, elevate := range map[string]string{"refused": "/bin/false", "missing": filepath.Join(u.dir, "nothing")} {
		u.elevate = elevate
		for _, args := range [][]string{{"inspect", node}, {"sanitize", node, "--appliance", appliance, "--confirm", confirm}} {
			if _, stderr := u.run(4, args...); !strings.Contains(stderr, "root's rights") || !strings.Contains(stderr, "not touched") {
				t.Errorf("%s: %s", name, stderr)
			}
		}
	}
	if after := testtool.Run(t, "", "sha256sum", node); after != before {
		t.Error("the drive was touched")
	}
	if records := recordsIn(t, u.state); len(records) > 0 {
		t.Errorf("records: %q", records)
	}
}

// TestHelperRights looks at a helper while it overwrites: it is nobody, has no
// capability and cannot get any, and has no file but the drive.
func TestHelperRights(t *testing.T) {
	u := newUser(t)
	node := u.stick(2 << 30)
	cmd := u.command("sanitize", node, "--appliance", appliance, "--confirm", u.token(node), "--events")
	whenTold(t, cmd, `"progress","at":"[^"]*","stage":"overwrite"`, func() {
		helper := helperOf(t, cmd.Process.Pid)
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", helper))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{
			"Uid:\t65534\t65534\t65534\t65534", "Gid:\t65534\t65534\t65534\t65534", "Groups:\t \n", "NoNewPrivs:\t1",
			"CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "CapInh:\t0000000000000000", "CapAmb:\t0000000000000000",
		} {
			if !strings.Contains(string(status), line) {
				t.Errorf("no %q in %s", line, status)
			}
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
	})
	if code := exitCodeOf(t, cmd.Wait()); code != 130 {
		t.Errorf("exit code %d", code)
	}
	if _, verdict := access(t, onlyRecord(t, u.state)); verdict != "INCOMPLETE" {
		t.Errorf("verdict %s", verdict)
	}
}

// helperOf is the process that a program started.
func helperOf(t *testing.T, parent int) (pid int) {
	t.Helper()
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent))
	if err == nil && strings.TrimSpace(string(children)) == "" {
		// Any of its threads may have started it.
		children = []byte(testtool.Run(t, "", "pgrep", "-P", fmt.Sprint(parent)))
	}
	if _, scanErr := fmt.Sscan(string(children), &pid); err != nil || scanErr != nil {
		t.Fatal(err, scanErr)
	}
	return pid
}

// TestHelperLoses ends either side in the middle of the overwrite: the other ends
// in order, and there is one INCOMPLETE record.
func TestHelperLoses(t *testing.T) {
	for _, victim := range []string{"program", "helper"} {
		t.Run(victim, func(t *testing.T) {
			u := newUser(t)
			node := u.stick(2 << 30)
			cmd := u.command("sanitize", node, "--appliance", appliance, "--confirm", u.token(node), "--events")
			var helper int
			whenTold(t, cmd, `"progress","at":"[^"]*","stage":"overwrite"`, func() {
				helper = helperOf(t, cmd.Process.Pid)
				killed := helper
				if victim == "program" {
					killed = cmd.Process.Pid
				}
				if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
					t.Error(err)
				}
			})
			code := exitCodeOf(t, cmd.Wait())
			if victim == "helper" && code != 5 {
				t.Errorf("exit code %d, want 5", code)
			}
			for n := 0; works(helper); n++ {
				if n == 300 {
					t.Fatal("the helper works on")
				}
				time.Sleep(100 * time.Millisecond)
			}
			u.run(0, "records")
			if way, verdict := access(t, onlyRecord(t, u.state)); way != "helper" || verdict != "INCOMPLETE" {
				t.Errorf("%s by %q", verdict, way)
			}
		})
	}
}

// works reports whether a process is there, and more than the memory of one.
func works(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err == nil && !strings.Contains(string(status), "State:\tZ")
}

// yesman is a desk that agrees to everything.
type yesman struct{ session.Desk }

func (yesman) Emit(session.Event) {}

func (yesman) Confirm(context.Context, drive.Drive, plan.Plan) (string, error) { return "yes", nil }

func (yesman) Note(string, any) error { return nil }

// TestHelperAtFiles gives the helper orders that no panoscrub would: whoever may
// start one reaches no file of root's with its rights.
func TestHelperAtFiles(t *testing.T) {
	testtool.NeedRoot(t)
	r2, err := policy.ByID(policy.Default)
	if err != nil {
		t.Fatal(err)
	}
	client := helper.Client{Start: func() (io.WriteCloser, io.Reader, func() error, error) {
		cmd := program(t.TempDir(), helper.Command)
		in, err := cmd.StdinPipe()
		if err != nil {
			return nil, nil, nil, err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, nil, nil, err
		}
		return in, out, cmd.Wait, cmd.Start()
	}}
	want := bytes.Repeat([]byte("secret "), 1<<20)
	file, err := os.CreateTemp("/dev/shm", "victim-")
	if err != nil {
		t.Skipf("NOT RUN: a file below /dev is needed: %v", err)
	}
	victim := file.Name()
	defer os.Remove(victim)
	if _, err := file.Write(want); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "victim")
	testtool.Run(t, "", "cp", victim, elsewhere)
	for _, target := range []string{victim, elsewhere, "/dev/shm/../.." + elsewhere, "/dev/null", "/dev/shm", "/no/such/file"} {
		if _, _, err := client.Inspect(t.Context(), session.Look{Target: target}, func(session.Event) {}); err == nil {
			t.Errorf("%s was inspected", target)
		}
		if _, err := client.Audit(t.Context(), session.Look{Target: target}, attest.Statement{}, func(session.Event) {}); err == nil {
			t.Errorf("%s was audited", target)
		}
		req := session.Request{Look: session.Look{Target: target}, Policy: r2, Label: "X", Stated: evidence.Stated{ApplianceID: appliance}}
		if err := client.Sanitize(t.Context(), req, yesman{}); err == nil {
			t.Errorf("%s was sanitized", target)
		}
	}
	for _, path := range []string{victim, elsewhere} {
		if data, err := os.ReadFile(path); err != nil || !bytes.Equal(data, want) {
			t.Errorf("%s was touched: %v", path, err)
		}
	}
	// What is not there and what is none of its business look the same.
	_, _, there := client.Inspect(t.Context(), session.Look{Target: elsewhere}, func(session.Event) {})
	_, _, missing := client.Inspect(t.Context(), session.Look{Target: elsewhere + ".not"}, func(session.Event) {})
	if !errors.Is(there, block.ErrNotDrive) || !errors.Is(missing, block.ErrNotDrive) || errors.Is(missing, os.ErrNotExist) {
		t.Errorf("there: %v; missing: %v", there, missing)
	}
}
