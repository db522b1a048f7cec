//go:build unix

package cli

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/drive/drivetest"
	"github.com/panoscrub/panoscrub/internal/release"
)

var errOpened = errors.New("it was opened, which is where this test ends")

// opens notes what is opened, and for what.
type opens map[drive.Purpose]int

func (o opens) open(_ context.Context, _ drive.Drive, mode block.Mode) (block.Device, error) {
	if mode == block.ReadWrite {
		o[drive.Writing]++
	} else {
		o[drive.Reading]++
	}
	return nil, errOpened
}

// TestRefusedIsNeverOpened tries every command on every drive of every machine in
// testdata/sysfs, with everything that might talk it into going on: what is refused
// is never opened, and what is not is opened once.
func TestRefusedIsNeverOpened(t *testing.T) {
	archives, err := filepath.Glob(filepath.Join(drivetest.Trees(t), "*.txtar"))
	if err != nil || len(archives) < 15 {
		t.Fatalf("found the trees %v, %v", archives, err)
	}
	tried, released := opens{}, 0
	for _, archive := range archives {
		s := drivetest.Open(t, strings.TrimSuffix(filepath.Base(archive), ".txtar"))
		drives, err := s.List()
		if err != nil {
			t.Fatal(err)
		}
		state := filepath.Join(t.TempDir(), "state")
		for _, d := range drives {
			for _, c := range commandsOn(d, state) {
				opened := opens{}
				taken, code, stderr := runOn(s, opened, c.args)
				want := opens{}
				if d.RefusedFor(c.purpose) == nil {
					want[c.purpose] = 1
				}
				if opened[drive.Reading] != want[drive.Reading] || opened[drive.Writing] != want[drive.Writing] {
					t.Errorf("%s: %q: opened %v, want %v", archive, c.args, opened, want)
				}
				if refused := len(want) == 0; refused && code != exitRefused {
					t.Errorf("%s: %q: exit code %d, %s", archive, c.args, code, stderr)
				}
				tried[c.purpose] += opened[c.purpose]
				if taken > 0 && inUseOnly(d) {
					released++
				} else if taken > 0 {
					t.Errorf("%s: %q: took down what stands on %s", archive, c.args, d.Path)
				}
			}
		}
	}
	if tried[drive.Reading] < 10 || tried[drive.Writing] < 10 || released < 4 {
		t.Errorf("only %v were opened at all, and %d got free", tried, released)
	}
}

// inUseOnly reports whether a drive is refused for nothing that could not be taken
// down.
func inUseOnly(d drive.Drive) bool {
	return !slices.ContainsFunc(d.Refusals, func(r drive.Refusal) bool {
		return r.Reason != drive.ReasonMounted && r.Reason != drive.ReasonHeld
	})
}

type attempt struct {
	purpose drive.Purpose
	args    []string
}

func commandsOn(d drive.Drive, state string) []attempt {
	const appliance = "device-abcdefghijklmnopqrstuvwxya"
	confirmed := []string{"sanitize", d.Path, "--state-dir", state, "--appliance", appliance, "--confirm", d.ConfirmToken(), "--access"}
	return []attempt{
		{drive.Reading, []string{"inspect", d.Path, "--access", attest.AccessDirect}},
		{drive.Reading, []string{"inspect", d.Path, "--json"}},
		{drive.Writing, append(confirmed, attest.AccessDirect)},
		{drive.Reading, []string{"inspect", d.Path, "--release"}},
		{drive.Writing, append(confirmed, accessAuto, "--yes", "--json", "--release")},
	}
}

// runOn runs the program on another machine, where what is taken down comes up
// again at once, and tells how often that was tried.
func runOn(s drive.System, opened opens, args []string) (taken, code int, stderr string) {
	var out, err bytes.Buffer
	release := func(release.Plan, context.Context) error { taken++; return nil }
	a := &app{stdout: &out, stderr: &err, system: s, open: opened.open, release: release, now: time.Now}
	root := a.command()
	root.SetArgs(args)
	code = a.finish(root.Execute())
	return taken, code, err.String()
}
