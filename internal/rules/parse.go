package rules

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/BurntSushi/toml"
)

// ErrInvalid says that a file of rules cannot be used. The error that wraps it
// says where and why.
var ErrInvalid = errors.New("not a valid file of rules")

// Parse reads an operator's rules, which are written in TOML. Each has the form
//
//	[[rule]]
//	id       = "site-badge"              # lower case, digits and dashes
//	class    = "credential"              # or configuration, log, identity
//	severity = "high"                    # or critical, medium, low
//	what     = "our badge files"         # for the list of rules
//	advice   = "Tell the badge office."  # what to do about a finding
//	hint     = "badge file"              # how a finding is called
//
// with at least one way to find it: by name, where each is a regular expression
// (RE2) that is matched without regard to case,
//
//	name     = ['^badge-\d+\.bin$']      # the last element of a file's path
//	path     = ['^/badges/[^/]+\.dat$']  # the whole path of a file, "/" at its start
//	folder   = ['^/badges$']             # the whole path of a folder
//
// or by content: strings, each at least three bytes long, that are looked for in
// all bytes of the drive, and a pattern around them,
//
//	text     = ["BADGE-"]                # in UTF-8 and in UTF-16
//	hex      = ["42 44 47 00 01"]        # bytes, as they are
//	pattern  = '\bBADGE-[0-9]{8}\b'      # must match from the string's word on
//	samples  = ["BADGE-00000000"]        # a match with this in it does not count
//
// Advice, hint and samples may be left out; a finding is then called what the
// rule says in what. What a pattern matched is never shown, but for groups with
// the name device or id: they tell the name and the ID of an appliance.
//
// A match must cover the string's first byte, and begin no further before it than
// the word in which that stands. A pattern sees 192 bytes before and 400 bytes
// from there, as UTF-8; any byte that is none is \x{FFFD} to it. Where its text
// starts and ends says nothing: instead of ^ and $ there are \b and (?m).
//
// Of several rules that a name satisfies the gravest counts. Errors wrap
// [ErrInvalid].
func Parse(text []byte) ([]*Rule, error) {
	rules, _, err := parse(text)
	if err != nil {
		return nil, err
	}
	if len(rules) == 0 {
		return nil, fmt.Errorf("%w: there is no [[rule]] in it", ErrInvalid)
	}
	for i, r := range rules {
		if key := r.builtinKey(); key != "" {
			return nil, fmt.Errorf("%w: rule %d (%q): %s is for built-in rules", ErrInvalid, i+1, r.ID, key)
		}
		r.Own = true
	}
	return rules, nil
}

// builtinKey is a key that the rule has and that means something only to those
// who know the scan; "" when there is none.
func (r *Rule) builtinKey() string {
	switch {
	case r.Confirm != "":
		return "confirm"
	case r.FoundBy != "":
		return "found-by"
	case r.Background:
		return "background"
	case slices.ContainsFunc(r.Names, func(n *Name) bool { return n.cut }):
		return "cut-name"
	}
	return ""
}

func parse(text []byte) (rules []*Rule, version string, err error) {
	tables, version, err := decode(text)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	for i, table := range tables {
		var e entry
		err := e.fill(table)
		var r *Rule
		if err == nil {
			r, err = e.rule()
		}
		if err != nil {
			return nil, "", fmt.Errorf("%w: rule %d (%q): %w", ErrInvalid, i+1, e.id, err)
		}
		rules = append(rules, r)
	}
	return rules, version, nil
}

// decode returns the tables of a file of rules as they are written.
func decode(text []byte) (tables []map[string]any, version string, err error) {
	doc := map[string]any{}
	if err := toml.Unmarshal(text, &doc); err != nil {
		if at := (toml.ParseError{}); errors.As(err, &at) {
			err = fmt.Errorf("line %d: %s", at.Position.Line, at.Message)
		}
		return nil, "", err
	}
	for _, key := range slices.Sorted(maps.Keys(doc)) {
		ok := false
		switch value := doc[key]; key {
		case "version":
			version, ok = value.(string)
		case "rule":
			tables, ok = value.([]map[string]any)
		default:
			return nil, "", fmt.Errorf("%q is none of the keys outside of rules: version, and [[rule]] for each rule", key)
		}
		if !ok {
			return nil, "", fmt.Errorf(`%q is not written as it should be: version = "…", and [[rule]] for each rule`, key)
		}
	}
	return tables, version, nil
}
