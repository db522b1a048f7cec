package scan

import (
	"context"
	"fmt"
	"regexp"
	"testing"

	"github.com/panoscrub/panoscrub/internal/rules"
)

// TestConfirmersAreKnown: what built-in rules name as their confirmers is there,
// and each confirmer is named by a rule.
func TestConfirmersAreKnown(t *testing.T) {
	named := map[string]bool{}
	for _, r := range rules.Builtin().Rules {
		if r.Confirm != "" && confirmers[r.Confirm] == nil {
			t.Errorf("%s: no confirmer %q", r.ID, r.Confirm)
		}
		named[r.Confirm] = true
	}
	for name := range confirmers {
		if !named[name] {
			t.Errorf("no rule names the confirmer %q", name)
		}
	}
}

// TestOwnRules: what an operator's rules find stands beside what the built-in
// ones do, and hides none of it.
func TestOwnRules(t *testing.T) {
	id := deviceID()
	const arn = "arn:aws:panorama:eu-west-1:471100001234:applicationInstance/x"
	for _, c := range []struct{ name, rule, content, want string }{
		{
			"around a built-in one", "text = ['device-']\npattern = '.*device-.*'", "my " + id,
			"[own high utf-8 device-id medium utf-8]",
		},
		{
			"within a built-in one", "text = ['4711']\npattern = '\\b471100001234\\b'", arn,
			"[own high utf-8 panorama-arn medium utf-8]",
		},
		{"bytes", "hex = ['FF 01 02']\npattern = '.\\x01\\x02'", "a\xFF\x01\x02", "[own high binary]"},
		{"UTF-16", "text = ['BADGE-']\npattern = 'BADGE-[0-9]{4}'", "\xFF\xFE" + widened("BADGE-1234 ") + "\x00", "[own high utf-16le]"},
		{"a sample", "text = ['BADGE-']\npattern = 'BADGE-[0-9]{4}'\nsamples = ['0000']", "BADGE-0000", "[own low utf-8]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			own, err := rules.Parse([]byte("[[rule]]\nid = 'own'\nclass = 'credential'\nseverity = 'high'\nwhat = 'ours'\n" + c.rule))
			if err != nil {
				t.Fatal(err)
			}
			set, err := rules.With(own)
			if err != nil {
				t.Fatal(err)
			}
			r, err := Run(context.Background(), inMemory([]byte(c.content)), Options{Rules: set})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range r.Findings {
				got = append(got, f.Rule, string(f.Severity), f.Encoding)
			}
			if fmt.Sprint(got) != c.want {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
}

// TestLastCovering ends with forms that match nothing, too.
func TestLastCovering(t *testing.T) {
	for _, c := range []struct {
		form, text string
		here       int
		want       string
	}{
		{`a+`, "aab aaa", 5, "[4 7]"}, {`a+`, "aab", 2, "[]"}, {`\b`, " abc", 2, "[]"}, {`a*`, "bbaa", 3, "[2 4]"},
	} {
		if got := fmt.Sprint(lastCovering(regexp.MustCompile(c.form), []byte(c.text), c.here)); got != c.want {
			t.Errorf("%s in %q: %s, want %s", c.form, c.text, got, c.want)
		}
	}
}
