// Package cli is the command line: a file for each command, printers for people
// and for programs, and one place each for exit codes and for advice.
//
// What goes where: stdout carries results and nothing else, so that with --json
// it holds exactly one document; stderr carries progress, notices, questions and
// errors, each line of an error beginning with "panoscrub:" or "hint:". Text
// that comes from a drive is printed through human.Safe only.
package cli

import (
	"context"
	"io"
	"math"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/durable"
	"github.com/panoscrub/panoscrub/internal/envelope"
	"github.com/panoscrub/panoscrub/internal/release"
	"github.com/panoscrub/panoscrub/internal/session"
)

// Set by the linker; see the Makefile.
var (
	version = "devel"
	commit  = ""
)

// Main runs the program and returns its exit code.
func Main(args []string, stdin *os.File, stdout, stderr io.Writer) int {
	boundMemory()
	app := &app{
		stdin: stdin, stdout: stdout, stderr: stderr,
		system: drive.Host(), open: session.Open, release: release.Plan.Do, now: time.Now,
	}
	ctx, stop := app.interruptible(context.Background())
	defer stop()
	root := app.command()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return app.finish(err)
}

// memoryTarget is where the collector begins to work harder: what is alive at once
// stays far below it, and what is not yet collected should, too.
const memoryTarget = 72 << 20

// boundMemory sets the target, unless the environment has one.
func boundMemory() {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(memoryTarget)
	}
}

// app holds what the commands share.
type app struct {
	stdin          *os.File
	stdout, stderr io.Writer
	system         drive.System
	open           func(context.Context, drive.Drive, block.Mode) (block.Device, error)
	release        func(release.Plan, context.Context) error
	now            func() time.Time

	stateFlag string
	key       envelope.Signer // once it was loaded
}

const rootLong = `panoscrub sanitizes the USB drive that provisioned an AWS Panorama appliance.

It finds what provisioning left on the drive, overwrites every addressable
sector, reads every sector back, gives back an empty FAT32 volume, and writes a
signed attestation that an auditor can verify offline.

Look first, then sanitize:
  panoscrub drives
  panoscrub inspect /dev/sdX
  panoscrub sanitize /dev/sdX --appliance DEVICE-ID`

const exitCodes = `
Exit codes:
    0  done; inspect: nothing found; verify: valid
    1  an error that no other code names
    2  the command line is wrong
    3  inspect: leftovers found; rules test: a rule matched
    4  refused: this target may not be touched
    5  sanitize: verdict FAIL or INCOMPLETE (a record was still written)
    6  verify: not valid, or not this drive
  130  interrupted (a started erasure still leaves an INCOMPLETE record)
`

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:           "panoscrub",
		Short:         "Sanitize the USB drive that provisioned an AWS Panorama appliance",
		Long:          rootLong,
		Version:       a.tool().Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SetOut(a.stderr)
			_ = cmd.Help()
			return errHelpShown
		},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			a.system.Own = a.ownPlaces()
			return a.recoverOrphans(cmd.Context(), topLevel(cmd))
		},
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetUsageTemplate(root.UsageTemplate() + exitCodes)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.PersistentFlags().StringVar(&a.stateFlag, "state-dir", "",
		"folder for keys, records and journals (default: $"+durable.StateDirVariable+", else the platform's state folder)")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		a.drivesCommand(), a.inspectCommand(), a.sanitizeCommand(), a.verifyCommand(),
		a.rulesCommand(), a.policyCommand(), a.recordsCommand(), a.keyCommand(), a.demoCommand(), a.helperCommand(),
	)
	return root
}

// interruptible returns a context that the first interrupt, terminate or hang-up
// signal cancels. The second leaves at once: the journal then tells what was
// going on.
func (a *app) interruptible(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // it is under nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	done := make(chan struct{})
	go func() {
		select {
		case s := <-signals:
			cancel(interruptedError{s})
		case <-done:
			return
		}
		select {
		case <-signals:
			os.Exit(exitInterrupted)
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	}
}

// tool names this program in records.
func (a *app) tool() attest.Tool {
	return attest.Tool{
		Name: "panoscrub", Version: version, Commit: commit,
		GoVersion: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// topLevel is the name of the command right below the root that cmd belongs to.
func topLevel(cmd *cobra.Command) string {
	for cmd.HasParent() && cmd.Parent().HasParent() {
		cmd = cmd.Parent()
	}
	return cmd.Name()
}
