package rules

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// entry is a rule as it is written; see [Parse].
type entry struct {
	id, class, severity, what, advice, hint string

	name, cutName, path, folder []string
	text, hex, samples          []string

	pattern, confirm, foundBy string
	background                bool
}

// keys says where the value of each key of a rule goes.
func (e *entry) keys() map[string]any {
	return map[string]any{
		"id": &e.id, "class": &e.class, "severity": &e.severity, "what": &e.what, "advice": &e.advice, "hint": &e.hint,
		"name": &e.name, "cut-name": &e.cutName, "path": &e.path, "folder": &e.folder,
		"text": &e.text, "hex": &e.hex, "pattern": &e.pattern, "samples": &e.samples,
		"confirm": &e.confirm, "found-by": &e.foundBy, "background": &e.background,
	}
}

// fill takes a table in. The library's own decoder would not say in which of
// several tables a mistake is.
func (e *entry) fill(table map[string]any) error {
	e.id, _ = table["id"].(string) // first, so that errors can say it
	keys := e.keys()
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if keys[key] == nil {
			return fmt.Errorf("%q is not a key that rules have", key)
		}
		if want := assign(keys[key], table[key]); want != "" {
			return fmt.Errorf("%s must be %s", key, want)
		}
	}
	return nil
}

// assign sets what to points to, or says what the value should have been.
func assign(to, value any) (want string) {
	ok := false
	switch to := to.(type) {
	case *string:
		want = `a string, in "" or ''`
		*to, ok = value.(string)
	case *bool:
		want = "true or false"
		*to, ok = value.(bool)
	case *[]string:
		want = `a list of strings, in []`
		*to, ok = stringsOf(value)
	}
	if ok {
		return ""
	}
	return want
}

func stringsOf(value any) ([]string, bool) {
	list, ok := value.([]any)
	var texts []string
	for _, v := range list {
		text, isText := v.(string)
		texts, ok = append(texts, text), ok && isText
	}
	return texts, ok
}

var idForm = regexp.MustCompile(`^[a-z][a-z0-9-]{1,40}$`)

func (e *entry) rule() (*Rule, error) {
	r := &Rule{
		ID: e.id, Class: Class(e.class), Severity: Severity(e.severity), What: e.what, Advice: e.advice, Hint: e.hint,
		Text: e.text, Confirm: e.confirm, FoundBy: e.foundBy, Samples: e.samples, Background: e.background,
	}
	switch {
	case !idForm.MatchString(e.id):
		return nil, errors.New("id must be 2 to 41 lower-case letters, digits and dashes, the first a letter")
	case !slices.Contains([]Class{Credential, Configuration, Log, Identity}, r.Class):
		return nil, fmt.Errorf("class %q is none of credential, configuration, log, identity", e.class)
	case !slices.Contains(severities, r.Severity):
		return nil, fmt.Errorf("severity %q is none of critical, high, medium, low", e.severity)
	case strings.TrimSpace(e.what) == "":
		return nil, errors.New("what is missing: say what the rule finds")
	case slices.Contains(e.samples, ""):
		return nil, errors.New("an empty sample would make one of every match")
	}
	if r.Hint == "" {
		r.Hint = e.what
	}
	if err := e.names(r); err != nil {
		return nil, err
	}
	return r, e.content(r)
}

func (e *entry) names(r *Rule) error {
	for _, kind := range []struct {
		key   string
		forms []string
		like  Name
	}{
		{"name", e.name, Name{}},
		{"cut-name", e.cutName, Name{cut: true}},
		{"path", e.path, Name{path: true}},
		{"folder", e.folder, Name{path: true, folder: true}},
	} {
		for _, form := range kind.forms {
			n := kind.like
			re, parsed, err := compile(kind.key, form, syntax.FoldCase)
			if err != nil {
				return err
			}
			n.form, n.device, n.keys = re, max(0, re.SubexpIndex("device")), required(parsed)
			r.Names = append(r.Names, &n)
		}
	}
	return nil
}

// Bounds on a candidate: fewer bytes would turn up everywhere, and cost a look
// each time; more make the scan look at more of the drive twice.
const (
	minLiteral = 3
	maxLiteral = 256
)

func (e *entry) content(r *Rule) error {
	for _, digits := range e.hex {
		raw, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
		if err != nil {
			return fmt.Errorf("hex %q is not made of pairs of hex digits", digits)
		}
		r.Bytes = append(r.Bytes, string(raw))
	}
	for i, literal := range slices.Concat(r.Text, r.Bytes) {
		if err := checkLiteral(literal, i < len(r.Text)); err != nil {
			return err
		}
	}
	hasLiterals := len(r.Text)+len(r.Bytes) > 0
	switch {
	case hasLiterals && (e.pattern == "") == (e.confirm == ""):
		return errors.New("text and hex need a pattern that confirms them")
	case !hasLiterals && (e.pattern != "" || e.confirm != ""):
		return errors.New("a pattern needs text or hex that stands in whatever it matches")
	case !hasLiterals && len(r.Names) == 0 && e.foundBy == "":
		return errors.New("there is nothing to look for: give name, path, folder, text or hex")
	case e.pattern == "":
		return nil
	}
	re, parsed, err := compile("pattern", e.pattern, 0)
	if err != nil {
		return err
	}
	if anchored(parsed) {
		return fmt.Errorf(`pattern %q: it sees some text around a string, so ^ and $ are not where they seem: use \b or (?m)`, e.pattern)
	}
	r.Pattern = &Pattern{Regexp: re, Device: max(0, re.SubexpIndex("device")), ID: max(0, re.SubexpIndex("id"))}
	if begins(parsed, slices.Concat(r.Text, r.Bytes)) {
		r.Pattern.Begin, err = regexp.Compile("^(?s:.)(?:" + e.pattern + ")")
	}
	return err
}

func checkLiteral(literal string, isText bool) error {
	switch {
	case len(literal) < minLiteral:
		return fmt.Errorf("%q is shorter than %d bytes", literal, minLiteral)
	case len(literal) > maxLiteral:
		return fmt.Errorf("%q… is longer than %d bytes", literal[:16], maxLiteral)
	case isText && strings.ContainsFunc(literal, func(c rune) bool { return c > '~' || c < ' ' }):
		return fmt.Errorf("text %q is more than printable ASCII; use hex", literal)
	case literal[0] == 0:
		return fmt.Errorf("%q begins with a zero byte", literal)
	}
	return nil
}
