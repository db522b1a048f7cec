package cli

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/human"
	"github.com/panoscrub/panoscrub/internal/scan"
	"github.com/panoscrub/panoscrub/internal/session"
)

type inspectOptions struct {
	target, rules string
	reach
	asJSON bool
}

func (a *app) inspectCommand() *cobra.Command {
	var o inspectOptions
	cmd := &cobra.Command{
		Use:   "inspect TARGET",
		Short: "Show what provisioning left on a drive or a disk image; reads only",
		Long: `Inspect reads every byte of a drive (/dev/sdX) or a disk image and lists what
provisioning left on it: files, deleted files, and residue between files. It
writes nothing, and shows no secret. A drive that the desktop mounted is unmounted
first, which flushes it; other mounts, and open volumes, you are asked about.

It exits with 0 when nothing was found, with 3 when something was, and with 1
when nothing was found but not everything could be read. What is of low severity,
such as samples and published test keys, is listed and does not count.

With --rules it looks for what an operator's own rules say, too; see
"panoscrub rules --help".`,
		Example: "  panoscrub inspect /dev/sdb\n  panoscrub inspect stick.img --json",
		Args:    oneArgument("TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.target = args[0]
			return a.inspect(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.rules, "rules", "", rulesUsage)
	o.addFlags(cmd)
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print one JSON document")
	return cmd
}

// inspectionJSON is the document of "inspect --json".
type inspectionJSON struct {
	Schema string         `json:"schema"`
	Target string         `json:"target"`
	Drive  drive.Identity `json:"drive"`
	scan.Report
}

func (a *app) inspect(ctx context.Context, o inspectOptions) error {
	_, own, err := ruleset(o.rules)
	if err != nil {
		return err
	}
	if err := o.reach.check(); err != nil {
		return err
	}
	d, err := a.system.Resolve(o.target)
	if err != nil {
		return err
	}
	worker, look, err := a.way(ctx, d, drive.Reading, o.reach)
	if err != nil {
		return err
	}
	look.OwnRules = own
	d, report, err := worker.Inspect(ctx, look, a.glimpses())
	if err != nil {
		return err
	}
	if o.asJSON {
		err = printJSON(a.stdout, inspectionJSON{Schema: "panoscrub/inspection/v1", Target: o.target, Drive: d.Identity, Report: report})
	} else {
		printInspection(a.stdout, d, report)
	}
	if err != nil {
		return err
	}
	return verdictOutcome(report.Verdict)
}

// verdictOutcome sets the exit code of whoever shows what a scan found.
func verdictOutcome(v scan.Verdict) error {
	switch v {
	case scan.Leftovers:
		return outcome(exitLeftovers)
	case scan.Incomplete:
		return outcome(exitError)
	}
	return nil
}

func printInspection(w io.Writer, d drive.Drive, r scan.Report) {
	fmt.Fprintf(w, "%s: %s\n", human.Safe(d.Path), d.Name())
	for _, p := range r.Partitions {
		printPartition(w, p)
	}
	if len(r.Findings) > 0 {
		fmt.Fprintln(w)
	}
	for _, f := range r.Findings {
		printFinding(w, f)
	}
	if len(r.Appliance) > 0 {
		fmt.Fprintln(w, "\nwhat the drive tells of the appliance:")
	}
	for _, known := range r.Appliance {
		printAppliance(w, known)
	}
	printAdvice(w, r.Findings)
	printCoverage(w, r.Coverage)
	switch r.Verdict {
	case scan.Leftovers:
		fmt.Fprintf(w, "\nLEFTOVERS  %s\n", countWords(session.Count(&r)))
	case scan.Incomplete:
		fmt.Fprintf(w, "\nINCOMPLETE  %s in what could be read, but not all could\n", nothing(r))
	default:
		fmt.Fprintf(w, "\nCLEAN  %s in %s\n", nothing(r), human.Bytes(r.Coverage.BytesRead))
	}
}

// printCoverage says what was not looked at.
func printCoverage(w io.Writer, c scan.Coverage) {
	for _, e := range c.Unreadable {
		fmt.Fprintf(w, "not readable: %d bytes at %d\n", e.Length, e.Offset)
	}
	for _, limit := range c.Limits {
		fmt.Fprintf(w, "not looked at: %s\n", human.Safe(limit))
	}
}

// printAdvice writes, once for each rule that found something, what to do about
// it. Samples ask for nothing.
func printAdvice(w io.Writer, all []scan.Finding) {
	var order []scan.Finding
	width := 0
	for _, f := range all {
		said := slices.ContainsFunc(order, func(o scan.Finding) bool { return o.Rule == f.Rule })
		if !said && !f.Sample && f.Advice != "" {
			order = append(order, f)
			width = max(width, len(f.Rule))
		}
	}
	if len(order) > 0 {
		fmt.Fprintln(w, "\nwhat to do:")
	}
	for _, f := range order {
		printWrapped(w, fmt.Sprintf("  %-*s  ", width, f.Rule), f.Advice)
	}
}

// nothing says that a drive is not dirty, and does not deny what was listed.
func nothing(r scan.Report) string {
	if len(r.Findings) > 0 {
		return "nothing but what is low was found"
	}
	return "nothing was found"
}

func printPartition(w io.Writer, p scan.Partition) {
	fs := p.FileSystem
	if fs == "" {
		fs = "no file system that is known here"
	}
	name := fmt.Sprintf("partition %d", p.Index)
	if p.Index == 0 {
		name = "whole drive"
	}
	fmt.Fprintf(w, "%s: %s, %s at %d", name, fs, human.Bytes(p.Size), p.Offset)
	if p.Label != "" {
		fmt.Fprintf(w, ", label %s", human.Safe(p.Label))
	}
	fmt.Fprintln(w)
}

// printFinding writes what and where on one line, and on the next what is known
// of it.
func printFinding(w io.Writer, f scan.Finding) {
	where := "free space"
	if f.Path != "" {
		where = f.Path
	}
	if f.Member != "" {
		where += " › " + f.Member
	}
	fmt.Fprintf(w, "%-4s %-8s  %-21s  %-11s  %s\n", f.ID, f.Severity, f.Rule, f.State, human.Safe(where))
	fmt.Fprintf(w, "     at byte %d, %d bytes: %s", f.Offset, f.Length, human.Printable(f.Hint))
	if f.Sample {
		fmt.Fprint(w, " (a sample; it does not count)")
	}
	fmt.Fprintln(w)
}

func printAppliance(w io.Writer, known scan.Appliance) {
	if known.DeviceName != "" {
		fmt.Fprintf(w, "  name %s (from the %s)\n", human.Safe(known.DeviceName), human.Safe(known.Source))
	}
	if known.DeviceID != "" {
		fmt.Fprintf(w, "  device ID %s (from the %s)\n", human.Safe(known.DeviceID), human.Safe(known.Source))
	}
}
