package policy

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestBuiltin(t *testing.T) {
	for _, want := range Builtin() {
		got, err := ByID(want.ID)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("ByID(%q) is %+v, %v", want.ID, got, err)
		}
		if err := want.Check(); err != nil {
			t.Error(err)
		}
		// But for its ID, each would do as an operator's own.
		own := want
		own.ID, own.Own = "own", true
		if err := own.Check(); err != nil {
			t.Error(err)
		}
		if want.Sampled() || !want.Reformat {
			t.Errorf("%s: %+v", want.ID, want)
		}
	}
	if first := IDs()[0]; first != Default {
		t.Errorf("the first policy is %q, the default %q", first, Default)
	}
}

// TestPasses pins what the built-in policies write.
func TestPasses(t *testing.T) {
	for id, want := range map[string]string{
		"r2":           "aes-256-ctr-tagged",
		"r1":           "aes-256-ctr-tagged aes-256-ctr-tagged-complement",
		"zero":         "fixed-00",
		"random":       "aes-256-ctr-tagged",
		"dod-3":        "fixed-00 fixed-ff aes-256-ctr-tagged",
		"is5-enhanced": "fixed-00 fixed-ff aes-256-ctr-tagged",
		"vsitr":        "fixed-00 fixed-ff fixed-00 fixed-ff fixed-00 fixed-ff fixed-aa",
	} {
		p, err := ByID(id)
		var names []string
		for _, pattern := range p.Passes {
			names = append(names, string(pattern))
		}
		if got := strings.Join(names, " "); err != nil || got != want {
			t.Errorf("%s writes %s, %v, want %s", id, got, err, want)
		}
	}
}

func TestUnknownID(t *testing.T) {
	_, err := ByID("dod\x1b[2J")
	var unknown *UnknownError
	if !errors.As(err, &unknown) {
		t.Fatalf("error is %v", err)
	}
	if want := `there is no policy "dod\x1b[2J"; known: r2, r1, zero, random, dod-3, is5-enhanced, vsitr`; err.Error() != want {
		t.Errorf("error reads %s, want %s", err, want)
	}
}

func own(passes ...Pattern) Policy {
	return Policy{Schema: Schema, ID: "site", Title: "our site's", Own: true, Passes: passes, ReadBackPercent: 100, Reformat: true}
}

// TestCheck: what comes from a file, a pipe or a journal is a policy, or is
// refused.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Policy)
		want   string
	}{
		{"nothing", func(*Policy) {}, ""},
		{"a built-in policy that reads less", func(p *Policy) { *p = Builtin()[0]; p.ReadBackPercent = 1 }, "it is not as it is built in"},
		{"a built-in policy that writes else", func(p *Policy) { *p = Builtin()[0]; p.Passes = []Pattern{Fixed(0)} }, "it is not as it is built in"},
		{"built in, and unknown", func(p *Policy) { p.Own = false }, "it is not as it is built in"},
		{"the zero value", func(p *Policy) { *p = Policy{} }, "it is not as it is built in"},
		{"the ID of a built-in one", func(p *Policy) { p.ID = "r2" }, "this is the ID of a built-in policy"},
		{"another schema", func(p *Policy) { p.Schema = "panoscrub/policy/v9" }, "its schema is"},
		{"a blank ID", func(p *Policy) { p.ID = "" }, "id must be"},
		{"an ID that is a path", func(p *Policy) { p.ID = "../site" }, "id must be"},
		{"a blank title", func(p *Policy) { p.Title = " " }, "title is missing"},
		{"a long title", func(p *Policy) { p.Title = strings.Repeat("x", 101) }, "title must be"},
		{"a title that a terminal obeys", func(p *Policy) { p.Title = "x\x1b[2J" }, "title must be"},
		{"a title that is read backwards", func(p *Policy) { p.Title = "x\u202ey" }, "title must be"},
		{"a title that is not UTF-8", func(p *Policy) { p.Title = "x\xff" }, "title must be"},
		{"the longest title", func(p *Policy) { p.Title = strings.Repeat("é", 100) }, ""},
		{"no passes", func(p *Policy) { p.Passes = nil }, "it has 0 passes"},
		{"as many passes as can be", func(p *Policy) { p.Passes = slices.Repeat(p.Passes, 35) }, ""},
		{"one more", func(p *Policy) { p.Passes = slices.Repeat(p.Passes, 36) }, "it has 36 passes"},
		{"an unknown pattern", func(p *Policy) { p.Passes = append(p.Passes, "gutmann") }, `pass 2 has the unknown pattern "gutmann"`},
		{"a pattern without bytes", func(p *Policy) { p.Passes = []Pattern{"fixed-"} }, "unknown pattern"},
		{"a pattern by another name", func(p *Policy) { p.Passes = []Pattern{"fixed-FF"} }, "unknown pattern"},
		{"a complement of nothing", func(p *Policy) { p.Passes = []Pattern{Complement} }, "pass 1 is a complement"},
		{"a complement of bytes", func(p *Policy) { p.Passes = []Pattern{Fixed(0), Complement} }, "pass 2 is a complement"},
		{"a complement of a complement", func(p *Policy) { p.Passes = []Pattern{Keyed, Complement, Complement} }, "pass 3 is a complement"},
		{"a complement", func(p *Policy) { p.Passes = []Pattern{Fixed(1), Keyed, Complement} }, ""},
		{"no read-back", func(p *Policy) { p.ReadBackPercent, p.Reformat = 0, false }, "0 % of a drive"},
		{"more than all", func(p *Policy) { p.ReadBackPercent = 101 }, "101 % of a drive"},
		{"a share, formatted", func(p *Policy) { p.ReadBackPercent = 99 }, "format = false"},
		{"a share", func(p *Policy) { p.ReadBackPercent, p.Reformat = 99, false }, ""},
	} {
		p := own(Keyed)
		c.change(&p)
		err := p.Check()
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// TestDigest: any change of a policy gives it another digest.
func TestDigest(t *testing.T) {
	seen := map[string]bool{}
	for _, change := range []func(*Policy){
		func(*Policy) {},
		func(p *Policy) { p.Schema += "x" },
		func(p *Policy) { p.ID += "x" },
		func(p *Policy) { p.Title += "x" },
		func(p *Policy) { p.Own = false },
		func(p *Policy) { p.Passes = append(p.Passes, Keyed) },
		func(p *Policy) { p.ReadBackPercent-- },
		func(p *Policy) { p.Reformat = false },
	} {
		p := own(Keyed)
		change(&p)
		if d := p.Digest(); seen[d] || len(d) != 64 {
			t.Errorf("%+v has the digest %s, as another", p, d)
		}
		seen[p.Digest()] = true
	}
	if fields := reflect.TypeFor[Policy]().NumField(); fields != len(seen)-1 {
		t.Errorf("%d fields, and %d of them were changed", fields, len(seen)-1)
	}
}

func TestPatterns(t *testing.T) {
	if got, ok := Fixed(0x92, 0x49, 0x24).Repeated(); !ok || string(got) != "\x92\x49\x24" {
		t.Errorf("% x, %v", got, ok)
	}
	for _, p := range []Pattern{"", "fixed-", "fixed-0", "fixed-0g", "fixed-FF", "fixed- 00", "00", Keyed, Complement, Fixed(make([]byte, 17)...)} {
		if got, ok := p.Repeated(); ok || got != nil {
			t.Errorf("%q repeats % x", p, got)
		}
	}
	for p, want := range map[Pattern]string{
		Keyed: "made for this run", Complement: "complement", Fixed(0): "with 00", Fixed(0x92, 0x49, 0x24): "with 92 49 24",
		Fixed(make([]byte, 16)...): "with 00 00", "gutmann": "", "": "",
	} {
		if got := p.Words(); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%q: %q", p, got)
		}
		if p.TellsPlaces() != strings.HasPrefix(string(p), "aes") {
			t.Errorf("%q tells places: %v", p, p.TellsPlaces())
		}
	}
}
