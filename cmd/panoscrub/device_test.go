//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/demo"
	"github.com/panoscrub/panoscrub/internal/durable"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// attachLoop makes a block device of an image and detaches it at the end.
func attachLoop(t *testing.T, image string, sectorSize string) string {
	t.Helper()
	testtool.NeedRoot(t)
	out, err := testtool.Try(t, "losetup", "--find", "--show", "--sector-size", sectorSize, image)
	if err != nil {
		t.Skipf("NOT RUN: this test needs loop devices with %s-byte sectors: %s", sectorSize, strings.TrimSpace(out))
	}
	node := strings.TrimSpace(out)
	t.Cleanup(func() {
		if out, err := testtool.Try(t, "losetup", "--detach", node); err != nil {
			t.Errorf("detaching %s: %v %s", node, err, out)
		}
	})
	return node
}

type listing struct {
	Drives []struct {
		Path, Confirm string
		Usable        bool
	}
}

// confirmToken is what "drives" says that --confirm must be.
func confirmToken(t *testing.T, state, node string) string {
	t.Helper()
	for _, d := range unmarshal[listing](t, panoscrub(t, state, 0, "drives", "--json")).Drives {
		if d.Path == node {
			return d.Confirm
		}
	}
	t.Fatalf("drives does not list %s", node)
	return ""
}

// TestLoopDevice runs the whole flow on a block device of the real kernel.
func TestLoopDevice(t *testing.T) {
	for _, sector := range []string{"512", "4096"} {
		t.Run(sector, func(t *testing.T) {
			dir := t.TempDir()
			image, state := filepath.Join(dir, "stick.img"), filepath.Join(dir, "state")
			if _, err := demo.Build(t.Context(), image); err != nil {
				t.Fatal(err)
			}
			// Whole sectors, and enough of them for FAT32 with 4096-byte ones.
			if err := os.Truncate(image, 320<<20); err != nil {
				t.Fatal(err)
			}
			node := attachLoop(t, image, sector)
			panoscrub(t, state, 3, "inspect", node)

			// The image behind the device is the same bytes under another name.
			panoscrub(t, state, 4, "sanitize", image, "--appliance", appliance, "--yes")
			// Words that are not this drive's confirm nothing.
			panoscrub(t, state, 2, "sanitize", node, "--appliance", appliance, "--yes")
			panoscrub(t, state, 4, "sanitize", node, "--appliance", appliance, "--confirm", "another")

			panoscrub(t, state, 0, "sanitize", node, "--appliance", appliance, "--confirm", confirmToken(t, state, node))
			panoscrub(t, state, 0, "inspect", node)
			panoscrub(t, state, 0, "verify", onlyRecord(t, state), "--drive", node)
			requireKernelMounts(t, state, node)
		})
	}
}

// requireKernelMounts lets the kernel mount the new volume, and checks that the
// drive is refused while it is mounted.
func requireKernelMounts(t *testing.T, state, node string) {
	t.Helper()
	testtool.Run(t, "", "partx", "--update", node)
	partition := node + "p1"
	for range 50 { // the node appears when the kernel's event has been handled
		if _, err := os.Stat(partition); err == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	mountpoint := t.TempDir()
	if out, err := testtool.Try(t, "mount", "-t", "vfat", partition, mountpoint); err != nil {
		if strings.Contains(out, "unknown filesystem type") {
			t.Logf("NOT RUN: mounting, as this kernel has no vfat")
			return
		}
		t.Fatalf("mount: %v %s", err, out)
	}
	defer func() {
		if out, err := testtool.Try(t, "umount", mountpoint); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	}()
	entries, err := os.ReadDir(mountpoint)
	if err != nil || len(entries) > 0 {
		t.Errorf("the kernel sees %v, %v on the new volume", entries, err)
	}
	panoscrub(t, state, 4, "sanitize", node, "--appliance", appliance, "--confirm", confirmToken(t, state, node))
	panoscrub(t, state, 4, "inspect", node)
}

// TestInterrupt interrupts a run in the middle of the overwrite. Once, and it
// ends in order; twice, and it leaves at once. Either way the exit code is 130,
// and after the next start there is one INCOMPLETE record.
func TestInterrupt(t *testing.T) {
	for _, signals := range []int{1, 2} {
		t.Run(fmt.Sprint(signals), func(t *testing.T) {
			dir := t.TempDir()
			image, state := filepath.Join(dir, "stick.img"), filepath.Join(dir, "state")
			if err := os.WriteFile(image, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(image, 4<<30); err != nil { // sparse, and long enough to be caught in
				t.Fatal(err)
			}
			cmd := program(state, "sanitize", image, "--appliance", appliance, "--yes", "--events")
			whenTold(t, cmd, `"progress","at":"[^"]*","stage":"overwrite"`, func() {
				for range signals {
					if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
						t.Error(err)
					}
					time.Sleep(10 * time.Millisecond) // two at once would be one to the kernel
				}
			})
			if code := exitCodeOf(t, cmd.Wait()); code != 130 {
				t.Fatalf("exit code %d, want 130", code)
			}
			if signals > 1 {
				panoscrub(t, state, 0, "records")
			}
			r := unmarshal[listedRecord](t, panoscrub(t, state, 0, "verify", "--json", onlyRecord(t, state)))
			if r.Verdict != "INCOMPLETE" {
				t.Fatalf("verdict %s, want INCOMPLETE", r.Verdict)
			}
			requireNoJournals(t, state)
			if signals == 1 {
				requireResumes(t, state, image, r.CertificateID)
			}
		})
	}
}

// requireResumes makes sure that a run that ended early can be gone on with: the plan
// of the next one says so, when that is asked for, and else that it could.
func requireResumes(t *testing.T, state, image, earlier string) {
	t.Helper()
	args := []string{"sanitize", image, "--appliance", appliance, "--yes", "--events"}
	for _, c := range []struct {
		args    []string
		resumes bool
		says    string
	}{
		{args, false, "an earlier run on this drive, " + earlier + ", ended early on "},
		{append(args, "--resume"), true, ""},
	} {
		var stderr bytes.Buffer
		cmd := program(state, c.args...)
		cmd.Stderr = &stderr
		out := whenTold(t, cmd, `"event":"planned"`, func() {
			if err := cmd.Process.Kill(); err != nil { // so that it leaves no record that is newer
				t.Error(err)
			}
		})
		_ = cmd.Wait()
		resumes := bytes.Contains(out, []byte(`"resumes":[{"certificateId":"`+earlier+`"`))
		if resumes != c.resumes || !strings.Contains(stderr.String(), c.says) {
			t.Errorf("%q: it goes on: %v; it says: %s", c.args, resumes, &stderr)
		}
		if err := os.RemoveAll(filepath.Join(state, durable.Journals)); err != nil {
			t.Fatal(err)
		}
	}
}

// whenTold starts a run and does something once its output matches; it returns
// the output when that has ended.
func whenTold(t *testing.T, cmd *exec.Cmd, pattern string, do func()) []byte {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	told := regexp.MustCompile(pattern)
	var seen []byte
	for chunk, done := make([]byte, 4096), false; ; {
		n, err := out.Read(chunk)
		seen = append(seen, chunk[:n]...)
		if !done && told.Match(seen) {
			done = true
			do()
		}
		if err != nil {
			if !done {
				t.Errorf("the output never matched %q:\n%s", pattern, seen)
			}
			return seen
		}
	}
}

// TestFullDisk fills the state folder's disk at two moments: before the first
// write, where nothing may be touched, and while the record is written, where
// the journal must keep it until there is room.
func TestFullDisk(t *testing.T) {
	testtool.NeedRoot(t)
	dir := t.TempDir()
	image, disk := filepath.Join(dir, "stick.img"), filepath.Join(dir, "disk")
	used, err := demo.Build(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := testtool.Try(t, "mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk); err != nil {
		t.Skipf("NOT RUN: this test needs to mount a tmpfs: %s", out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", disk).Run() })
	state := filepath.Join(disk, "state")
	panoscrub(t, state, 0, "key", "init")
	before := digestOf(t, image)
	filler := filepath.Join(disk, "filler")
	fill(t, filler)
	panoscrub(t, state, 1, "sanitize", image, "--appliance", used.DeviceID, "--yes")
	if !bytes.Equal(digestOf(t, image), before) {
		t.Fatal("the image was touched although the journal could not be written")
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}

	cmd := program(state, "sanitize", image, "--appliance", used.DeviceID, "--yes", "--events")
	seen := whenTold(t, cmd, `"stage":"overwrite"`, func() { fill(t, filler) })
	if code := exitCodeOf(t, cmd.Wait()); code != 1 {
		t.Fatalf("exit code %d, want 1: %s", code, seen)
	}
	if n := len(recordsIn(t, state)); n != 0 {
		t.Fatalf("%d records on a full disk", n)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	panoscrub(t, state, 0, "records")
	panoscrub(t, state, 0, "verify", onlyRecord(t, state), "--drive", image)
}

// fill writes until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 1<<16); len(block) > 0; {
		if _, err := f.Write(block); err != nil {
			block = block[:len(block)/2]
		}
	}
}
