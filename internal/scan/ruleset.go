package scan

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/panoscrub/panoscrub/internal/rules"
)

// confirmer judges the candidate at pos of v, and reports what it is sure of.
type confirmer func(c *checker, r *rules.Rule, v *view, pos int64)

// confirmers are those that a rule may name; all else is confirmed by a pattern.
var confirmers map[string]confirmer

func init() { // they lead back to the ruleset, through what is in archives
	confirmers = map[string]confirmer{
		"network-configuration": confirmNetwork,
		"controller-log":        confirmLogLine,
		"archive-name":          confirmArchiveName,
		"old-directory":         confirmOldDirectory,
		"private-key":           confirmKey,
		"key-store":             confirmKeyStore,
		"certificate":           confirmCertificate,
		"public-key":            confirmPublicKey,
		"aws-access-key":        confirmAccessKey,
	}
}

// finder is what is done where a literal stands.
type finder struct {
	rule *rules.Rule // nil for what is only looked into
	look confirmer
	wide bool // the literal stands in UTF-16
}

// ruleset is rules made ready for work.
type ruleset struct {
	*rules.Set
	literals  *literals
	byLiteral [][]finder
	authority *rules.Rule
}

// builtinRuleset is made once: nothing in it changes.
var builtinRuleset = sync.OnceValue(func() *ruleset { return newRuleset(rules.Builtin()) })

func newRuleset(set *rules.Set) *ruleset {
	s := &ruleset{Set: set, authority: set.Get(rules.Authority)}
	var texts []string
	add := func(literal string, f finder) {
		at := slices.Index(texts, literal)
		if at < 0 {
			at = len(texts)
			texts = append(texts, literal)
			s.byLiteral = append(s.byLiteral, nil)
		}
		s.byLiteral[at] = append(s.byLiteral[at], f)
	}
	for _, r := range set.Rules {
		inText, inBytes := confirmPattern(encodingText), confirmPattern(encodingBinary)
		if r.Confirm != "" {
			inText, inBytes = confirmers[r.Confirm], confirmers[r.Confirm]
		}
		for _, literal := range r.Bytes {
			add(literal, finder{r, inBytes, false})
		}
		for _, literal := range r.Text {
			add(literal, finder{r, inText, false})
			add(widened(literal), finder{r, inText, true})
		}
	}
	for _, literal := range slices.Sorted(maps.Keys(containers)) {
		add(literal, finder{nil, containers[literal], false})
		if inBase64([]byte(literal)) {
			add(widened(literal), finder{nil, containers[literal], true})
		}
	}
	s.literals = newLiterals(texts)
	return s
}

// widened is text as it stands in UTF-16 of either byte order, but for the zero
// byte before or behind it.
func widened(text string) string {
	return strings.Join(strings.Split(text, ""), "\x00")
}

// confirmPattern makes what reports what a rule's pattern matches around a
// candidate. What it matched stays in this package: it tells items apart.
func confirmPattern(encoding string) confirmer {
	return func(c *checker, r *rules.Rule, v *view, pos int64) {
		if !c.try(r, maxTries) {
			return
		}
		text, here, m := search(r.Pattern, v, pos)
		if m == nil {
			if r.Pattern.Begin == nil {
				c.tries[r] += maxTries/maxSlowTries - 1 // it took long
			}
			return
		}
		value := string(text[m[0]:m[1]])
		s := sighting{rule: r, encoding: encoding, length: int64(len(value)), value: value, hint: r.Hint, sample: isSample(r, value)}
		s.names = Appliance{DeviceName: group(text, m, r.Pattern.Device), DeviceID: group(text, m, r.Pattern.ID)}
		c.report(v, pos-int64(here-m[0]), s)
	}
}

func isSample(r *rules.Rule, text string) bool {
	return slices.ContainsFunc(r.Samples, func(sample string) bool { return strings.Contains(text, sample) })
}

func group(text []byte, m []int, n int) string {
	if n == 0 || m[2*n] < 0 {
		return ""
	}
	return string(text[m[2*n]:m[2*n+1]])
}

// search returns the last match of a pattern that covers pos, nil when there is
// none, with the text that it is in and the place of pos there.
func search(p *rules.Pattern, v *view, pos int64) (text []byte, here int, m []int) {
	if p.Begin == nil {
		text, here = wordAround(v, pos)
		return text, here, lastCovering(p.Regexp, text, here)
	}
	text, here = v.around(pos, 1, patternAhead)
	if here == 0 {
		text, here = append([]byte{0}, text...), 1
	}
	if m = p.Begin.FindSubmatchIndex(text); m != nil {
		m[0] = here
	}
	return text, here, m
}

// Bytes around a candidate that a pattern sees.
const (
	patternBack  = 192
	patternAhead = 400
)

// wordAround returns the text around pos, from the last blank, quote or byte that
// is no text before it on, since no pattern should have to try all that precedes;
// one byte more is there for the pattern to see where a word starts.
func wordAround(v *view, pos int64) (text []byte, here int) {
	text, here = v.around(pos, patternBack, patternAhead)
	start := here
	for start > 0 && text[start-1] > ' ' && text[start-1] < 0x7F && text[start-1] != '"' && text[start-1] != '\'' {
		start--
	}
	start = max(0, start-1)
	return text[start:], here - start
}

// lastCovering returns the last match of form that covers text[here].
func lastCovering(form *regexp.Regexp, text []byte, here int) []int {
	for from := 0; from <= here; {
		m := form.FindSubmatchIndex(text[from:])
		if m == nil || from+m[0] > here {
			return nil
		}
		for i := range m {
			m[i] += from
		}
		if m[1] > here {
			return m
		}
		from = max(m[1], from+1)
	}
	return nil
}
