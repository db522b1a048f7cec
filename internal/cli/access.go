package cli

import (
	"context"
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
	"github.com/panoscrub/panoscrub/internal/release"
	"github.com/panoscrub/panoscrub/internal/session"
)

// accessAuto finds a way to the drive by itself; the others are those of the record.
const accessAuto = "auto"

var accesses = []string{accessAuto, attest.AccessUDisks, attest.AccessHelper, attest.AccessDirect}

// reach is how a command comes to a drive.
type reach struct {
	access  string
	release bool // the operator agrees to all that has to be taken down first
	present bool // somebody is there who pulls a drive out when that is asked for
}

func (r *reach) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.access, "access", accessAuto,
		"way to the drive: auto, udisks (the desktop's service opens it), helper (a second panoscrub that pkexec or sudo gives root's rights), or direct (what you may open by yourself)")
	cmd.Flags().BoolVar(&r.release, "release", false,
		"agree without being asked to what gets a drive free that is in use: unmounting it anywhere, closing encrypted and LVM volumes on it")
}

func (r *reach) check() error {
	if !slices.Contains(accesses, r.access) {
		return usagef("--access is one of %s", strings.Join(accesses, ", "))
	}
	return nil
}

// way finds how to work at a target, and what the operator agrees to have taken
// down for it. Nobody is asked anything on account of a drive that is refused anyway.
func (a *app) way(ctx context.Context, d drive.Drive, purpose drive.Purpose, r reach) (session.Worker, session.Look, error) {
	look := session.Look{Target: d.Path} // whatever name was given for it
	p, err := a.toRelease(d, purpose)
	if err != nil {
		return nil, look, err
	}
	if look.Agreed, err = a.agree(ctx, p, d.RefusedFor(purpose), r.release); err != nil {
		return nil, look, err
	}
	worker, err := a.worker(d, purpose, r, p)
	return worker, look, err
}

// worker is how work at a target is done: in this process for an image and for
// whoever has the rights for all of it, else with what UDisks2 opens, else through
// the helper.
func (a *app) worker(d drive.Drive, purpose drive.Purpose, r reach, p release.Plan) (session.Worker, error) {
	direct, desktop := a.local(attest.AccessDirect), a.throughUDisks()
	if r.present {
		direct.Replug, desktop.Replug = a.replug, a.replug
	}
	mayAll := d.MayOpen(purpose) && (len(p.Steps) == 0 || os.Geteuid() == 0)
	switch {
	case d.Identity.Kind == drive.KindImage, r.access == attest.AccessDirect, r.access == accessAuto && mayAll:
		return direct, nil
	case r.access == attest.AccessUDisks:
		return desktop, nil
	case r.access == attest.AccessHelper, !p.OnlyUnmounts():
		return elevated()
	}
	return inTurn{first: desktop, then: elevated, notice: a.notice}, nil
}

func elevated() (session.Worker, error) { return helper.Elevated() }

// local works in this process.
func (a *app) local(access string) session.Local {
	return session.Local{System: a.system, Tool: a.tool(), Access: access, Now: a.now, Open: a.open, Release: a.release}
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
