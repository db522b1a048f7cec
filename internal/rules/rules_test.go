package rules

import (
	"fmt"
	"strings"
	"testing"
)

// TestBuiltin: every built-in rule tells people what it is and what to do about
// it.
func TestBuiltin(t *testing.T) {
	set, ids := Builtin(), map[string]bool{}
	for _, r := range set.Rules {
		if r.What == "" || r.Advice == "" || r.Hint == "" || ids[r.ID] || r.Own {
			t.Errorf("%+v", r)
		}
		if !strings.HasSuffix(r.Advice, ".") || strings.HasSuffix(r.What, ".") {
			t.Errorf("%s: advice is a sentence, what is none: %q, %q", r.ID, r.Advice, r.What)
		}
		if r.FoundBy != "" && (set.Get(r.FoundBy) == nil || set.Get(r.FoundBy).Confirm == "") {
			t.Errorf("%s is found by %q, which confirms nothing", r.ID, r.FoundBy)
		}
		ids[r.ID] = true
		for _, n := range r.Names {
			if strings.Contains(n.form.String(), "<device>") != (n.device > 0) {
				t.Errorf("%s: group %d of %q is the device's name", r.ID, n.device, n.form)
			}
		}
	}
	for _, id := range []string{
		Archive, PrivateKey, KeyStore, Certificate, Authority, Network, ProvisionLog, EgressImage, ManagedLogs,
		ArchiveName, CloudKey, ProvisionName,
	} {
		if !ids[id] {
			t.Errorf("there is no rule %q, of which the scan knows more", id)
		}
	}
	if set.Get("no-such-rule") != nil {
		t.Error("a rule that does not exist was found")
	}
}

// own parses rules that must be right.
func own(t *testing.T, text string) []*Rule {
	t.Helper()
	rules, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func TestWith(t *testing.T) {
	builtin := len(Builtin().Rules)
	set, err := With(own(t, badge))
	if err != nil {
		t.Fatal(err)
	}
	r := set.Get("site-badge")
	if len(set.Rules) != builtin+1 || r == nil || !r.Own || len(Builtin().Rules) != builtin {
		t.Errorf("%d rules, and the built-in ones are %d; %+v", len(set.Rules), len(Builtin().Rules), r)
	}
	other, err := With(own(t, strings.Replace(badge, "site-badge", "other", 1)))
	if err != nil || other.Get("other") == nil || set.Get("other") != nil || set.Get("site-badge") == nil {
		t.Errorf("two sets share their rules: %v", err)
	}
	for _, text := range []string{badge + badge, strings.Replace(badge, "site-badge", "private-key", 1)} {
		if _, err := With(own(t, text)); err == nil || !strings.HasPrefix(err.Error(), "not a valid file of rules: there is a rule ") {
			t.Errorf("two rules with one ID: %v", err)
		}
	}
}

// badge is a rule with a bit of everything; each line is a change to it that
// changes what is looked for or said.
const badge = `
[[rule]]
id = "site-badge"
class = "credential"
severity = "high"
what = "our badge files"
advice = "Tell the badge office."
hint = "badge file"
name = ['^badge-\d+\.bin$']
path = ['^/badges/[^/]+\.dat$']
folder = ['^/badges$']
text = ["BADGE-"]
hex = ["42 44 47 F0 01"]
pattern = 'B(?P<id>[A-Z-]+)(?P<device>[0-9]{8})\b'
samples = ["BADGE-00000000"]
`

// TestDigest: whatever is changed in the rules, their digest tells.
func TestDigest(t *testing.T) {
	seen := map[string]string{Builtin().Digest: "none of its own"}
	texts := []string{badge, badge + strings.Replace(badge, "site-badge", "site-badge2", 1)}
	for _, change := range [][2]string{
		{"site-badge", "site-badges"},
		{"credential", "identity"},
		{"high", "medium"},
		{"our badge files", "badge files"},
		{"Tell the", "Tell no"},
		{`"badge file"`, `"badge"`},
		{`^badge-\d`, `^badge-\w`},
		{`^/badges/`, `^/badge/`},
		{`'^/badges$'`, `'^/badges$', '^/badge$'`},
		{`["BADGE-"]`, `["BADGES"]`},
		{"F0 01", "F1 01"},
		{"{8}", "{9}"},
		{"00000000", "00000001"},
	} {
		text := strings.Replace(badge, change[0], change[1], 1)
		if text == badge {
			t.Fatalf("%q changes nothing", change)
		}
		texts = append(texts, text)
	}
	for _, kind := range []string{"name", "path", "folder"} { // one form, judged otherwise
		texts = append(texts, badge[:strings.Index(badge, "name")]+kind+" = ['x']\n")
	}
	for _, text := range texts {
		set, err := With(own(t, text))
		if err != nil {
			t.Fatal(err)
		}
		if other, known := seen[set.Digest]; known {
			t.Errorf("one digest, %s, for\n%s\nand\n%s", set.Digest, text, other)
		}
		seen[set.Digest] = text
		if again, err := With(own(t, text)); err != nil || again.Digest != set.Digest {
			t.Errorf("another digest the second time: %v", err)
		}
	}
}

func TestGroups(t *testing.T) {
	r := own(t, badge)[0]
	if got := fmt.Sprint(r.Pattern.SubexpNames()[r.Pattern.ID], " ", r.Pattern.SubexpNames()[r.Pattern.Device]); got != "id device" {
		t.Errorf("groups %q", got)
	}
}
