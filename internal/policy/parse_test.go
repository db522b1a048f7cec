package policy

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
)

const file = `id = "site-twice"
title = "what our site asks for"
passes = ["00", "keyed", "complement", "92 49 24"]
read-back = "10 %"
format = false
`

func TestParse(t *testing.T) {
	p, err := Parse([]byte(file))
	want := Policy{
		Schema: Schema, ID: "site-twice", Title: "what our site asks for", Own: true,
		Passes: []Pattern{Fixed(0), Keyed, Complement, Fixed(0x92, 0x49, 0x24)}, ReadBackPercent: 10,
	}
	if err != nil || !reflect.DeepEqual(p, want) {
		t.Errorf("%+v, %v", p, err)
	}
	bare, err := Parse([]byte("id = 'ab'\ntitle = 'x'\npasses = ['keyed']\n"))
	if err != nil || bare.ReadBackPercent != 100 || !bare.Reformat {
		t.Errorf("%+v, %v", bare, err)
	}
}

// TestDocumentedPolicy: the file in the comment of Parse can be used as it stands.
func TestDocumentedPolicy(t *testing.T) {
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
	p, err := Parse([]byte(text.String()))
	if err != nil || p.ID != "site-twice" || len(p.Passes) != 2 || p.Sampled() || !p.Reformat {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestParseErrors: each mistake has words that lead to it.
func TestParseErrors(t *testing.T) {
	const policy = `policy "site-twice": `
	changed := func(old, new string) string {
		if !strings.Contains(file, old) {
			t.Fatalf("%q is not in the file", old)
		}
		return strings.Replace(file, old, new, 1)
	}
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", `policy "": id must be 2 to 41 lower-case letters, digits and dashes, the first a letter`},
		{"not TOML", "id: x", "line 1: expected '.' or '=', but got ':' instead"},
		{"key twice", file + "format = true\n", "line 6: Key 'format' has already been defined."},
		{"unknown key", file + "passs = 1\n", `"passs" is not a key that policies have`},
		{"capital key", changed("format", "Format"), `"Format" is not a key that policies have`},
		{"table", "[policy]\n" + file, `"policy" is not a key that policies have`},
		{"table for text", changed(`id = "site-twice"`, "id.x = 1"), `id must be a string, in "" or ''`},
		{"number for text", changed(`"what our site asks for"`, "7"), `title must be a string, in "" or ''`},
		{"text for truth", changed("false", `"no"`), "format must be true or false"},
		{"text for list", changed(`["00", "keyed", "complement", "92 49 24"]`, `"keyed"`), "passes must be a list of strings, in []"},
		{"list of numbers", changed(`"00"`, "0"), "passes must be a list of strings, in []"},
		{"list of numbers after text", changed(`"92 49 24"`, "0"), "passes must be a list of strings, in []"},
		{"no passes", changed(`"00", "keyed", "complement", "92 49 24"`, ""), policy + "it has 0 passes, not 1 to 35"},
		{"random", changed("keyed", "random"), `passes 2: "random" is none of keyed, complement, and 1 to 16 bytes in hex`},
		{"no bytes", changed("92 49 24", " "), `passes 4: " " is none of keyed, complement, and 1 to 16 bytes in hex`},
		{"half a byte", changed("92 49 24", "9"), `passes 4: "9" is none of keyed, complement, and 1 to 16 bytes in hex`},
		{"17 bytes", changed("92 49 24", strings.Repeat("00", 17)), `passes 4: "` + strings.Repeat("00", 17) + `" is none of keyed, complement, and 1 to 16 bytes in hex`},
		{"complement first", changed(`"00", "keyed", `, ""), policy + "pass 1 is a complement, and the pass before it is not keyed"},
		{"read-back", changed("10 %", "some"), `read-back must be "all", or a share from "1 %" to "99 %"`},
		{"read-back of nothing", changed("10 %", "0 %"), `read-back must be "all", or a share from "1 %" to "99 %"`},
		{"read-back of all, as a share", changed("10 %", "100 %"), `read-back must be "all", or a share from "1 %" to "99 %"`},
		{"read-back with a sign", changed("10 %", "+7 %"), `read-back must be "all", or a share from "1 %" to "99 %"`},
		{"read-back as a number", changed(`"10 %"`, "10"), `read-back must be "all", or a share from "1 %" to "99 %"`},
		{"a share, formatted", changed("false", "true"), policy + "a drive of which only a share is read back is not given back formatted: say format = false"},
		{"a share, without a word on the format", changed("format = false\n", ""), policy + "a drive of which only a share is read back is not given back formatted: say format = false"},
		{"the ID of a built-in policy", changed("site-twice", "r2"), `policy "r2": this is the ID of a built-in policy`},
		{"a hostile key", file + "\"\\u001b[2J\" = 1\n", `"\x1b[2J" is not a key that policies have`},
		{"too long", file + strings.Repeat("#", MaxBytes), "it has more than 16384 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Parse([]byte(c.text))
			if err == nil || !errors.Is(err, ErrInvalid) || !reflect.DeepEqual(p, Policy{}) {
				t.Fatalf("%+v, error %v", p, err)
			}
			if want := "not a valid policy: " + c.want; err.Error() != want {
				t.Errorf("got  %s\nwant %s", err, want)
			}
		})
	}
}

// FuzzParse: whatever a file says, it is refused, or it is a policy that can be
// carried out and that says what it is.
func FuzzParse(f *testing.F) {
	f.Add(file)
	f.Add("id = 'ab'\ntitle = 'x'\npasses = ['keyed', 'complement']\n")
	f.Add("id = 'ab'\ntitle = 'x'\npasses = [[['keyed']]]\nread-back = '99%'\n")
	f.Add("id.x.y = [{a = 1979-05-27}]\n")
	f.Add("id = 'ab'\ntitle = '\u202e'\npasses = ['ff']\nread-back = '+7 %'\nformat = false\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse([]byte(text))
		if err != nil {
			if !errors.Is(err, ErrInvalid) || !reflect.DeepEqual(p, Policy{}) {
				t.Errorf("%+v, error %v", p, err)
			}
			return
		}
		if err := p.Check(); err != nil || !p.Own || p.Sampled() && p.Reformat || len(p.Passes) == 0 {
			t.Errorf("%+v, %v", p, err)
		}
		for _, pattern := range p.Passes {
			if pattern.Words() == "" {
				t.Errorf("%+v", p)
			}
		}
	})
}
