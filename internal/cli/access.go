package cli

import (
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/helper"
	"github.com/panoscrub/panoscrub/internal/session"
)

// accessAuto finds a way to the drive by itself; the others are those of the record.
const accessAuto = "auto"

var accesses = []string{accessAuto, attest.AccessHelper, attest.AccessDirect}

const accessUsage = "way to the drive: auto, helper (started with root's rights through pkexec or sudo), or direct (what you may open by yourself)"

func checkAccess(way string) error {
	if !slices.Contains(accesses, way) {
		return usagef("--access is one of %s", strings.Join(accesses, ", "))
	}
	return nil
}

// worker is how work at a target is done: in this process for an image and for
// whoever may open the drive, else through the helper. Nobody is asked for a
// password on account of a drive that is refused anyway.
func (a *app) worker(d drive.Drive, purpose drive.Purpose, way string) (session.Worker, error) {
	if err := d.RefusedFor(purpose); err != nil {
		return nil, err
	}
	if way == attest.AccessDirect || way == accessAuto && (d.Identity.Kind == drive.KindImage || d.MayOpen(purpose)) {
		return a.local(attest.AccessDirect), nil
	}
	return helper.Elevated()
}

// local works in this process.
func (a *app) local(access string) session.Local {
	return session.Local{System: a.system, Tool: a.tool(), Access: access, Now: a.now, Open: a.open}
}

// helperCommand is the other end of package helper. People have no use for it.
func (a *app) helperCommand() *cobra.Command {
	return &cobra.Command{
		Use:    helper.Command,
		Short:  "Work at a drive for a panoscrub that has no right to it (it starts this by itself)",
		Hidden: true,
		Args:   noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if term.IsTerminal(int(a.stdin.Fd())) {
				return usagef("the helper is started by panoscrub itself, where a drive needs root's rights")
			}
			// The terminal's signals are for the program that started this one, which
			// tells what to do; what it cannot be told it finds out by itself.
			signal.Ignore(os.Interrupt, syscall.SIGHUP, syscall.SIGPIPE)
			return helper.Serve(cmd.Context(), helper.ForDrives(a.local(attest.AccessHelper)), a.stdin, a.stdout)
		},
	}
}
