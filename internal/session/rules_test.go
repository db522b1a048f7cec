package session_test

import (
	"testing"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/session"
	"github.com/panoscrub/panoscrub/internal/session/sessiontest"
)

// TestOwnRules: an operator's rules are looked for before and after. The second
// rule finds the new volume's own label, which is how the test sees the latter.
func TestOwnRules(t *testing.T) {
	const badge = `
[[rule]]
id = "site-badge"
class = "credential"
severity = "high"
what = "our badge files"
text = ["BADGE-"]
pattern = '\bBADGE-[0-9]{8}\b'
`
	const label = `
[[rule]]
id = "label"
class = "log"
severity = "medium"
what = "the label of an empty volume"
text = ["PANORAMA"]
pattern = 'PANORAMA'
`
	for _, c := range []struct {
		text    string
		verdict string
		after   int
	}{
		{badge, attest.Pass, 0},
		{badge + label, attest.Fail, 1},
	} {
		set, err := session.Rules([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		s := sessiontest.NewStation(t, blocktest.Faults{})
		s.Request.OwnRules = []byte(c.text)
		s.Stick.Poke([]byte(" BADGE-73550149 "), 7<<20)
		result, err := session.Sanitize(t.Context(), s.Options)
		if err != nil {
			t.Fatal(err)
		}
		if result.Verdict != c.verdict || result.Before["credential"] != 1 || result.After["log"] != c.after {
			t.Errorf("%s, before %v, after %v", result.Verdict, result.Before, result.After)
		}
		p := s.Statement(result.Record).Predicate
		if p.Prescan.Ruleset != set.Digest || p.Postscan == nil || p.Postscan.Ruleset != set.Digest {
			t.Errorf("the record says rules %q before and %+v after, not %q", p.Prescan.Ruleset, p.Postscan, set.Digest)
		}
	}
}
