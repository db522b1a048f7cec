package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/human"
	"github.com/panoscrub/panoscrub/internal/progress"
	"github.com/panoscrub/panoscrub/internal/rules"
	"github.com/panoscrub/panoscrub/internal/scan"
	"github.com/panoscrub/panoscrub/internal/session"
)

func (a *app) testRulesCommand(o *rulesOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "test FILE",
		Short: "Try all rules on a file, as if it lay in the root of a drive",
		Long: `Test tries all rules on a regular file of any size: on its name, as if it lay in
the root of a drive, and on its content. If the file is an image, the file
systems in it are looked through as well. It writes nothing, and shows no secret.

It exits with 0 when nothing of more than low severity was found, with 3 when
something was, and with 1 when not everything could be read.`,
		Example: "  panoscrub rules test badge-17.bin --rules site.toml",
		Args:    oneArgument("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.testRules(cmd.Context(), args[0], *o)
		},
	}
}

// trialJSON is the document of "rules test --json".
type trialJSON struct {
	Schema    string        `json:"schema"`
	File      string        `json:"file"`
	Verdict   scan.Verdict  `json:"verdict"`
	SizeBytes int64         `json:"sizeBytes"`
	Matches   []matchJSON   `json:"matches"`
	Coverage  scan.Coverage `json:"coverage"`
	Ruleset   string        `json:"ruleset"`
}

// matchJSON is what one rule found.
type matchJSON struct {
	Rule     string        `json:"rule"`
	Class    scan.Class    `json:"class"`
	Severity scan.Severity `json:"severity"`
	By       string        `json:"by"`     // "name" of the file itself, or "content"
	Path     string        `json:"path"`   // in a file system in the file; empty for the file itself
	Member   string        `json:"member"` // of the archive there
	Offset   int64         `json:"offsetBytes"`
	Length   int64         `json:"lengthBytes"`
	Encoding string        `json:"encoding"`
	Hint     string        `json:"hint"`
	Sample   bool          `json:"sample"`
	Advice   string        `json:"advice"`
}

func (a *app) testRules(ctx context.Context, file string, o rulesOptions) error {
	set, _, err := ruleset(o.rules)
	if err != nil {
		return err
	}
	var report scan.Report
	err = a.watched(session.Inspect, func(count *progress.Counter) (err error) {
		report, err = scanFile(ctx, file, scan.Options{Count: count, Rules: set})
		return err
	})
	if err != nil {
		return err
	}
	named := judgeName(&report, filepath.Base(file), set)
	if o.asJSON {
		err = printJSON(a.stdout, trialDocument(file, report, named))
	} else {
		printTrial(a.stdout, file, report, named)
	}
	if err != nil {
		return err
	}
	return verdictOutcome(report.Verdict)
}

// scanFile looks at a file's content the way a drive is looked at.
func scanFile(ctx context.Context, file string, opts scan.Options) (scan.Report, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return scan.Report{}, err
	case !info.Mode().IsRegular():
		return scan.Report{}, fmt.Errorf("%s is not a regular file", human.Safe(file))
	case info.Size() == 0: // no image, and a name all the same
		return scan.Report{Verdict: scan.Clean, Ruleset: opts.Rules.Digest, Coverage: scan.Coverage{Unreadable: block.Extents{}}}, nil
	}
	dev, err := block.OpenImage(file, block.ReadOnly)
	if err != nil {
		return scan.Report{}, err
	}
	report, err := scan.Run(ctx, dev, opts)
	return report, errors.Join(err, dev.Close())
}

// judgeName puts what the file's own name tells before what was found in it, and
// reports whether there is any.
func judgeName(report *scan.Report, name string, set *rules.Set) bool {
	r, device := set.Match(rules.Named{Path: "/" + name})
	if r == nil {
		return false
	}
	f := scan.Finding{
		Rule: r.ID, Class: r.Class, Severity: r.Severity, State: scan.Live,
		Length: report.SizeBytes, Encoding: "binary", Hint: r.Hint, Advice: r.Advice,
	}
	if device != "" {
		f.Hint += " of device " + device
	}
	report.Findings = append([]scan.Finding{f}, report.Findings...)
	if r.Severity != scan.Low {
		report.Verdict = scan.Leftovers
	}
	return true
}

func trialDocument(file string, r scan.Report, named bool) trialJSON {
	doc := trialJSON{
		Schema: "panoscrub/rules-test/v1", File: file, Verdict: r.Verdict, SizeBytes: r.SizeBytes,
		Matches: []matchJSON{}, Coverage: r.Coverage, Ruleset: r.Ruleset,
	}
	for i, f := range r.Findings {
		by := "content"
		if named && i == 0 {
			by = "name"
		}
		doc.Matches = append(doc.Matches, matchJSON{
			f.Rule, f.Class, f.Severity, by, f.Path, f.Member, f.Offset, f.Length, f.Encoding, f.Hint, f.Sample, f.Advice,
		})
	}
	return doc
}

func printTrial(w io.Writer, file string, r scan.Report, named bool) {
	fmt.Fprintf(w, "%s: %d bytes\n", human.Safe(file), r.SizeBytes)
	if len(r.Findings) > 0 {
		fmt.Fprintln(w)
	}
	for i, f := range r.Findings {
		printMatch(w, f, named && i == 0)
	}
	printAdvice(w, r.Findings)
	printCoverage(w, r.Coverage)
	switch r.Verdict {
	case scan.Leftovers:
		fmt.Fprintf(w, "\nFOUND  %s\n", countWords(session.Count(&r)))
	case scan.Incomplete:
		fmt.Fprintf(w, "\nINCOMPLETE  %s in what could be read, but not all could\n", nothing(r))
	default:
		fmt.Fprintf(w, "\nNOT FOUND  %s\n", nothing(r))
	}
}

// printMatch writes which rule matched where, and what it says that it found.
func printMatch(w io.Writer, f scan.Finding, byName bool) {
	var where []string
	for _, part := range []string{f.Path, f.Member} {
		if part != "" {
			where = append(where, human.Safe(part))
		}
	}
	switch {
	case byName:
		where = []string{"the file's name"}
	case len(where) == 0:
		where = []string{"the file's content"}
	}
	fmt.Fprintf(w, "%-8s  %-21s  %s\n", f.Severity, f.Rule, strings.Join(where, " › "))
	if byName {
		fmt.Fprintf(w, "          %s", human.Printable(f.Hint))
	} else {
		fmt.Fprintf(w, "          at byte %d, %d bytes: %s", f.Offset, f.Length, human.Printable(f.Hint))
	}
	if f.Sample {
		fmt.Fprint(w, " (a sample; it does not count)")
	}
	fmt.Fprintln(w)
}
