package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/panoscrub/panoscrub/internal/policy"
)

// TestPolicyOfTheHelp: the policy that the help shows can be used as it stands, and
// is the one that package policy documents.
func TestPolicyOfTheHelp(t *testing.T) {
	start := strings.Index(policyLong, "  id ")
	text, _, ok := strings.Cut(policyLong[start:], "\n\nA pass is")
	if start < 0 || !ok {
		t.Fatal("the help shows no policy")
	}
	p, err := policy.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if p.ID != "site-twice" || len(p.Passes) != 2 || p.Sampled() || !p.Reformat {
		t.Errorf("%+v", p)
	}
	for line := range strings.Lines(policyLong) {
		if utf8.RuneCountInString(line) > 82 {
			t.Errorf("a line too long for a terminal: %s", line)
		}
	}
}

// TestPrintPolicy: what a policy is worth is said, and nothing that a terminal
// obeys.
func TestPrintPolicy(t *testing.T) {
	for _, c := range []struct {
		policy policy.Policy
		want   string
	}{
		{policy.Policy{ID: "a\x1b[31m", Title: "b\u202e", Passes: []policy.Pattern{policy.Keyed}, ReadBackPercent: 100, Reformat: true}, `a\x1b[31m: b\u202e
  1. Overwrite every byte with a pattern made for this run and this drive.
  - Every byte is read back and compared.
  - The drive is given back with an empty file system.
`},
		{policy.Policy{ID: "x", Title: "y", Passes: []policy.Pattern{policy.Fixed(0, 255)}, ReadBackPercent: 7}, `x: y
  1. Overwrite every byte with 00 FF.
  - 7 % of all bytes are read back and compared: the verdict is INCOMPLETE at best.
  - The drive is left without a file system.
  - The last pass writes the same bytes everywhere. That proves less than a keyed pass, and not the
    drive's capacity.
`},
	} {
		var out bytes.Buffer
		printPolicy(&out, c.policy)
		if want := c.want + "\ndigest  " + c.policy.Digest() + "\n"; out.String() != want {
			t.Errorf("%s\nwant\n%s", &out, want)
		}
	}
}

// TestPolicyDocumentOfTheCommand: its JSON is the policy document, with its digest.
func TestPolicyDocumentOfTheCommand(t *testing.T) {
	var out bytes.Buffer
	a := &app{stdout: &out}
	if err := a.showPolicy(policyChoice{id: "r1"}, true); err != nil {
		t.Fatal(err)
	}
	var doc policyJSON
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil || doc.Digest != doc.Policy.Digest() || doc.Check() != nil {
		t.Errorf("%+v, %v", doc, err)
	}
}
