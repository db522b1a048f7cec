package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/envelope"
	"github.com/panoscrub/panoscrub/internal/rules"
	"github.com/panoscrub/panoscrub/internal/scan"
	"github.com/panoscrub/panoscrub/internal/session"
	"github.com/panoscrub/panoscrub/internal/volume"
)

// TestFinish gives every kind of error to the one place that turns it into an
// exit code and advice.
func TestFinish(t *testing.T) {
	wrapped := func(err error) error { return fmt.Errorf("while doing something: %w", err) }
	refused := &drive.RefusedError{Path: "/dev/sda", Refusals: []drive.Refusal{{Reason: drive.ReasonSystem, About: []string{"/"}}}}
	for _, c := range []struct {
		name string
		err  error
		code int
		hint string // part of what is printed; empty: nothing is
	}{
		{"none", nil, exitDone, ""},
		{"reported already", outcome(exitLeftovers), exitLeftovers, ""},
		{"usage", wrapped(usagef("no such thing")), exitUsage, "--help"},
		{"bad rules", usageError{wrapped(rules.ErrInvalid)}, exitUsage, "panoscrub rules --help"},
		{"refused", wrapped(refused), exitRefused, "choose another drive"},
		{"refused, untouched", wrapped(refused), exitRefused, "not touched"},
		{"busy", wrapped(block.ErrBusy), exitRefused, "not touched"},
		{"read-only", wrapped(block.ErrReadOnly), exitRefused, "write protection"},
		{"changed", wrapped(block.ErrChanged), exitRefused, "not touched"},
		{"gone", wrapped(block.ErrGone), exitError, "plug the drive in again"},
		{"gone before the first write", notBegunError{wrapped(block.ErrGone)}, exitRefused, "not touched"},
		{"another cause before the first write", notBegunError{wrapped(fs.ErrNotExist)}, exitError, "spelling"},
		{"too small", wrapped(volume.ErrTooSmall), exitRefused, "not touched"},
		{"declined", session.ErrDeclined, exitRefused, "not touched"},
		{"interrupted", wrapped(interruptedError{os.Interrupt}), exitInterrupted, "begin anew"},
		{"cancelled", context.Canceled, exitInterrupted, ""},
		{"record not stored", &session.RecordError{Verdict: "PASS", Err: syscall.ENOSPC}, exitError, "panoscrub records"},
		{"record not stored, why", &session.RecordError{Verdict: "PASS", Err: syscall.ENOSPC}, exitError, "free some space"},
		{"key for all to read", wrapped(envelope.ErrPermissions), exitError, "chmod 600"},
		{"wrong passphrase", wrapped(envelope.ErrPassphrase), exitError, "right passphrase"},
		{"damaged key", wrapped(envelope.ErrKey), exitError, "key init"},
		{"missing file", wrapped(fs.ErrNotExist), exitError, "spelling"},
		{"not root", wrapped(fs.ErrPermission), exitError, "sudo"},
		{"hostile words", errors.New("the name \x1b[2J\u202e is odd"), exitError, `\x1b[2J\u202e`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stderr bytes.Buffer
			if code := (&app{stderr: &stderr}).finish(c.err); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			if !strings.Contains(stderr.String(), c.hint) || c.err != nil && c.name != "reported already" && stderr.Len() == 0 {
				t.Errorf("printed %q, want something with %q", stderr.String(), c.hint)
			}
		})
	}
}

// TestDemoStep: a step of the demo that ends in another way than it should is an
// error that is told, even where the step itself only set an exit code.
func TestDemoStep(t *testing.T) {
	image := filepath.Join(t.TempDir(), "stick.img")
	if err := os.WriteFile(image, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want int
		told string
	}{
		{[]string{"inspect", image}, exitLeftovers, "ended with exit code 0, not 3"},
		{[]string{"inspect", image + ".not"}, exitDone, "no such file"},
		{[]string{"--state-dir", t.TempDir()}, exitDone, "ended with exit code 2, not 0"}, // help, and an outcome
	} {
		var out bytes.Buffer
		a := &app{stdout: &out, stderr: &out, system: drive.Host(), now: time.Now}
		code := a.finish(a.demoStep(t.Context(), t.TempDir(), c.args, c.want))
		if code != exitError || !strings.Contains(out.String(), c.told) {
			t.Errorf("%v: exit code %d, printed %q, want %q in it", c.args, code, &out, c.told)
		}
	}
}

// TestLines shows a run as a terminal and as a file see it.
func TestLines(t *testing.T) {
	start := time.Unix(0, 0)
	events := []session.Event{
		{Kind: session.StageStarted, Stage: session.Overwrite, Pass: 1, TotalBytes: 1_000_000_000},
		{Kind: session.Progressed, Stage: session.Overwrite, Pass: 1, DoneBytes: 100_000_000, TotalBytes: 1_000_000_000},
		{Kind: session.Progressed, Stage: session.Overwrite, Pass: 1, DoneBytes: 200_000_000, TotalBytes: 1_000_000_000},
		{Kind: session.Notice, Text: "odd \x1b[31mname"},
		{Kind: session.StageEnded, Stage: session.Overwrite, Pass: 1, DoneBytes: 1_000_000_000, TotalBytes: 1_000_000_000},
		{Kind: session.StageStarted, Stage: session.Replug},
		{Kind: session.Progressed, Stage: session.Replug},
		{Kind: session.StageEnded, Stage: session.Replug},
		{Kind: session.StageStarted, Stage: session.ReadBack, TotalBytes: 1_000_000_000},
		{Kind: session.Problem, Text: "it has gone"},
		{Kind: session.StageEnded, Stage: session.ReadBack, DoneBytes: 500_000_000, TotalBytes: 1_000_000_000},
	}
	shown := func(terminal bool) string {
		var out bytes.Buffer
		view := lines{w: &out, moves: terminal}
		for i, e := range events {
			e.At = start.Add(time.Duration(i) * time.Second)
			view.Emit(e)
		}
		return out.String()
	}
	const file = `notice: odd \x1b[31mname
overwrite  done in 4.0 s, 1 GB at 250 MB/s
problem: it has gone
read-back  ended after 2.0 s, 500 MB of 1 GB
`
	if got := shown(false); got != file {
		t.Errorf("a file sees\n%s\nwant\n%s", got, file)
	}
	terminal := shown(true)
	if want := "overwrite   20 %  200 MB of 1 GB  100 MB/s  about 8 s left"; !strings.Contains(terminal, want) {
		t.Errorf("a terminal sees %q, want %q in it", terminal, want)
	}
	if strings.Contains(terminal, "replug") {
		t.Errorf("a terminal sees %q: a line moves where a question stands", terminal)
	}
	if strings.ContainsRune(terminal, '\x1b') {
		t.Error("an escape code reached the terminal")
	}
}

// TestVerdictOfLowFindings: the last line does not deny what was listed above it.
func TestVerdictOfLowFindings(t *testing.T) {
	low := []scan.Finding{{ID: "F1", Rule: "device-id", Severity: scan.Low, State: scan.Live, Sample: true, Hint: "device ID"}}
	for _, c := range []struct {
		verdict  scan.Verdict
		findings []scan.Finding
		want     string
	}{
		{scan.Clean, nil, "CLEAN  nothing was found in 1 MB"},
		{scan.Clean, low, "CLEAN  nothing but what is low was found in 1 MB"},
		{scan.Incomplete, nil, "INCOMPLETE  nothing was found in what could be read"},
		{scan.Incomplete, low, "INCOMPLETE  nothing but what is low was found in what could be read"},
	} {
		var out bytes.Buffer
		printInspection(&out, drive.Drive{}, scan.Report{Verdict: c.verdict, Findings: c.findings, Coverage: scan.Coverage{BytesRead: 1_000_000}})
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("%s with %d findings prints %q, want %q", c.verdict, len(c.findings), out.String(), c.want)
		}
	}
}

// TestHelpTellsTheContract: every command explains itself, and the root the exit
// codes.
func TestHelpTellsTheContract(t *testing.T) {
	var stdout bytes.Buffer
	app := &app{stdout: &stdout, stderr: &stdout, now: time.Now, stateFlag: t.TempDir()}
	root := app.command()
	root.SetArgs([]string{"--help"})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"drives", "inspect", "sanitize", "verify", "rules", "policy", "records", "key", "demo", "Exit codes:", "130"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the help does not tell of %q", want)
		}
	}
	for _, cmd := range root.Commands() {
		if cmd.Short == "" || !cmd.Hidden && cmd.Name() != "help" && cmd.RunE == nil {
			t.Errorf("the command %s does not say or do anything", cmd.Name())
		}
	}
}
