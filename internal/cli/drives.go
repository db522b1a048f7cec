package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/human"
)

func (a *app) drivesCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "drives",
		Short: "List the drives of this machine, and say why one may not be touched",
		Long: `Drives lists every drive with its identity. Those that may be sanitized come
first, with the words that --confirm expects; each of the others says why it may
not be touched. Nothing is opened and nothing is written.`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			found, err := a.system.List()
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(a.stdout, drivesDocument(found))
			}
			return a.printDrives(found)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

// drivesJSON is the document of "drives --json".
type drivesJSON struct {
	Schema string      `json:"schema"`
	Drives []driveJSON `json:"drives"`
}

type driveJSON struct {
	Path       string           `json:"path"`
	Identity   drive.Identity   `json:"identity"`
	Attachment drive.Attachment `json:"attachment"`
	Usable     bool             `json:"usable"`
	Confirm    string           `json:"confirm"` // what --confirm must be
	Refusals   []refusalJSON    `json:"refusals"`
}

type refusalJSON struct {
	Reason  string `json:"reason"`
	Because string `json:"because"`
	Hint    string `json:"hint"`
}

func drivesDocument(found []drive.Drive) drivesJSON {
	doc := drivesJSON{Schema: "panoscrub/drives/v1", Drives: []driveJSON{}}
	for _, d := range found {
		doc.Drives = append(doc.Drives, driveJSON{
			Path: d.Path, Identity: d.Identity, Attachment: d.Attachment,
			Usable: d.Refused() == nil, Confirm: d.ConfirmToken(), Refusals: refusalDocuments(d.Refusals),
		})
	}
	return doc
}

func refusalDocuments(refusals []drive.Refusal) []refusalJSON {
	out := []refusalJSON{}
	for _, r := range refusals {
		out = append(out, refusalJSON{Reason: string(r.Reason), Because: r.Sentence(), Hint: r.Hint()})
	}
	return out
}

func (a *app) printDrives(found []drive.Drive) error {
	var usable, refused []drive.Drive
	for _, d := range found {
		if d.Refused() == nil {
			usable = append(usable, d)
		} else {
			refused = append(refused, d)
		}
	}
	if len(usable) == 0 {
		fmt.Fprintln(a.stdout, "No drive here may be sanitized. Plug in the USB drive, and unmount it if the desktop mounted it.")
	} else {
		w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "DRIVE\tWHAT IT IS\t--confirm")
		for _, d := range usable {
			fmt.Fprintf(w, "%s\t%s\t%s\n", human.Safe(d.Path), d.Name(), human.Safe(d.ConfirmToken()))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if len(refused) > 0 {
		fmt.Fprintln(a.stdout, "\nThese may not be touched:")
	}
	for _, d := range refused {
		fmt.Fprintf(a.stdout, "  %s  %s\n", human.Safe(d.Path), d.Name())
		for _, r := range d.Refusals {
			fmt.Fprintf(a.stdout, "      %s\n", r.Sentence())
		}
	}
	return nil
}
