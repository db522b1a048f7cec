package rules

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
)

// TestParse reads a rule with all keys, and one with no more than it needs.
func TestParse(t *testing.T) {
	rules := own(t, badge+"\n[[rule]]\nid = \"ab\"\nclass = \"log\"\nseverity = \"low\"\nwhat = \"x\"\nname = ['y']\n")
	if len(rules) != 2 {
		t.Fatalf("%d rules", len(rules))
	}
	full, bare := rules[0], rules[1]
	if full.ID != "site-badge" || full.Class != Credential || full.Severity != High || full.What != "our badge files" ||
		full.Advice != "Tell the badge office." || full.Hint != "badge file" || len(full.Names) != 3 || !full.Own ||
		!reflect.DeepEqual(full.Text, []string{"BADGE-"}) || !reflect.DeepEqual(full.Bytes, []string{"BDG\xf0\x01"}) ||
		full.Pattern == nil || !reflect.DeepEqual(full.Samples, []string{"BADGE-00000000"}) || full.Confirm+full.FoundBy != "" || full.Background {
		t.Errorf("%+v", full)
	}
	if bare.Hint != bare.What || bare.Advice != "" || bare.Pattern != nil || len(bare.Names) != 1 {
		t.Errorf("%+v", bare)
	}
}

// TestDocumentedRule: the rule in the comment of Parse can be used as it stands.
func TestDocumentedRule(t *testing.T) {
	source, err := os.ReadFile("parse.go")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for line := range strings.Lines(string(source)) {
		if line, ok := strings.CutPrefix(line, "//\t"); ok {
			text.WriteString(line)
		}
	}
	r := own(t, text.String())[0]
	if r.ID != "site-badge" || len(r.Names) != 3 || len(r.Text) != 1 || len(r.Bytes) != 1 || !r.Pattern.MatchString("BADGE-00000000") {
		t.Errorf("%+v", r)
	}
}

// TestLines: the start of a line may be asked for, where that of all text may not.
func TestLines(t *testing.T) {
	r := own(t, strings.Replace(badge, "'B(?P", "'(?m:^)B(?P", 1))[0]
	if !r.Pattern.MatchString("x\nBADGE-12345678 ") {
		t.Error("not found")
	}
}

// TestParseErrors: each mistake has words that lead to it.
func TestParseErrors(t *testing.T) {
	const rule1 = `rule 1 ("site-badge"): `
	changed := func(old, new string) string {
		if !strings.Contains(badge, old) {
			t.Fatalf("%q is not in the rule", old)
		}
		return strings.Replace(badge, old, new, 1)
	}
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "there is no [[rule]] in it"},
		{"version alone", `version = "7"`, "there is no [[rule]] in it"},
		{"not TOML", "[[rule]]\nid = \"ab\"\nid: x\n", "line 3: expected '.' or '=', but got ':' instead"},
		{"backslash in double quotes", changed(`'^badge-\d+\.bin$'`, `"\d"`), `line 9: invalid escape in string '\d'`},
		{"key twice", changed("what =", "hint = \"x\"\nwhat ="), "line 9: Key 'rule.hint' has already been defined."},
		{"wrong table", strings.Replace(badge, "[[rule]]", "[[rules]]", 1), `"rules" is none of the keys outside of rules: version, and [[rule]] for each rule`},
		{"one table", strings.Replace(badge, "[[rule]]", "[rule]", 1), `"rule" is not written as it should be: version = "…", and [[rule]] for each rule`},
		{"version", "version = 7\n" + badge, `"version" is not written as it should be: version = "…", and [[rule]] for each rule`},
		{"unknown key", changed("hint", "hind"), rule1 + `"hind" is not a key that rules have`},
		{"unknown key, second rule", badge + strings.NewReplacer("site-badge", "other", "hint", "hind").Replace(badge), `rule 2 ("other"): "hind" is not a key that rules have`},
		{"capital key", changed("hint", "Hint"), rule1 + `"Hint" is not a key that rules have`},
		{"number for text", changed(`"high"`, `3`), rule1 + `severity must be a string, in "" or ''`},
		{"text for list", changed(`['^/badges$']`, `'^/badges$'`), rule1 + "folder must be a list of strings, in []"},
		{"list of numbers", changed(`["BADGE-"]`, `["BADGE-", 7]`), rule1 + "text must be a list of strings, in []"},
		{"list of numbers before text", changed(`["BADGE-"]`, `[7, "BADGE-"]`), rule1 + "text must be a list of strings, in []"},
		{"flag", badge + "background = 1\n", rule1 + "background must be true or false"},
		{"no id", changed(`id = "site-badge"`, ""), `rule 1 (""): id must be 2 to 41 lower-case letters, digits and dashes, the first a letter`},
		{"id", changed("site-badge", "Site badge"), `rule 1 ("Site badge"): id must be 2 to 41 lower-case letters, digits and dashes, the first a letter`},
		{"class", changed("credential", "secret"), rule1 + `class "secret" is none of credential, configuration, log, identity`},
		{"severity", changed("high", "grave"), rule1 + `severity "grave" is none of critical, high, medium, low`},
		{"no what", changed(`"our badge files"`, `" "`), rule1 + "what is missing: say what the rule finds"},
		{"empty sample", changed(`["BADGE-00000000"]`, `[""]`), rule1 + "an empty sample would make one of every match"},
		{"name", changed(`^badge-\d+`, `^badge-(\d+`), rule1 + `name "^badge-(\\d+\\.bin$": missing closing )`},
		{"path", changed(`[^/]+\.dat`, `[^/+\.dat`), rule1 + `path "^/badges/[^/+\\.dat$": missing closing ]`},
		{"folder", changed(`'^/badges$'`, `'^/badges$', 'x**'`), rule1 + `folder "x**": invalid nested repetition operator`},
		{"pattern", changed(`\b'`, `\y'`), rule1 + `pattern "B(?P<id>[A-Z-]+)(?P<device>[0-9]{8})\\y": invalid escape sequence`},
		{"too large", changed(`[0-9]{8}`, `(?:[0-9]{1000}){1000}`), rule1 + `pattern "B(?P<id>[A-Z-]+)(?P<device>(?:[0-9]{1000}){1000})\\b": invalid repeat count`},
		{"name that is anything", changed(`^badge-\d+\.bin$`, `.*`), rule1 + `name ".*" can match nothing, and so would be found everywhere or nowhere`},
		{"pattern that is nowhere", changed(`B(?P<id>[A-Z-]+)(?P<device>[0-9]{8})\b`, `\b|BADGE`), rule1 + `pattern "\\b|BADGE" can match nothing, and so would be found everywhere or nowhere`},
		{"pattern with a start", changed(`'B(?P`, `'^B(?P`), rule1 + `pattern "^B(?P<id>[A-Z-]+)(?P<device>[0-9]{8})\\b": it sees some text around a string, so ^ and $ are not where they seem: use \b or (?m)`},
		{"pattern with an end", changed(`\b'`, `(?:x|$)'`), rule1 + `pattern "B(?P<id>[A-Z-]+)(?P<device>[0-9]{8})(?:x|$)": it sees some text around a string, so ^ and $ are not where they seem: use \b or (?m)`},
		{"hex", changed("42 44 47 F0 01", "42 4"), rule1 + `hex "42 4" is not made of pairs of hex digits`},
		{"short text", changed(`"BADGE-"`, `"BA"`), rule1 + `"BA" is shorter than 3 bytes`},
		{"short hex", changed("42 44 47 F0 01", "42 44"), rule1 + `"BD" is shorter than 3 bytes`},
		{"long text", changed(`"BADGE-"`, `"`+strings.Repeat("BADGE-", 50)+`"`), rule1 + `"BADGE-BADGE-BADG"… is longer than 256 bytes`},
		{"zero first", changed("42 44 47", "00 44 47"), rule1 + `"\x00DG\xf0\x01" begins with a zero byte`},
		{"text beyond ASCII", changed(`"BADGE-"`, `"BÄDGE-"`), rule1 + `text "BÄDGE-" is more than printable ASCII; use hex`},
		{"text with a control character", changed(`"BADGE-"`, `"BADGE\n"`), rule1 + `text "BADGE\n" is more than printable ASCII; use hex`},
		{"no pattern", changed("pattern =", "hint2 ="), rule1 + `"hint2" is not a key that rules have`},
		{"literals alone", badge[:strings.Index(badge, "pattern")], rule1 + "text and hex need a pattern that confirms them"},
		{"pattern alone", badge[:strings.Index(badge, "text")] + "pattern = 'x'\n", rule1 + "a pattern needs text or hex that stands in whatever it matches"},
		{"nothing", badge[:strings.Index(badge, "name")], rule1 + "there is nothing to look for: give name, path, folder, text or hex"},
		{"pattern and confirm", badge + "confirm = \"private-key\"\n", rule1 + "text and hex need a pattern that confirms them"},
		{"confirm", badge[:strings.Index(badge, "pattern")] + "confirm = \"private-key\"\n", rule1 + "confirm is for built-in rules"},
		{"found by", badge + "found-by = \"private-key\"\n", rule1 + "found-by is for built-in rules"},
		{"background", badge + "background = true\n", rule1 + "background is for built-in rules"},
		{"cut name", badge + "cut-name = ['x']\n", rule1 + "cut-name is for built-in rules"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules, err := Parse([]byte(c.text))
			if err == nil || rules != nil || !errors.Is(err, ErrInvalid) {
				t.Fatalf("%d rules, error %v", len(rules), err)
			}
			if want := "not a valid file of rules: " + c.want; err.Error() != want {
				t.Errorf("got  %s\nwant %s", err, want)
			}
		})
	}
}

// FuzzParse: whatever a file says, it is refused in words of one line, or its
// rules can be used.
func FuzzParse(f *testing.F) {
	f.Add(badge)
	f.Add("version = \"1\"\n[[rule]]\nid = \"ab\"\nclass = \"log\"\nseverity = \"low\"\nwhat = \"x\"\nname = ['(?i)a{2,3}|[^b]*ſ', '\\x{FFFD}']\n")
	f.Add("rule = [{id = \"ab\"}]\n")
	f.Add("[[rule]]\nid = 1979-05-27\n[rule.name]\na.b = 0x1\n")
	f.Fuzz(func(t *testing.T, text string) {
		rules, err := Parse([]byte(text))
		if err != nil {
			if rules != nil || !errors.Is(err, ErrInvalid) {
				t.Errorf("%d rules, error %v", len(rules), err)
			}
			return
		}
		for _, r := range rules {
			if r.ID == "" || r.Hint == "" || !r.Own || len(r.Names)+len(r.Text)+len(r.Bytes) == 0 {
				t.Errorf("%+v", r)
			}
		}
		set, err := With(rules)
		if err != nil {
			return
		}
		for _, line := range strings.Split(text, "\n") {
			checkMatch(t, set, Named{Path: "/" + strings.Trim(line, "'[] ")})
		}
	})
}
