package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/panoscrub/panoscrub/internal/human"
	"github.com/panoscrub/panoscrub/internal/policy"
)

const policyLong = `A policy says what is written over a drive, how much of it is read back, and
whether the drive is given back with a file system. Its name stands for just
that, and for no compliance with any standard.

sanitize takes a built-in policy with --policy ID, and one of your own with
--policy-file FILE. That file is written in TOML:

  id        = "site-twice"              # lower case, digits and dashes
  title     = "what our site asks for"  # for the plan and for lists
  passes    = ["00", "keyed"]           # up to 35, over the whole drive each
  read-back = "all"                     # or a share, such as "10 %"
  format    = true                      # or false: leave no file system on it

A pass is one of
  "keyed"       pseudo-random bytes from a seed of the run, which is in the
                record: different in every sector, so that the read-back proves
                the drive's capacity, and tells where wrong bytes come from
  "complement"  the complement of the keyed pass before
  "92 49 24"    up to 16 bytes in hex, repeated. The same bytes everywhere prove
                less: a drive that compresses, that does not store what is all
                alike, or that has less room than it announces answers the same

The last two keys may be left out; all is then read back, and a file system is
made. PASS is only for a drive of which every byte was read back: with a share
the verdict is INCOMPLETE at best, and format must be false.

"panoscrub policy check FILE" shows what a file comes to.`

func (a *app) policyCommand() *cobra.Command {
	var asJSON bool
	list := &cobra.Command{
		Use: "list", Short: "List the built-in policies", Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return a.listPolicies(asJSON) },
	}
	show := &cobra.Command{
		Use: "show ID", Short: "Show a built-in policy", Args: oneArgument("ID"),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.showPolicy(policyChoice{id: args[0]}, asJSON)
		},
	}
	check := &cobra.Command{
		Use: "check FILE", Short: "Check a policy of your own, and show what it comes to", Args: oneArgument("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.showPolicy(policyChoice{file: args[0]}, asJSON)
		},
	}
	cmd := &cobra.Command{
		Use: "policy", Short: "List what can be written over a drive and how it is verified, or check a policy of your own",
		Long: policyLong, Args: noArguments, RunE: list.RunE,
		Example: "  panoscrub policy\n  panoscrub policy show r1\n  panoscrub policy check site.toml --json",
	}
	cmd.PersistentFlags().BoolVar(&asJSON, "json", false, "print one JSON document")
	cmd.AddCommand(list, show, check)
	return cmd
}

// policiesJSON is the document of "policy list --json".
type policiesJSON struct {
	Schema   string       `json:"schema"`
	Policies []policyJSON `json:"policies"` // the default one first
}

// policyJSON is a policy document with its digest, by which records name it: the
// document of "policy show --json" and of "policy check --json".
type policyJSON struct {
	policy.Policy
	Digest string `json:"digest"`
}

func (a *app) listPolicies(asJSON bool) error {
	doc := policiesJSON{Schema: "panoscrub/policies/v1"}
	for _, p := range policy.Builtin() {
		doc.Policies = append(doc.Policies, policyJSON{p, p.Digest()})
	}
	if asJSON {
		return printJSON(a.stdout, doc)
	}
	for _, p := range doc.Policies {
		printWrapped(a.stdout, fmt.Sprintf("%-14s", p.ID), p.Title)
	}
	fmt.Fprintf(a.stdout, "\n%s is used where none is named. The names claim no compliance with any standard.\n", policy.Default)
	return nil
}

func (a *app) showPolicy(choice policyChoice, asJSON bool) error {
	p, err := choice.choose()
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(a.stdout, policyJSON{p, p.Digest()})
	}
	printPolicy(a.stdout, p)
	return nil
}

func printPolicy(w io.Writer, p policy.Policy) {
	printWrapped(w, human.Printable(p.ID)+": ", p.Title)
	for i, pass := range p.Passes {
		fmt.Fprintf(w, "  %d. %s.\n", i+1, pass.Words())
	}
	for _, line := range policyWords(p) {
		printWrapped(w, "  - ", line)
	}
	fmt.Fprintf(w, "\ndigest  %s\n", p.Digest())
}

// policyWords says what comes after the passes, and what it is worth.
func policyWords(p policy.Policy) []string {
	words := []string{"Every byte is read back and compared."}
	if p.Sampled() {
		words = []string{fmt.Sprintf("%d %% of all bytes are read back and compared: the verdict is INCOMPLETE at best.", p.ReadBackPercent)}
	}
	if p.Reformat {
		words = append(words, "The drive is given back with an empty file system.")
	} else {
		words = append(words, "The drive is left without a file system.")
	}
	if p.Last().TellsPlaces() {
		return words
	}
	return append(words, "The last pass writes the same bytes everywhere. That proves less than a keyed pass, and not the drive's capacity.")
}
