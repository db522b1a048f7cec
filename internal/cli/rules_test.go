package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/rules"
	"github.com/panoscrub/panoscrub/internal/scan"
)

// TestRuleOfTheHelp: the rule that the help shows can be used as it stands, and
// is the one that package rules documents.
func TestRuleOfTheHelp(t *testing.T) {
	start := strings.Index(rulesLong, "  [[rule]]")
	text, _, ok := strings.Cut(rulesLong[start:], "\n\nA rule needs")
	if start < 0 || !ok {
		t.Fatal("the help shows no rule")
	}
	own, err := rules.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if r := own[0]; r.ID != "site-badge" || len(r.Names) != 3 || len(r.Text)+len(r.Bytes) != 2 || len(r.Samples) != 1 {
		t.Errorf("%+v", r)
	}
	for line := range strings.Lines(rulesLong) {
		if utf8.RuneCountInString(line) > 82 {
			t.Errorf("a line too long for a terminal: %s", line)
		}
	}
}

func TestPrintWrapped(t *testing.T) {
	long := strings.Repeat("x", 120)
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "  id  \n"},
		{"a word", "word", "  id  word\n"},
		{"blanks and line ends", " two \n words\t", "  id  two words\n"},
		{"as long as a line", strings.Repeat("abcd ", 19)[:93], "  id  " + strings.Repeat("abcd ", 19)[:93] + "\n"},
		{"longer by one", strings.Repeat("abcd ", 18) + "abcd", "  id  " + strings.Repeat("abcd ", 17) + "abcd\n      abcd\n"},
		{"three lines", strings.Repeat("abcd ", 40), "  id  " + strings.Repeat("abcd ", 17) + "abcd\n      " + strings.Repeat("abcd ", 17) + "abcd\n      abcd abcd abcd abcd\n"},
		{"a word longer than a line", "see " + long + " there", "  id  see\n      " + long + "\n      there\n"},
		{"first word longer than a line", long, "  id  " + long + "\n"},
		{"letters, not bytes", strings.Repeat("äöü ", 22) + "äöüß", "  id  " + strings.Repeat("äöü ", 22) + "äöüß\n"},
		{"escape codes", "a\x1b[31m\u202eb", "  id  a\\x1b[31m\\u202eb\n"},
	} {
		var out bytes.Buffer
		printWrapped(&out, "  id  ", c.text)
		if got := out.String(); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// TestPrintAdvice: once for each rule, in the order of the findings, and not for
// samples, which ask for nothing.
func TestPrintAdvice(t *testing.T) {
	finding := func(rule, advice string, sample bool) scan.Finding {
		return scan.Finding{Rule: rule, Advice: advice, Sample: sample, Severity: scan.High}
	}
	var out bytes.Buffer
	printAdvice(&out, []scan.Finding{
		finding("sampled", "Nobody needs this.", true),
		finding("second", "Do b.", false), finding("first-one", "Do a.", false), finding("second", "Do b.", false),
		finding("sampled-once", "Do c.", true), finding("sampled-once", "Do c.", false),
		finding("silent", "", false),
	})
	const want = "\nwhat to do:\n  second        Do b.\n  first-one     Do a.\n  sampled-once  Do c.\n"
	if got := out.String(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	out.Reset()
	if printAdvice(&out, []scan.Finding{finding("x", "y", true)}); out.Len() > 0 {
		t.Errorf("%q for samples alone", &out)
	}
}

// TestTrialPrintsNoSecret: what the rules match is not in any output, and names
// come out harmless.
func TestTrialPrintsNoSecret(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	own := write("own.toml", `
[[rule]]
id = "word"
class = "credential"
severity = "high"
what = "a \u001b[31m word"
advice = "say \u001b[31m nothing"
name = ['word']
text = ["secret="]
pattern = 'secret=(?P<word>[a-z]+)'
`)
	file := write("word\x1b[31m", "first secret=hunter secret=hunters\n")
	for _, args := range [][]string{{}, {"--json"}} {
		var out bytes.Buffer
		a := &app{stdout: &out, stderr: &out, system: drive.Host(), now: time.Now}
		root := a.command()
		root.SetArgs(append([]string{"--state-dir", t.TempDir(), "rules", "test", file, "--rules", own}, args...))
		if code := a.finish(root.ExecuteContext(t.Context())); code != exitLeftovers {
			t.Fatalf("exit code %d: %s", code, &out)
		}
		if strings.Contains(out.String(), "hunter") || strings.ContainsRune(out.String(), '\x1b') {
			t.Errorf("printed %q", &out)
		}
	}
}

// TestVerdictOfName: a name alone makes a file one that something was found in,
// unless it is of low severity.
func TestVerdictOfName(t *testing.T) {
	for _, c := range []struct {
		name    string
		found   bool
		verdict scan.Verdict
		hint    string
	}{
		{"notes.txt", false, scan.Clean, ""},
		{"my.p12", true, scan.Clean, "named as keys and key stores are"},
		{"certificates-omni_dock.zip", true, scan.Leftovers, "configuration archive of device dock"},
	} {
		report := scan.Report{Verdict: scan.Clean, SizeBytes: 7, Findings: []scan.Finding{{Rule: "other"}}}
		if found := judgeName(&report, c.name, rules.Builtin()); found != c.found || report.Verdict != c.verdict {
			t.Errorf("%s: %v, %s", c.name, found, report.Verdict)
		}
		if f := report.Findings[0]; c.found && (len(report.Findings) != 2 || f.Hint != c.hint || f.Length != 7 || f.Advice == "") {
			t.Errorf("%s: %+v", c.name, report.Findings)
		}
	}
}
