package rules

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// compile compiles a regular expression that must match one character at least:
// what can match nothing would be found everywhere.
func compile(key, form string, flags syntax.Flags) (*regexp.Regexp, *syntax.Regexp, error) {
	parsed, err := syntax.Parse(form, syntax.Perl|flags)
	if err == nil && shortest(parsed) == 0 {
		return nil, nil, fmt.Errorf("%s %q can match nothing, and so would be found everywhere or nowhere", key, form)
	}
	var re *regexp.Regexp
	if err == nil {
		if flags&syntax.FoldCase != 0 {
			form = "(?i)" + form
		}
		re, err = regexp.Compile(form)
	}
	if at := (*syntax.Error)(nil); errors.As(err, &at) {
		return nil, nil, fmt.Errorf("%s %q: %s", key, form, at.Code)
	}
	return re, parsed, err
}

// shortest is how many characters a match has at least.
func shortest(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return shortest(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min * shortest(re.Sub[0])
	case syntax.OpAlternate:
		least := shortest(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			least = min(least, shortest(sub))
		}
		return least
	case syntax.OpConcat:
		sum := 0
		for _, sub := range re.Sub {
			sum += shortest(sub)
		}
		return sum
	}
	return 0
}

// anchored reports whether a regular expression asks for the start or the end of
// all text.
func anchored(re *syntax.Regexp) bool {
	return re.Op == syntax.OpBeginText || re.Op == syntax.OpEndText || slices.ContainsFunc(re.Sub, anchored)
}

// begins reports whether all that a regular expression matches begins with one of
// the texts.
func begins(re *syntax.Regexp, texts []string) bool {
	all := func(sub *syntax.Regexp) bool { return begins(sub, texts) }
	switch re.Op {
	case syntax.OpLiteral:
		text := string(re.Rune)
		return re.Flags&syntax.FoldCase == 0 && slices.ContainsFunc(texts, func(start string) bool { return strings.HasPrefix(text, start) })
	case syntax.OpCapture:
		return all(re.Sub[0])
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !all(sub) })
	case syntax.OpConcat:
		first := slices.IndexFunc(re.Sub, func(sub *syntax.Regexp) bool { return sub.Op != syntax.OpWordBoundary })
		return first >= 0 && all(re.Sub[first])
	}
	return false
}

// required returns strings of which, folded, one at least stands in whatever a
// regular expression matches, so that most names are told apart without running
// it. The empty string among them says that nothing is known.
func required(re *syntax.Regexp) []string { return partsOf(re).texts }

// parts is what a part of a regular expression tells: one of the texts stands in
// what it matches, or is all of what it matches.
type parts struct {
	texts []string
	all   bool
}

// maxTexts keeps what alternatives multiply to within bounds.
const maxTexts = 16

func partsOf(re *syntax.Regexp) parts {
	switch re.Op {
	case syntax.OpLiteral:
		return parts{[]string{fold(string(re.Rune))}, true}
	case syntax.OpCharClass:
		return classParts(re.Rune)
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpEndText, syntax.OpBeginLine, syntax.OpEndLine,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return parts{[]string{""}, true}
	case syntax.OpCapture:
		return partsOf(re.Sub[0])
	case syntax.OpQuest:
		return either(parts{[]string{""}, true}, partsOf(re.Sub[0]))
	case syntax.OpPlus:
		return parts{partsOf(re.Sub[0]).texts, false}
	case syntax.OpAlternate:
		p := partsOf(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			p = either(p, partsOf(sub))
		}
		return p
	case syntax.OpConcat:
		return concatParts(re.Sub)
	}
	return parts{[]string{""}, false}
}

// classParts takes a class of a few characters, whose ranges stand in pairs.
func classParts(ranges []rune) parts {
	var texts []string
	for i := 0; i < len(ranges); i += 2 {
		for c := ranges[i]; c <= ranges[i+1]; c++ {
			if texts = append(texts, fold(string(c))); len(texts) > maxTexts {
				return parts{[]string{""}, false}
			}
		}
	}
	slices.Sort(texts)
	return parts{slices.Compact(texts), true}
}

func either(a, b parts) parts {
	texts := slices.Concat(a.texts, b.texts)
	if slices.Sort(texts); len(texts) > maxTexts {
		return parts{[]string{""}, false}
	}
	return parts{slices.Compact(texts), a.all && b.all}
}

// concatParts joins texts for as long as they are all of what is matched, and
// keeps those that tell most.
func concatParts(subs []*syntax.Regexp) parts {
	best, row, whole := []string{""}, []string{""}, true
	for _, sub := range subs {
		p := partsOf(sub)
		if p.all && len(row)*len(p.texts) <= maxTexts {
			row = products(row, p.texts)
			continue
		}
		best, row, whole = longer(longer(best, row), p.texts), []string{""}, false
		if p.all {
			row = p.texts
		}
	}
	return parts{longer(best, row), whole}
}

func products(heads, tails []string) (texts []string) {
	for _, head := range heads {
		for _, tail := range tails {
			texts = append(texts, head+tail)
		}
	}
	return texts
}

// longer is those of two lists of texts whose shortest is longer.
func longer(a, b []string) []string {
	shortest := func(texts []string) int {
		return len(slices.MinFunc(texts, func(x, y string) int { return len(x) - len(y) }))
	}
	if shortest(b) > shortest(a) {
		return b
	}
	return a
}

// fold makes one of all characters that regular expressions take for the same
// without regard to case; they take the long s for an s, for example.
func fold(text string) string {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return strings.Map(foldRune, text)
		}
	}
	return strings.ToUpper(text)
}

func foldRune(c rune) rune {
	least := c
	for next := unicode.SimpleFold(c); next != c; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}
