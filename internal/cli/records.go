package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/durable"
	"github.com/panoscrub/panoscrub/internal/human"
	"github.com/panoscrub/panoscrub/internal/session"
)

func (a *app) recordsCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "List the records of this state folder", Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return a.listRecords() },
	}
	show := &cobra.Command{
		Use: "show ID", Short: "Print the statement of one record, without checking its signature", Args: oneArgument("ID"),
		RunE: func(_ *cobra.Command, args []string) error { return a.showRecord(args[0]) },
	}
	cmd := &cobra.Command{
		Use: "records", Short: "List or show the records of this state folder", Args: noArguments, RunE: list.RunE,
	}
	cmd.AddCommand(list, show)
	return cmd
}

func (a *app) listRecords() error {
	state, err := a.stateDir()
	if err != nil {
		return err
	}
	paths, err := filepath.Glob(filepath.Join(state, durable.Records, "*.dsse.json"))
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		fmt.Fprintln(a.stdout, "No records yet.")
		return nil
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CERTIFICATE\tVERDICT\tAPPLIANCE\tDRIVE")
	for _, path := range paths {
		id := strings.TrimSuffix(filepath.Base(path), ".dsse.json")
		statement, err := session.ReadRecord(path)
		if err != nil {
			fmt.Fprintf(w, "%s\tunreadable: %s\t\t\n", human.Safe(id), human.Safe(err.Error()))
			continue
		}
		p := statement.Predicate
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", human.Safe(id), human.Safe(string(p.Verdict)),
			human.Safe(p.Appliance.DeviceID), human.Safe(statement.Subject[0].Name))
	}
	return w.Flush()
}

func (a *app) showRecord(id string) error {
	state, err := a.stateDir()
	if err != nil {
		return err
	}
	if err := attest.CheckCertificateID(id); err != nil {
		return usageError{err}
	}
	statement, err := session.ReadRecord(session.RecordPath(state, id))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no record %s in %s: %w", id, human.Safe(state), fs.ErrNotExist)
	}
	if err != nil {
		return err
	}
	return printJSON(a.stdout, statement)
}
