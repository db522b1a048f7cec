package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/panoscrub/panoscrub/internal/human"
)

// Policy says how a drive is overwritten and how that is checked.
type Policy struct {
	ID       string `json:"id"`    // what --policy takes
	Title    string `json:"title"` // for people
	Passes   []Pass `json:"passes"`
	ReadBack bool   `json:"readBack"` // after the last pass, of every byte
}

// Pass is one overwriting of the whole drive.
type Pass struct {
	Number  int     `json:"number"` // from 1
	Pattern Pattern `json:"pattern"`
}

// DefaultPolicy is the ID of the policy when none is named.
const DefaultPolicy = "r2"

// Policies returns every policy, the default one first.
func Policies() []Policy {
	return []Policy{
		// NIST SP 800-88r2 asks for no number of passes. The pattern differs in
		// every sector because a drive may compress, may share equal sectors, and
		// may have less room than it says.
		{ID: "r2", Title: "one keyed pass, every byte read back", Passes: []Pass{{1, PatternKeyed}}, ReadBack: true},
	}
}

// UnknownPolicyError says that there is no policy of this ID.
type UnknownPolicyError struct {
	ID    string
	Known []string
}

func (e *UnknownPolicyError) Error() string {
	return fmt.Sprintf("there is no policy %q; known: %s", human.Safe(e.ID), strings.Join(e.Known, ", "))
}

// PolicyByID returns the policy of that ID, or an *[UnknownPolicyError].
func PolicyByID(id string) (Policy, error) {
	all := Policies()
	if i := slices.IndexFunc(all, func(p Policy) bool { return p.ID == id }); i >= 0 {
		return all[i], nil
	}
	return Policy{}, &UnknownPolicyError{ID: id, Known: PolicyIDs()}
}

// PolicyIDs returns what --policy takes, the default first.
func PolicyIDs() (ids []string) {
	for _, p := range Policies() {
		ids = append(ids, p.ID)
	}
	return ids
}

// problem says what is wrong with the policy, "" when nothing is.
func (p Policy) problem() string {
	if p.ID == "" || p.Title == "" {
		return "the policy has no name"
	}
	if len(p.Passes) == 0 {
		return "the policy has no passes"
	}
	for i, pass := range p.Passes {
		if pass.Number != i+1 {
			return fmt.Sprintf("the policy's pass %d is numbered %d", i+1, pass.Number)
		}
		if pass.Pattern.words() == "" {
			return fmt.Sprintf("the policy's pass %d has the unknown pattern %q", i+1, pass.Pattern)
		}
	}
	return ""
}
