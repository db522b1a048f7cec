package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/human"
)

// watchDrives shows the drives as they come and go. An interrupt is how it ends,
// and no failure.
func (a *app) watchDrives(ctx context.Context, asJSON bool) error {
	show := a.textLooks()
	if asJSON {
		show = a.jsonLooks()
	}
	noticed := false
	err := a.system.Watch(ctx, func(l drive.Look) error {
		if l.Polling != nil && !noticed {
			noticed = true
			a.notice("the drives are looked at every two seconds: %s", human.Printable(l.Polling.Error()))
		}
		return show(l)
	})
	if interrupted := (interruptedError{}); errors.As(err, &interrupted) {
		return nil
	}
	return err
}

// changeJSON is a line of "drives --watch --json".
type changeJSON struct {
	Schema string          `json:"schema"`
	Event  drive.Happening `json:"event"`
	At     time.Time       `json:"at"`
	Drive  driveJSON       `json:"drive"`
}

// jsonLooks prints each change as a document on a line of its own.
func (a *app) jsonLooks() func(drive.Look) error {
	enc := json.NewEncoder(printableJSON{a.stdout})
	enc.SetEscapeHTML(false)
	return func(l drive.Look) error {
		at := a.now().UTC()
		for _, c := range l.Changes {
			if err := enc.Encode(changeJSON{"panoscrub/drives-change/v1", c.Happening, at, driveEntry(c.Drive)}); err != nil {
				return err
			}
		}
		return nil
	}
}

// textLooks prints the list as it is at the start, and then what changes.
func (a *app) textLooks() func(drive.Look) error {
	began := false
	return func(l drive.Look) error {
		if !began {
			began = true
			var found []drive.Drive
			for _, d := range l.Drives {
				found = append(found, d.Drive)
			}
			defer a.notice("watching; Ctrl-C ends it")
			return a.printDrives(found)
		}
		for _, c := range l.Changes {
			if err := a.printChange(c); err != nil {
				return err
			}
		}
		return nil
	}
}

func (a *app) printChange(c drive.Change) error {
	where := ""
	if port := c.Attachment.Port(); port != "" {
		where = ", " + port
	}
	_, err := fmt.Fprintf(a.stdout, "%s  %-12s  %s  %s: %s%s\n", a.now().Format(time.TimeOnly), changeWords(c),
		human.Safe(c.Path), formWords(c.Drive), c.Name(), where)
	if c.Happening == drive.Removed || err != nil {
		return err
	}
	if c.Refused() == nil {
		fmt.Fprintf(a.stdout, "      --confirm %s\n", human.Safe(c.ConfirmToken()))
	}
	for _, note := range notes(c.Drive) {
		fmt.Fprintf(a.stdout, "      %s\n", note)
	}
	printReasons(a.stdout, c.Drive)
	return nil
}

// changeWords marks what came since the start as new for as long as it is there.
func changeWords(c drive.Change) string {
	switch {
	case c.Happening == drive.Added:
		return "new"
	case c.Happening == drive.Removed:
		return "gone"
	case c.New:
		return "changed, new"
	}
	return "changed"
}
