package helper

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

const asProcess = "PANOSCRUB_TEST_GIVE_UP_RIGHTS"

func TestMain(m *testing.M) {
	if path := os.Getenv(asProcess); path != "" {
		afterGivingUp(path)
		return
	}
	os.Exit(m.Run())
}

// afterGivingUp tries what should be possible and what should not.
func afterGivingUp(path string) {
	said := map[string]string{}
	say := func(what string, err error) {
		said[what] = "yes"
		if err != nil {
			said[what] = err.Error()
		}
	}
	open, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		panic(err)
	}
	say("giving up", GiveUpRights())
	_, err = open.WriteAt([]byte("still"), 0)
	say("write what was open", err)
	_, err = os.ReadFile("/proc/self/mountinfo")
	say("read the mount table", err)
	_, err = os.ReadDir("/sys/block")
	say("list the disks", err)
	_, err = os.OpenFile(path, os.O_RDWR, 0)
	say("open a file of root's", err)
	_, err = os.ReadFile("/etc/passwd")
	say("read a file of everybody's", err)
	say("write a file of everybody's", os.WriteFile(filepath.Join(filepath.Dir(path), "new"), nil, 0o600))
	say("execute", exec.Command("/bin/true").Run())
	say("become root", syscall.Setuid(0))
	_ = json.NewEncoder(os.Stdout).Encode(said)
}

// TestGiveUpRights starts a process that gives its rights up, and asks it what it
// can still do.
func TestGiveUpRights(t *testing.T) {
	testtool.NeedRoot(t)
	dir, err := os.MkdirTemp("", "panoscrub-rights-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "target")
	if err := os.WriteFile(path, []byte("target"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), asProcess+"="+path)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var said map[string]string
	if err := json.Unmarshal(out, &said); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if strings.Contains(said["giving up"], "not supported") {
		t.Skip("NOT RUN: this test is linked with C, as for the race detector, and cannot give up its rights")
	}
	for _, what := range []string{"giving up", "write what was open", "read the mount table", "list the disks"} {
		if said[what] != "yes" {
			t.Errorf("%s: %s", what, said[what])
		}
	}
	for _, what := range []string{"open a file of root's", "become root"} {
		if said[what] == "yes" {
			t.Errorf("it can still %s", what)
		}
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION); errno != 0 {
		t.Logf("NOT RUN: this kernel has no Landlock (%v): what everybody may do was not looked at", errno)
		return
	}
	for _, what := range []string{"read a file of everybody's", "write a file of everybody's", "execute"} {
		if said[what] == "yes" {
			t.Errorf("it can still %s", what)
		}
	}
}
