package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/human"
	"github.com/panoscrub/panoscrub/internal/session"
)

// printJSON writes one document as the contract wants it: indented, one newline.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(printableJSON{w})
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// printableJSON writes documents, each in one call, as [human.JSON] has them.
type printableJSON struct{ w io.Writer }

func (p printableJSON) Write(doc []byte) (int, error) {
	if _, err := p.w.Write(human.JSON(doc)); err != nil {
		return 0, err
	}
	return len(doc), nil
}

// textColumns is how wide a line of running text is at most, unless one word
// alone is longer.
const textColumns = 99

// printWrapped writes text behind a heading, and its further lines below where
// it began.
func printWrapped(w io.Writer, heading, text string) {
	indent := utf8.RuneCountInString(heading)
	line, columns := heading, indent
	for i, word := range strings.Fields(text) {
		word = human.Printable(word)
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case columns+1+n > textColumns:
			fmt.Fprintln(w, line)
			line, columns = strings.Repeat(" ", indent), indent
		default:
			word, n = " "+word, n+1
		}
		line, columns = line+word, columns+n
	}
	fmt.Fprintln(w, line)
}

func (a *app) notice(format string, args ...any) {
	fmt.Fprintf(a.stderr, "notice: "+format+"\n", args...)
}

// printResult writes what a technician needs to know when a run is over.
func (a *app) printResult(r session.Result) {
	w := a.stdout
	words := verdictWords[r.Verdict]
	if r.Verdict == attest.Pass && r.After != nil {
		words += "; the volume is new and empty"
	}
	fmt.Fprintf(w, "\n%s  %s\n", r.Verdict, words)
	for _, reason := range r.Reasons {
		fmt.Fprintf(w, "  - %s\n", human.Printable(reason))
	}
	fmt.Fprintf(w, "\nfound before  %s\n", countWords(r.Before))
	if r.After != nil {
		fmt.Fprintf(w, "found after   %s\n", countWords(r.After))
	}
	fmt.Fprintf(w, "certificate   %s\n", r.CertificateID)
	if r.Record != "" {
		fmt.Fprintf(w, "record        %s\n", human.Safe(r.Record))
	}
	if r.Verdict == attest.Pass {
		fmt.Fprintln(w, "\nThis is Clear (NIST SP 800-88r2), not Purge: spare cells are out of a host's\nreach. Credentials that were on the drive must be rotated all the same.")
	}
}

var verdictWords = map[string]string{
	attest.Pass:       "every addressable byte was overwritten and read back",
	attest.Fail:       "do not reuse this drive: destroy it",
	attest.Incomplete: "not all that a PASS needs was done: run it again, or by a policy that proves more",
}

func countWords(c session.Counts) string {
	var parts []string
	for _, class := range slices.Sorted(maps.Keys(c)) {
		if n := c[class]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, class))
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}
