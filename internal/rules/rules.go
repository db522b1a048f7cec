// Package rules says what is looked for on a drive, as data: which names, which
// bytes, how grave it is, and what to do about it. The scan carries it out.
//
// The built-in rules stand in builtin.toml, in the format in which an operator's
// own are written; [Parse] documents it. Keys that everybody has stand in
// published.toml.
package rules

import "regexp"

// Class is what kind of thing a rule finds.
type Class string

// The classes.
const (
	Credential    Class = "credential"
	Configuration Class = "configuration"
	Log           Class = "log"
	Identity      Class = "identity"
)

// Severity is how much a finding matters. What is [Low] is named for the sake of
// completeness, and does not make a drive dirty.
type Severity string

// The severities.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
)

// severities stand in their order, the gravest first.
var severities = []Severity{Critical, High, Medium, Low}

// Rule is one kind of thing that is looked for, by the names of files, by bytes
// anywhere, or by both.
type Rule struct {
	ID       string
	Class    Class
	Severity Severity
	What     string // what it is and when it counts
	Advice   string // what to do about it: which credential to replace, and where
	Hint     string // what a finding is called where its confirmer has no better words

	Names   []*Name  // of files or folders that are such a thing by their name alone
	Text    []string // candidates in text, which are looked for in UTF-16, too
	Bytes   []string // candidates in binary data
	Confirm string   // what confirms a candidate: one of the scan's confirmers, …
	Pattern *Pattern // … or a pattern that must match around it
	FoundBy string   // the ID of the rule whose confirmer finds it, where it has none of its own
	Samples []string // a match with one of these in it is documentation's example
	// Background says that most of what is seen of the rule is not reported one
	// by one, so that having seen more than is kept is not worth a word.
	Background bool
	Own        bool // an operator's, not built in
}

// Name recognises a file, or a folder, by its name.
type Name struct {
	form   *regexp.Regexp
	path   bool // judged by the whole path, not by its last element
	folder bool
	cut    bool     // for names that are cut where a directory slot ends
	device int      // group with the device's name, or 0
	keys   []string // one of them stands in each folded name that form matches
}

// Pattern is a regular expression that a candidate must lie in.
type Pattern struct {
	*regexp.Regexp
	// Begin matches, at the start of text, any byte and the pattern behind it, where
	// every match begins with one of the rule's texts: it tells at once, and the
	// search for where a match may begin takes long. Nil for other patterns.
	Begin      *regexp.Regexp
	Device, ID int // groups with a device's name and its ID, or 0
}

// Set is the rules of one scan, as [Builtin] and [With] make it.
type Set struct {
	Rules     []*Rule
	Published *Published
	Digest    string // version of the built-in rules, and digest of all

	byName []ruleName // the forms of all names, the gravest first
	sieve  sieve
}

// Get returns the rule with an ID, nil when there is none.
func (s *Set) Get(id string) *Rule {
	for _, r := range s.Rules {
		if r.ID == id {
			return r
		}
	}
	return nil
}
