package policy

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrInvalid says that a policy cannot be used. The error that wraps it says why.
var ErrInvalid = errors.New("not a valid policy")

// Bounds on a policy. The longest pattern that anybody ever published has 35
// passes.
const (
	MaxPasses = 35
	maxTitle  = 100 // characters
)

// Check makes sure that a policy, wherever it comes from, is a built-in one just as
// it is built in, or an operator's own within the bounds of [Parse]. Its error
// wraps [ErrInvalid].
func (p Policy) Check() error {
	builtin, err := ByID(p.ID)
	known := err == nil
	problem := ""
	switch {
	case !p.Own && !(known && reflect.DeepEqual(p, builtin)):
		problem = "it is not as it is built in"
	case p.Own && known:
		problem = "this is the ID of a built-in policy"
	case p.Own:
		problem = p.problem()
	}
	if problem != "" {
		return fmt.Errorf("%w: policy %.60q: %s", ErrInvalid, p.ID, problem)
	}
	return nil
}

var idForm = regexp.MustCompile(`^[a-z][a-z0-9-]{1,40}$`)

// problem says what is wrong with an operator's policy, "" when nothing is.
func (p Policy) problem() string {
	switch {
	case p.Schema != Schema:
		return fmt.Sprintf("its schema is %.40q, not %s", p.Schema, Schema)
	case !idForm.MatchString(p.ID):
		return "id must be 2 to 41 lower-case letters, digits and dashes, the first a letter"
	case strings.TrimSpace(p.Title) == "":
		return "title is missing: say what the policy is for"
	case utf8.RuneCountInString(p.Title) > maxTitle || strings.ContainsFunc(p.Title, unprintable):
		return fmt.Sprintf("title must be at most %d printable characters", maxTitle)
	case len(p.Passes) == 0 || len(p.Passes) > MaxPasses:
		return fmt.Sprintf("it has %d passes, not 1 to %d", len(p.Passes), MaxPasses)
	case p.ReadBackPercent < 1 || p.ReadBackPercent > 100:
		return fmt.Sprintf("%d %% of a drive cannot be read back", p.ReadBackPercent)
	case p.Sampled() && p.Reformat:
		return "a drive of which only a share is read back is not given back formatted: say format = false"
	}
	for i, pattern := range p.Passes {
		if pattern.Words() == "" {
			return fmt.Sprintf("pass %d has the unknown pattern %.60q", i+1, pattern)
		}
		if pattern == Complement && (i == 0 || p.Passes[i-1] != Keyed) {
			return fmt.Sprintf("pass %d is a complement, and the pass before it is not keyed", i+1)
		}
	}
	return ""
}

func unprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }
