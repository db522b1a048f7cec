package rules

import (
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// ErrInvalid says that a file of rules cannot be used. The error that wraps it
// says where and why.
var ErrInvalid = errors.New("not a valid file of rules")

// file and entry are how rules are written; see [Parse].
type file struct {
	Version string  `toml:"version"`
	Rule    []entry `toml:"rule"`
}

type entry struct {
	ID         string   `toml:"id"`
	Class      Class    `toml:"class"`
	Severity   Severity `toml:"severity"`
	What       string   `toml:"what"`
	Advice     string   `toml:"advice"`
	Hint       string   `toml:"hint"`
	Name       []string `toml:"name"`
	CutName    []string `toml:"cut-name"`
	Path       []string `toml:"path"`
	Folder     []string `toml:"folder"`
	Text       []string `toml:"text"`
	Hex        []string `toml:"hex"`
	Confirm    string   `toml:"confirm"`
	FoundBy    string   `toml:"found-by"`
	Pattern    string   `toml:"pattern"`
	Samples    []string `toml:"samples"`
	Background bool     `toml:"background"`
}

// minLiteral is how short a candidate may be: each of fewer bytes would turn up
// everywhere, and cost a look each time.
const minLiteral = 3

// Parse reads rules in TOML. Each has the form
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
//	pattern  = '\bBADGE-[0-9]{8}\b'      # must match so that it covers the string
//	samples  = ["BADGE-00000000"]        # a match with this in it does not count
//
// What a pattern matched is never shown. Errors wrap [ErrInvalid].
func Parse(text []byte) ([]*Rule, error) {
	rules, _, err := parse(text)
	for _, r := range rules {
		r.Own = true
		if r.Confirm+r.FoundBy != "" {
			return nil, fmt.Errorf("%w: rule %q: confirm and found-by are for built-in rules; give a pattern", ErrInvalid, r.ID)
		}
	}
	return rules, err
}

func parse(text []byte) (rules []*Rule, version string, err error) {
	var f file
	meta, err := toml.Decode(string(text), &f)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %s", ErrInvalid, describe(err))
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, "", fmt.Errorf("%w: %q is not a key that rules have", ErrInvalid, unknown[0].String())
	}
	for i, e := range f.Rule {
		r, err := e.rule()
		if err != nil {
			return nil, "", fmt.Errorf("%w: rule %d (%q): %w", ErrInvalid, i+1, e.ID, err)
		}
		rules = append(rules, r)
	}
	return rules, f.Version, nil
}

// describe says where in the text a mistake is, in one line.
func describe(err error) string {
	if at := (toml.ParseError{}); errors.As(err, &at) {
		return fmt.Sprintf("line %d: %s", at.Position.Line, at.Message)
	}
	return err.Error()
}

var idForm = regexp.MustCompile(`^[a-z][a-z0-9-]{1,40}$`)

func (e entry) rule() (*Rule, error) {
	r := &Rule{
		ID: e.ID, Class: e.Class, Severity: e.Severity, What: e.What, Advice: e.Advice, Hint: e.Hint,
		Text: e.Text, Confirm: e.Confirm, FoundBy: e.FoundBy, Samples: e.Samples, Background: e.Background,
	}
	switch {
	case !idForm.MatchString(e.ID):
		return nil, errors.New("id must be lower-case letters, digits and dashes")
	case !slices.Contains([]Class{Credential, Configuration, Log, Identity}, e.Class):
		return nil, fmt.Errorf("class %q is none of credential, configuration, log, identity", e.Class)
	case !slices.Contains([]Severity{Critical, High, Medium, Low}, e.Severity):
		return nil, fmt.Errorf("severity %q is none of critical, high, medium, low", e.Severity)
	case e.What == "":
		return nil, errors.New("what is missing: say what the rule finds")
	}
	if r.Hint == "" {
		r.Hint = e.What
	}
	if err := e.names(r); err != nil {
		return nil, err
	}
	return r, e.content(r)
}

func (e entry) names(r *Rule) error {
	for _, kind := range []struct {
		key   string
		forms []string
		like  Name
	}{
		{"name", e.Name, Name{}},
		{"cut-name", e.CutName, Name{cut: true}},
		{"path", e.Path, Name{path: true}},
		{"folder", e.Folder, Name{path: true, folder: true}},
	} {
		for _, form := range kind.forms {
			n := kind.like
			re, err := regexp.Compile("(?i)" + form)
			if err != nil {
				return fmt.Errorf("%s: %w", kind.key, err)
			}
			n.form, n.device, n.key = re, max(0, re.SubexpIndex("device")), required(form)
			r.Names = append(r.Names, &n)
		}
	}
	return nil
}

func (e entry) content(r *Rule) error {
	for _, digits := range e.Hex {
		raw, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
		if err != nil {
			return fmt.Errorf("hex %q: %w", digits, err)
		}
		r.Bytes = append(r.Bytes, string(raw))
	}
	for _, literal := range slices.Concat(r.Text, r.Bytes) {
		switch {
		case len(literal) < minLiteral:
			return fmt.Errorf("%q is shorter than %d bytes", literal, minLiteral)
		case literal[0] == 0:
			return fmt.Errorf("%q begins with a zero byte", literal)
		}
	}
	for _, literal := range r.Text {
		if strings.ContainsFunc(literal, func(c rune) bool { return c > '~' || c < ' ' }) {
			return fmt.Errorf("text %q is more than printable ASCII; use hex", literal)
		}
	}
	hasLiterals := len(r.Text)+len(r.Bytes) > 0
	switch {
	case hasLiterals && (e.Pattern == "") == (e.Confirm == ""):
		return errors.New("text and hex need a pattern that confirms them")
	case !hasLiterals && (e.Pattern != "" || e.Confirm != ""):
		return errors.New("a pattern needs text or hex that stands in whatever it matches")
	case !hasLiterals && len(r.Names) == 0 && e.FoundBy == "":
		return errors.New("there is nothing to look for: give name, path, folder, text or hex")
	case e.Pattern == "":
		return nil
	}
	re, err := regexp.Compile(e.Pattern)
	if err != nil {
		return fmt.Errorf("pattern: %w", err)
	}
	r.Pattern = &Pattern{Regexp: re, Device: max(0, re.SubexpIndex("device")), ID: max(0, re.SubexpIndex("id"))}
	return nil
}
