package scan

import (
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
