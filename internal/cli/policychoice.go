package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/panoscrub/panoscrub/internal/human"
	"github.com/panoscrub/panoscrub/internal/policy"
)

// policyChoice is how the operator named a policy: by a built-in one's ID, or by a
// file of their own.
type policyChoice struct{ id, file string }

func (c *policyChoice) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.id, "policy", "", "what to write and how to verify it: "+strings.Join(policy.IDs(), ", ")+" (default "+policy.Default+")")
	f.StringVar(&c.file, "policy-file", "", "file with a policy of your own instead (\"panoscrub policy --help\" shows one)")
}

// choose finds the policy. What is wrong with the choice is a mistake on the command
// line, found before any target is opened.
func (c policyChoice) choose() (policy.Policy, error) {
	if c.file != "" {
		if c.id != "" {
			return policy.Policy{}, usagef("--policy and --policy-file both name a policy: give one of them")
		}
		p, err := readPolicy(c.file)
		if err != nil {
			err = usageError{fmt.Errorf("the policy %s: %w", human.Safe(c.file), err)}
		}
		return p, err
	}
	p, err := policy.ByID(cmp.Or(c.id, policy.Default))
	if err != nil {
		err = usageError{err}
	}
	return p, err
}

// noticeWeakness says what a run under a policy will not prove, to whoever agreed
// beforehand and sees no plan.
func (a *app) noticeWeakness(p policy.Policy) {
	switch {
	case p.Sampled():
		a.notice("the policy %s has %d %% of the drive read back: the verdict is INCOMPLETE at best", p.ID, p.ReadBackPercent)
	case !p.Last().TellsPlaces():
		a.notice("the policy %s leaves the same bytes everywhere: that proves less than %s, and not the drive's capacity", p.ID, policy.Default)
	}
}

func readPolicy(path string) (policy.Policy, error) {
	text, err := readLimited(path, policy.MaxBytes)
	if named := (*fs.PathError)(nil); errors.As(err, &named) {
		err = named.Err // the caller names the file
	}
	if err != nil {
		return policy.Policy{}, err
	}
	return policy.Parse(text)
}
