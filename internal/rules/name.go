package rules

import (
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// slotChars is how many characters of a long name a slot of FAT and an entry of
// exFAT hold at least: a name that was cut ends after a multiple of 13 or 15.
var slotChars = []int{13, 15}

// Named is a name to be judged by rules.
type Named struct {
	Path    string // from the root, "/" before each name
	Folder  bool
	Deleted bool // the name may be cut where a directory slot ends
	folded  string
}

// Match returns the rule of the set that a name alone satisfies, the gravest and
// of those the first, and the device's name if that stands in it; nil when there
// is none. What an alternate data stream is called does not count.
func (s *Set) Match(n Named) (*Rule, string) {
	n.folded = fold(n.Path)
	for form, likely := range s.sieve.likely(n.folded) {
		if !likely {
			continue
		}
		f := s.byName[form]
		if device, ok := f.match(n); ok {
			return f.rule, device
		}
	}
	return nil, ""
}

// MatchName reports whether a name alone satisfies the rule, and returns the
// device's name if that stands in it.
func (r *Rule) MatchName(n Named) (device string, ok bool) {
	n.folded = fold(n.Path)
	for _, form := range r.Names {
		if device, ok := form.match(n); ok {
			return device, true
		}
	}
	return "", false
}

func (m *Name) match(n Named) (device string, ok bool) {
	if m.folder != n.Folder || !n.holdsAny(m.keys) || m.cut && !n.mayBeCut() {
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

func (n Named) holdsAny(keys []string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { return strings.Contains(n.folded, key) })
}

func (n Named) mayBeCut() bool {
	length := utf8.RuneCountInString(path.Base(n.Path))
	for _, slot := range slotChars {
		if n.Deleted && length%slot == 0 {
			return true
		}
	}
	return false
}
