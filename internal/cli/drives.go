package cli

import (
	"github.com/spf13/cobra"

	"github.com/panoscrub/panoscrub/internal/drive"
)

func (a *app) drivesCommand() *cobra.Command {
	var asJSON, watch bool
	cmd := &cobra.Command{
		Use:   "drives",
		Short: "List the drives of this machine, and say why one may not be touched",
		Long: `Drives lists every drive with its identity. Those that may be sanitized come
first, with the words that --confirm expects; USB disks stand apart, since they
are used only when asked for by name; each of the others says why it may not be
touched. Nothing is opened and nothing is written.

With --watch it goes on, and prints a line for each drive that is plugged in,
goes, or changes, as when it is mounted. Ctrl-C ends it, with exit code 0. With
--json each line is a document of its own; the first ones are the drives that
are there already, with the event "present".`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if watch {
				return a.watchDrives(cmd.Context(), asJSON)
			}
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
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document; with --watch one on each line")
	cmd.Flags().BoolVar(&watch, "watch", false, "go on, and print what comes, goes and changes")
	return cmd
}

// drivesJSON is the document of "drives --json".
type drivesJSON struct {
	Schema string      `json:"schema"`
	Drives []driveJSON `json:"drives"`
}

type driveJSON struct {
	Path          string              `json:"path"`
	Identity      drive.Identity      `json:"identity"`
	Attachment    drive.Attachment    `json:"attachment"`
	SerialQuality drive.SerialQuality `json:"serialQuality"` // with what else is plugged in
	Port          string              `json:"port"`          // in words
	Speed         string              `json:"speed"`         // in words
	ByNameOnly    bool                `json:"byNameOnly"`
	Usable        bool                `json:"usable"`
	Confirm       string              `json:"confirm"` // what --confirm must be
	Refusals      []refusalJSON       `json:"refusals"`
}

type refusalJSON struct {
	Reason  string `json:"reason"`
	Because string `json:"because"`
	Hint    string `json:"hint"`
}

func drivesDocument(found []drive.Drive) drivesJSON {
	doc := drivesJSON{Schema: "panoscrub/drives/v1", Drives: []driveJSON{}}
	for _, d := range found {
		doc.Drives = append(doc.Drives, driveEntry(d))
	}
	return doc
}

func driveEntry(d drive.Drive) driveJSON {
	return driveJSON{
		Path: d.Path, Identity: d.Identity, Attachment: d.Attachment, SerialQuality: d.SerialQuality(),
		Port: d.Attachment.Port(), Speed: d.Attachment.Link(), ByNameOnly: d.ByNameOnly(),
		Usable: d.Refused() == nil, Confirm: d.ConfirmToken(), Refusals: refusalDocuments(d.Refusals),
	}
}

func refusalDocuments(refusals []drive.Refusal) []refusalJSON {
	out := []refusalJSON{}
	for _, r := range refusals {
		out = append(out, refusalJSON{Reason: string(r.Reason), Because: r.Sentence(), Hint: r.Hint()})
	}
	return out
}
