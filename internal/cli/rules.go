package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/panoscrub/panoscrub/internal/rules"
)

const rulesLong = `Rules say what is looked for on a drive: names of files, and bytes anywhere. They
are listed by class, with how grave a finding is and what to do about it.

With --rules FILE, which inspect and sanitize take as well, the rules of that
file are used beside the built-in ones. It is written in TOML:

  [[rule]]
  id       = "site-badge"              # lower case, digits and dashes
  class    = "credential"              # or configuration, log, identity
  severity = "high"                    # or critical, medium, low
  what     = "our badge files"         # what the rule finds
  advice   = "Tell the badge office."  # what to do about a finding
  hint     = "badge file"              # how a finding is called

  # Found by name: regular expressions (RE2), without regard to case.
  name     = ['^badge-\d+\.bin$']      # the last element of a file's path
  path     = ['^/badges/[^/]+\.dat$']  # the whole path of a file
  folder   = ['^/badges$']             # the whole path of a folder

  # Found by content: strings of 3 bytes or more, and a pattern around them.
  text     = ["BADGE-"]                # in UTF-8 and in UTF-16
  hex      = ["42 44 47 00 01"]        # bytes, as they are
  pattern  = '\bBADGE-[0-9]{8}\b'      # must match from the string's word on
  samples  = ["BADGE-00000000"]        # a match with this in it does not count

A rule needs one way to find something at least; advice, hint and samples may be
left out. What a pattern matched is never shown, unless it is in a group named
device or id, which tells the name or the ID of an appliance. Findings of low
severity are listed and do not count. A rule must not match what stands on an
empty volume, such as its label: no run of sanitize would pass.

"panoscrub rules test FILE" tries all rules on a file.`

func (a *app) rulesCommand() *cobra.Command {
	var o rulesOptions
	list := &cobra.Command{
		Use: "list", Short: "List the rules", Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return a.listRules(o) },
	}
	cmd := &cobra.Command{
		Use: "rules", Short: "List what is looked for on a drive, or try it on a file", Long: rulesLong, Args: noArguments,
		Example: "  panoscrub rules\n  panoscrub rules --rules site.toml --json\n  panoscrub rules test badge-17.bin --rules site.toml",
		RunE:    list.RunE,
	}
	cmd.PersistentFlags().StringVar(&o.rules, "rules", "", rulesUsage)
	cmd.PersistentFlags().BoolVar(&o.asJSON, "json", false, "print one JSON document")
	cmd.AddCommand(list, a.testRulesCommand(&o))
	return cmd
}

// rulesOptions are the flags that all of the command's parts take.
type rulesOptions struct {
	rules  string
	asJSON bool
}

// rulesJSON is the document of "rules list --json".
type rulesJSON struct {
	Schema  string `json:"schema"`
	Ruleset string `json:"ruleset"` // version and digest, as reports and records have it
	// Published is whose test keys are known, which count as samples.
	Published []publishedJSON `json:"publishedTestKeys"`
	Rules     []ruleJSON      `json:"rules"`
}

type publishedJSON struct {
	Source string `json:"source"`
	Where  string `json:"where"` // in its sources
	Keys   int    `json:"keys"`
}

type ruleJSON struct {
	ID       string         `json:"id"`
	Class    rules.Class    `json:"class"`
	Severity rules.Severity `json:"severity"`
	What     string         `json:"what"`
	Advice   string         `json:"advice"`
	Own      bool           `json:"own"` // from the operator's file
}

func (a *app) listRules(o rulesOptions) error {
	set, _, err := ruleset(o.rules)
	if err != nil {
		return err
	}
	if o.asJSON {
		return printJSON(a.stdout, rulesDocument(set))
	}
	printRules(a.stdout, set)
	return nil
}

func rulesDocument(set *rules.Set) rulesJSON {
	doc := rulesJSON{Schema: "panoscrub/rules/v1", Ruleset: set.Digest, Rules: []ruleJSON{}}
	for _, s := range set.Published.Sources {
		doc.Published = append(doc.Published, publishedJSON{s.Name, s.Where, len(s.Keys)})
	}
	for _, r := range set.Rules {
		doc.Rules = append(doc.Rules, ruleJSON{r.ID, r.Class, r.Severity, r.What, r.Advice, r.Own})
	}
	return doc
}

func printRules(w io.Writer, set *rules.Set) {
	for _, class := range []rules.Class{rules.Credential, rules.Configuration, rules.Log, rules.Identity} {
		fmt.Fprintf(w, "%s\n\n", class)
		for _, r := range set.Rules {
			if r.Class == class {
				printRule(w, r)
			}
		}
	}
	var sources []string
	for _, s := range set.Published.Sources {
		sources = append(sources, s.Name)
	}
	fmt.Fprintf(w, "%d test keys that are published by %s are known; they count as samples\n", set.Published.Keys(), strings.Join(sources, ", "))
	fmt.Fprintf(w, "%d rules, %s\n", len(set.Rules), set.Digest)
}

func printRule(w io.Writer, r *rules.Rule) {
	fmt.Fprintf(w, "  %s  %s", r.ID, r.Severity)
	if r.Own {
		fmt.Fprint(w, ", your own")
	}
	fmt.Fprintln(w)
	printWrapped(w, "      finds  ", r.What)
	if r.Advice != "" {
		printWrapped(w, "      to do  ", r.Advice)
	}
	fmt.Fprintln(w)
}
