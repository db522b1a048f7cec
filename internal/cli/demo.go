package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/panoscrub/panoscrub/internal/demo"
	"github.com/panoscrub/panoscrub/internal/durable"
	"github.com/panoscrub/panoscrub/internal/human"
)

func (a *app) demoCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Make a used provisioning drive as an image, and run the whole job on it",
		Long: `Demo makes a disk image of a realistic used drive: a configuration archive with
a certificate, a private key and a network configuration that are generated on
the spot, provisioning logs, deleted files, and residue in free space. Then it
inspects, sanitizes, inspects again and verifies it, and shows each step.

With --dir the image, the record and the key are kept in that folder; without,
a temporary folder is used and removed.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), dir) },
	}
	cmd.Flags().StringVar(&dir, "dir", "", "folder to work in and to leave everything in")
	return cmd
}

func (a *app) demo(ctx context.Context, dir string) error {
	if dir == "" {
		temp, err := os.MkdirTemp("", "panoscrub-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temp)
		dir = temp
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	image, state := filepath.Join(dir, "stick.img"), filepath.Join(dir, "state")
	used, err := demo.Build(ctx, image)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "A used provisioning drive, %s, with:\n", human.Bytes(demo.SizeBytes))
	for _, what := range used.Planted {
		fmt.Fprintf(a.stdout, "  - %s\n", what)
	}
	for _, step := range []struct {
		args []string
		code int // what this step must end with
	}{
		{[]string{"inspect", image}, exitLeftovers},
		{[]string{"sanitize", image, "--appliance", used.DeviceID, "--operator", "demo", "--yes"}, exitDone},
		{[]string{"inspect", image}, exitDone},
		{[]string{"verify", "RECORD", "--drive", image}, exitDone},
	} {
		if step.args[0] == "verify" {
			if step.args[1], err = onlyRecord(state); err != nil {
				return err
			}
		}
		if err := a.demoStep(ctx, state, step.args, step.code); err != nil {
			return err
		}
	}
	return nil
}

// demoStep runs one command of this program the way a user would, and insists on
// its outcome.
func (a *app) demoStep(ctx context.Context, state string, args []string, want int) error {
	fmt.Fprintf(a.stdout, "\n$ panoscrub %s\n", strings.Join(args, " "))
	inner := &app{stdin: a.stdin, stdout: a.stdout, stderr: a.stderr, system: a.system, open: a.open, release: a.release, now: a.now}
	root := inner.command()
	root.SetArgs(append([]string{"--state-dir", state}, args...))
	err := root.ExecuteContext(ctx)
	if got := exitCode(err); got != want {
		// Not the step's own outcome, which would pass for one that was reported.
		if already := outcome(0); err == nil || errors.As(err, &already) {
			return fmt.Errorf("the demo's %q ended with exit code %d, not %d", args[0], got, want)
		}
		return fmt.Errorf("the demo's %q: %w", args[0], err)
	}
	return nil
}

func onlyRecord(state string) (string, error) {
	paths, err := filepath.Glob(filepath.Join(state, durable.Records, "*.dsse.json"))
	if err != nil || len(paths) != 1 {
		return "", errors.Join(err, fmt.Errorf("%d records are in %s, where one is expected", len(paths), state))
	}
	return paths[0], nil
}
