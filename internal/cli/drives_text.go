package cli

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/human"
)

// printDrives shows the drives in three groups: those to choose from, USB disks,
// and those that may not be touched.
func (a *app) printDrives(found []drive.Drive) error {
	var usable, disks, refused []drive.Drive
	for _, d := range found {
		switch {
		case d.Refused() != nil:
			refused = append(refused, d)
		case d.ByNameOnly():
			disks = append(disks, d)
		default:
			usable = append(usable, d)
		}
	}
	if len(usable) == 0 {
		fmt.Fprintln(a.stdout, "No stick or card here may be sanitized. Plug in the USB drive, and unmount it if the desktop mounted it.")
	} else if err := printTable(a.stdout, usable); err != nil {
		return err
	}
	if len(disks) > 0 {
		fmt.Fprintln(a.stdout, "\nUSB disks, or what may be one: asked for by name, never by default.")
		if err := printTable(a.stdout, disks); err != nil {
			return err
		}
	}
	if len(refused) > 0 {
		fmt.Fprintln(a.stdout, "\nThese may not be touched:")
	}
	for _, d := range refused {
		fmt.Fprintf(a.stdout, "  %s  %s\n", human.Safe(d.Path), d.Name())
		printReasons(a.stdout, d)
	}
	return nil
}

func printTable(w io.Writer, drives []drive.Drive) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "DRIVE\tFORM\tWHAT IT IS\tWHERE\t--confirm")
	for _, d := range drives {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", human.Safe(d.Path), formWords(d), d.Name(),
			cmp.Or(d.Attachment.Port(), "-"), human.Safe(d.ConfirmToken()))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, d := range drives {
		for _, note := range notes(d) {
			fmt.Fprintf(w, "  %s: %s\n", human.Safe(d.Path), note)
		}
	}
	return nil
}

func printReasons(w io.Writer, d drive.Drive) {
	for _, r := range d.Refusals {
		fmt.Fprintf(w, "      %s\n", r.Sentence())
	}
}

// formWords says what a drive is in the hand.
func formWords(d drive.Drive) string {
	switch d.Attachment.Form {
	case "":
		return otherForms[d.Identity.Kind]
	case drive.FormCardReader:
		return "empty card reader"
	case drive.FormSD:
		return "card"
	}
	return string(d.Attachment.Form)
}

var otherForms = map[drive.Kind]string{drive.KindLoop: "loop device", drive.KindOther: "disk", drive.KindUSB: "USB drive"}

// notes say what is to be known of a drive before it is chosen. They are safe to
// print.
func notes(d drive.Drive) (notes []string) {
	if because := d.Attachment.FormBecause; because != "" {
		notes = append(notes, "taken for a disk: "+because)
	}
	switch others := d.Attachment.SameSerial; {
	case len(others) > 0:
		notes = append(notes, "it shows the same serial as "+human.Safe(strings.Join(others, ", "))+": tell them apart by where they are plugged in")
	case d.SerialQuality() == drive.SerialSuspect:
		notes = append(notes, "its serial is too short or too regular to be its own")
	}
	return notes
}
