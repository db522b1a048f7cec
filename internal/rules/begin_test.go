package rules

import (
	"strings"
	"testing"
)

// TestBegin: where every match begins with a text of its rule, and nowhere else,
// a pattern is asked for at the text's place alone.
func TestBegin(t *testing.T) {
	for _, c := range []struct {
		text, pattern string
		want          bool
	}{
		{`"BADGE-"`, `\bBADGE-\d{8}\b`, true},
		{`"BADGE-"`, `(?P<id>BADGE-\d)|\bBADGE-[A-Z]`, true},
		{`"BADGE", "badge"`, `\b(?:BADGE|badge)s?-\d`, true},
		{`"BADGE-1"`, `BADGE-\d BADGE-1`, false}, // a match begins before the text
		{`"BADGE-"`, `(?:our )?BADGE-\d`, false},
		{`"BADGE-"`, `(?i)BADGE-\d`, false},
		{`"BADGE-"`, `BADGE-\d|badge-\d`, false},
		{`"BADGE-"`, `\w+ BADGE-\d`, false},
	} {
		text := strings.Replace(badge, `["BADGE-"]`, "["+c.text+"]", 1)
		r := own(t, strings.Replace(text, `B(?P<id>[A-Z-]+)(?P<device>[0-9]{8})\b`, c.pattern, 1))[0]
		if got := r.Pattern.Begin != nil; got != c.want {
			t.Errorf("%s in %s: %v", c.text, c.pattern, got)
		}
	}
}
