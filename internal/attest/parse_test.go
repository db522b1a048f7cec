package attest

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func golden(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestParseRefusals(t *testing.T) {
	good := string(golden(t, "pass"))
	replace := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%s is not in the golden record", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	messages := map[string]string{}
	for _, c := range []struct {
		name, doc string
		want      error
	}{
		{"empty", "", ErrStatement},
		{"cut off", good[:len(good)/2], ErrStatement},
		{"two documents", good + good, ErrStatement},
		{"not UTF-8", replace("Ada Example", "Ada \xff"), ErrStatement},
		{"too large", good + strings.Repeat(" ", MaxBytes), ErrStatement},
		{"null", "null", ErrStatement},
		{"an array", "[]", ErrStatement},
		{"another statement", replace(StatementType, "https://in-toto.io/Statement/v0.1"), ErrStatement},
		{"a type in capitals", replace(`"_type"`, `"_TYPE"`), ErrStatement},
		{"another predicate", replace(PredicateType, "https://slsa.dev/provenance/v1"), ErrPredicateType},
		{"one subject", replace(`{
      "name": "SanDisk`, `{
      "name": "SanDisk"}],"else":[{
      "name": "SanDisk`), ErrStatement},
		{"the verdict twice", replace(`"verdict": "PASS"`, `"verdict": "FAIL", "verdict": "PASS"`), ErrStatement},
		{"the verdict twice, once in capitals", replace(`"verdict": "PASS"`, `"verdict": "PASS", "Verdict": "FAIL"`), ErrStatement},
		{"the verdict in capitals", replace(`"verdict": "PASS"`, `"VERDICT": "PASS"`), ErrStatement},
		{"the Kelvin sign for a k", replace(`"kernel"`, `"`+"\u212a"+`ernel"`), ErrStatement},
		{"an unknown field twice", replace(`"verdict": "PASS"`, `"x": 1, "X": 2, "verdict": "PASS"`), ErrStatement},
		{"a float", replace(`"omitted": 0`, `"omitted": 0.0`), ErrStatement},
		{"a number as text", replace(`"omitted": 0`, `"omitted": "0"`), ErrStatement},
		{"beyond 64 bits", replace(`"omitted": 0`, `"omitted": 9223372036854775808`), ErrStatement},
		{"a time in another zone", replace(`"2026-11-24T09:30:15.25Z"`, `"2026-11-24T10:30:15.25+01:00"`), ErrStatement},
		{"not a time", replace(`"2026-11-24T09:30:15.25Z"`, `"yesterday"`), ErrStatement},
	} {
		s, err := ParseStatement([]byte(c.doc))
		if !errors.Is(err, c.want) || len(s.Subject) > 0 {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
			continue
		}
		messages[err.Error()] += c.name + "; "
	}
	if len(messages) < 15 {
		t.Errorf("the messages do not tell the cases apart: %q", messages)
	}
}

// TestParseIgnoresUnknownFields: what a later version adds does not keep an
// earlier one from reading.
func TestParseIgnoresUnknownFields(t *testing.T) {
	doc := bytes.Replace(golden(t, "pass"), []byte(`"verdict": "PASS"`), []byte(`"sequence": 7, "checklist": {"answers": [{"x": 1.5}, {"x": null}]}, "verdict": "PASS"`), 1)
	s, err := ParseStatement(doc)
	if err != nil || len(s.Validate()) > 0 {
		t.Errorf("%v, %v", err, s.Validate())
	}
}

// TestNewerVersion: a statement of a version that is not known has one problem,
// which says so, whatever else it holds.
func TestNewerVersion(t *testing.T) {
	s := goldenPass()
	s.Predicate.Version++
	s.Predicate.Verdict = "MAYBE"
	if p := s.Validate(); len(p) != 1 || p[0].Code != CodeNewerVersion {
		t.Errorf("%v", p)
	}
}

// TestTimes: times of one process are apart by what really passed, and always
// written in UTC.
func TestTimes(t *testing.T) {
	start := time.Now()
	times := NewTimes(start, start.Add(time.Minute))
	if d := times.Ended.Sub(times.Started); d != time.Minute || times.Started.Location() != time.UTC {
		t.Errorf("%v apart, in %v", d, times.Started.Location())
	}
	east := time.Date(2026, 11, 24, 10, 0, 0, 0, time.FixedZone("", 3600))
	if got := string(encoded(t, Times{Started: east, Ended: east})); strings.Count(got, "2026-11-24T09:00:00Z") != 2 {
		t.Errorf("%s", got)
	}
}

// FuzzStatement looks for bytes that make a statement panic, or valid as a PASS
// that its own numbers do not carry.
func FuzzStatement(f *testing.F) {
	for name := range goldens() {
		f.Add(golden(f, name))
	}
	f.Add([]byte(`{"_type":"` + StatementType + `","predicateType":"` + PredicateType + `","subject":[{},{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseStatement(data)
		if err != nil {
			return
		}
		CheckDriveDocument(s, data)
		if len(s.Validate()) > 0 {
			return
		}
		r := s.Predicate
		if r.Verdict != Pass {
			if len(r.Reasons) == 0 || len(r.Claims) > 0 {
				t.Errorf("a valid %s without reasons, or with claims", r.Verdict)
			}
			return
		}
		size := r.Drive.SizeBytes
		for _, o := range r.Passes {
			if o.Bytes != size || !o.Synced {
				t.Errorf("a valid PASS with the pass %+v", o)
			}
		}
		if v := r.Verification; len(r.Passes) == 0 || v == nil || v.BytesMatched != size || v.Method != MethodFull || len(v.Mismatches) > 0 {
			t.Error("a valid PASS that was not read back")
		}
	})
}
