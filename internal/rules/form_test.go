package rules

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
	"unicode"
)

func TestRequired(t *testing.T) {
	for _, c := range []struct {
		form string
		want []string
	}{
		{`^badge-\d+\.bin$`, []string{"BADGE-"}},
		{`\.(?:p12|pfx)$`, []string{".P12", ".PFX"}},
		{`^(?:a|b)?key$`, []string{"KEY", "AKEY", "BKEY"}},
		{`^(?:claim|[x_]\d)\.log$`, []string{".LOG"}}, // too many digits to multiply
		{`^[x_]ab(?:c|de)\.log$`, []string{"XABC.LOG", "XABDE.LOG", "_ABC.LOG", "_ABDE.LOG"}},
		{`(?:ab)+x`, []string{"AB"}},
		{`a*`, []string{""}},
		{`a|.`, []string{""}},
		{`[^a]long[a-z]er`, []string{"LONG"}},
		{`ſtraße`, []string{"STRAßE"}},
		{`(?-i:Key)`, []string{"KEY"}},
	} {
		parsed, err := syntax.Parse(c.form, syntax.Perl|syntax.FoldCase)
		if err != nil {
			t.Fatal(err)
		}
		if got := required(parsed); !slices.Equal(got, c.want) {
			t.Errorf("%s requires %q, want %q", c.form, got, c.want)
		}
	}
}

// TestRequiredHolds: whatever a form matches has one of the required texts in it.
// Texts are made from the form, with the case of letters changed in all ways that
// regular expressions allow.
func TestRequiredHolds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var forms []string
	for _, r := range Builtin().Rules {
		for _, n := range r.Names {
			forms = append(forms, strings.TrimPrefix(n.form.String(), "(?i)"))
		}
	}
	for range 3000 {
		forms = append(forms, randomForm(random, 3))
	}
	matched := 0
	for _, form := range forms {
		parsed, err := syntax.Parse(form, syntax.Perl|syntax.FoldCase)
		if err != nil {
			t.Fatalf("%s: %v", form, err)
		}
		re, keys, least := regexp.MustCompile("(?i)"+form), required(parsed), shortest(parsed)
		for range 20 {
			text := otherCase(random, sample(random, parsed))
			if !re.MatchString(text) {
				continue // a word boundary that is none, or the start of the text in its middle
			}
			matched++
			if !slices.ContainsFunc(keys, func(key string) bool { return strings.Contains(fold(text), key) }) {
				t.Errorf("%q matches %q, of %q", form, text, keys)
			}
			if found := re.FindString(text); len([]rune(found)) < least {
				t.Errorf("%q matches %q, and takes %d characters at least", form, found, least)
			}
		}
	}
	if matched < len(forms)*10 {
		t.Errorf("only %d texts matched: they prove little", matched)
	}
}

// randomForm writes a regular expression.
func randomForm(random *rand.Rand, depth int) string {
	plain := []string{"k", "key", "S", "ß", "ς", "Σx", "é", "Dž", `\.`, "-", "7", "[a-c]", "[^a-y]", `\d`, ".", `\b`, "^", "$", "[ks]", "[σ_]", "(?-i:Ks)", ""}
	if depth == 0 {
		return plain[random.IntN(len(plain))]
	}
	a, b := randomForm(random, depth-1), randomForm(random, depth-1)
	switch random.IntN(7) {
	case 0:
		return fmt.Sprintf("(?:%s|%s)", a, b)
	case 1:
		return fmt.Sprintf("(?P<g%d>%s)?%s", random.IntN(1<<30), a, b)
	case 2:
		return fmt.Sprintf("(?:%s)%s%s", a, []string{"+", "*", "{2}", "{0,1}", "{1,2}"}[random.IntN(5)], b)
	}
	return a + b
}

// sample makes a text that a regular expression matches, but for what it says
// about places.
func sample(random *rand.Rand, re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		if len(re.Rune) == 0 {
			return ""
		}
		at := random.IntN(len(re.Rune)/2) * 2
		return string(re.Rune[at] + rand.N(re.Rune[at+1]-re.Rune[at]+1))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return string([]rune("xK\u212aſ.")[random.IntN(5)])
	case syntax.OpCapture:
		return sample(random, re.Sub[0])
	case syntax.OpStar, syntax.OpQuest, syntax.OpPlus, syntax.OpRepeat:
		least := map[syntax.Op]int{syntax.OpPlus: 1, syntax.OpRepeat: re.Min}[re.Op]
		most := map[syntax.Op]int{syntax.OpQuest: 1, syntax.OpRepeat: max(re.Max, re.Min)}[re.Op]
		if most == 0 {
			most = least + 2
		}
		text := ""
		for range least + random.IntN(most-least+1) {
			text += sample(random, re.Sub[0])
		}
		return text
	case syntax.OpAlternate:
		return sample(random, re.Sub[random.IntN(len(re.Sub))])
	case syntax.OpConcat:
		text := ""
		for _, sub := range re.Sub {
			text += sample(random, sub)
		}
		return text
	}
	return ""
}

// otherCase writes each character as any of those that are the same without
// regard to case.
func otherCase(random *rand.Rand, text string) string {
	return strings.Map(func(c rune) rune {
		for range random.IntN(4) {
			c = unicode.SimpleFold(c)
		}
		return c
	}, text)
}

func TestFold(t *testing.T) {
	for _, c := range [][2]string{
		{"Key-7", "KEY-7"},
		{"\u212aeſ", "KES"}, // the Kelvin sign and the long s
		{"ςσΣ", "ΣΣΣ"},
		{"a\xffb", "A\ufffdB"}, // as regular expressions see it
	} {
		if got := fold(c[0]); got != c[1] {
			t.Errorf("%q folds to %q, want %q", c[0], got, c[1])
		}
	}
}
