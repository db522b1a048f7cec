package rules

import (
	"path"
	"regexp/syntax"
	"strings"
)

// slotChars is how many characters of a long name a slot of FAT and an entry of
// exFAT hold at least: a name that was cut ends after a multiple of 13 or 15.
var slotChars = []int{13, 15}

// Named is a name to be judged by rules.
type Named struct {
	Path    string // from the root, "/" before each name
	Folder  bool
	Deleted bool // the name may be cut where a directory slot ends
	lower   string
}

// Match returns the first rule of the set that a name alone satisfies, and the
// device's name if that stands in it; nil when there is none. What an alternate
// data stream is called does not count.
func (s *Set) Match(n Named) (*Rule, string) {
	n.lower = fold(n.Path)
	for _, r := range s.Rules {
		if device, ok := r.matches(n); ok {
			return r, device
		}
	}
	return nil, ""
}

// MatchName reports whether a name alone satisfies the rule, and returns the
// device's name if that stands in it.
func (r *Rule) MatchName(n Named) (device string, ok bool) {
	n.lower = fold(n.Path)
	return r.matches(n)
}

func (r *Rule) matches(n Named) (device string, ok bool) {
	for _, form := range r.Names {
		if device, ok := form.match(n); ok {
			return device, true
		}
	}
	return "", false
}

func (m *Name) match(n Named) (device string, ok bool) {
	if m.folder != n.Folder || !strings.Contains(n.lower, m.key) || m.cut && !n.mayBeCut() {
		return "", false
	}
	text := n.Path
	if !m.path {
		text = path.Base(text)
	}
	groups := m.form.FindStringSubmatch(text)
	if groups == nil {
		return "", false
	}
	if m.device > 0 {
		device = groups[m.device]
	}
	return device, true
}

func (n Named) mayBeCut() bool {
	length := len([]rune(path.Base(n.Path)))
	for _, slot := range slotChars {
		if n.Deleted && length%slot == 0 {
			return true
		}
	}
	return false
}

// required returns a string that stands, in lower case, in whatever a regular
// expression matches, so that most names are told apart without running it: the
// longest run of plain characters that no alternative leaves out.
func required(form string) string {
	re, err := syntax.Parse("(?i)"+form, syntax.Perl)
	if err != nil {
		return ""
	}
	longest := ""
	var visit func(re *syntax.Regexp)
	visit = func(re *syntax.Regexp) {
		switch re.Op {
		case syntax.OpLiteral:
			if text := fold(string(re.Rune)); len(text) > len(longest) {
				longest = text
			}
		case syntax.OpConcat, syntax.OpCapture, syntax.OpPlus:
			for _, sub := range re.Sub {
				visit(sub)
			}
		}
	}
	visit(re)
	return longest
}

// fold is lower case as regular expressions see it, which take the long s for an s.
func fold(text string) string { return strings.ReplaceAll(strings.ToLower(text), "ſ", "s") }
