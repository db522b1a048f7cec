package attest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// leaf is one value in a JSON document, and how to put another in its place.
type leaf struct {
	path  string
	value any
	set   func(any)
	drop  func()
}

// leaves lists every value of a document, objects and lists included.
func leaves(path string, v any, out *[]leaf) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			*out = append(*out, leaf{path + "." + k, v[k], func(x any) { v[k] = x }, func() { delete(v, k) }})
			leaves(path+"."+k, v[k], out)
		}
	case []any:
		for i := range v {
			*out = append(*out, leaf{fmt.Sprintf("%s[%d]", path, i), v[i], func(x any) { v[i] = x }, nil})
			leaves(fmt.Sprintf("%s[%d]", path, i), v[i], out)
		}
	}
}

func decodeNumbers(t *testing.T, data []byte) (v any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// free are the fields of a PASS that nothing else in it can contradict: what a
// person said, how the drive was attached, where a finding was, how long things
// took, which computer and which source it was, text for people, and lists that
// are empty and may as well be absent. Only the signature protects them. A field
// that is not here must be noticed when it is changed, and when it is missing.
var free = []string{
	`subject\[0\]\.name`,
	`predicate\.reasons`,
	`predicate\.drive\.(assetTag|confirmation)`,
	`predicate\.drive\.attachment(\.\w+)?`,
	`predicate\.appliance\.deviceName`,
	`predicate\.plan\.text`,
	`predicate\.prescan\.ruleset`,
	`predicate\.p(re|ost)scan\.coverage(\.bytesRead|\.unreadable(\.extents)?)`,
	`predicate\.prescan\.findings\[\d\]\.(rule|state|path|member|offsetBytes|lengthBytes|hint)`,
	`predicate\.prescan\.findings\[2\]\.(class|severity)`, // a sample, which counts apart from these
	`predicate\.p(re|ost)scan\.counts\.by(Class|Severity)\.\w+`,
	`predicate\.postscan\.(findings|counts(\.by(Class|Severity))?)`,
	`predicate\.passes\[0\]\.(durationMs|failed|failed\.extents)`,
	`predicate\.verification\.(durationMs|mismatches|unreadable|unreadable\.extents)`,
	`predicate\.format\.(label|startBytes|sizeBytes|clusterBytes)`,
	`predicate\.validation\.reason`,
	`predicate\.persons(\.operator(\.name)?)?`,
	`predicate\.workOrder`,
	`predicate\.tool\.(name|version|commit|goVersion|os|arch)`,
	`predicate\.host(\.\w+)?`,
}

// mutated tries one document, and reports a problem unless it is refused, says
// the same as the golden record, or differs in a free field only.
func mutated(t *testing.T, used []bool, path string, doc any, how string) {
	t.Helper()
	if refused, same := judged(t, doc); refused || same {
		return
	}
	i := slices.IndexFunc(free, func(field string) bool {
		matched, err := regexp.MatchString(`^\.`+field+`$`, path)
		return err == nil && matched
	})
	if i < 0 {
		t.Errorf("valid with %s %s", path, how)
		return
	}
	used[i] = true
}

// judged parses and validates a document, and reports whether it is refused, or
// says exactly the same as the golden record.
func judged(t *testing.T, doc any) (refused, same bool) {
	t.Helper()
	s, err := ParseStatement(encoded(t, doc))
	if err != nil {
		return true, false
	}
	return len(s.Validate()) > 0, reflect.DeepEqual(s, goldenPass())
}

// TestEveryField removes each field of the golden PASS in turn, and gives each
// value another one.
func TestEveryField(t *testing.T) {
	var values []leaf
	leaves("", decodeNumbers(t, golden(t, "pass")), &values)
	used := make([]bool, len(free))
	tried := 0
	fresh := func(i int) (any, leaf) {
		doc := decodeNumbers(t, golden(t, "pass"))
		var again []leaf
		leaves("", doc, &again)
		tried++
		return doc, again[i]
	}
	for i, value := range values {
		if value.drop != nil {
			doc, at := fresh(i)
			at.drop()
			mutated(t, used, value.path, doc, "left out")
		}
		for _, other := range others(value.value) {
			doc, at := fresh(i)
			at.set(other)
			mutated(t, used, value.path, doc, fmt.Sprintf("= %v instead of %v", other, value.value))
		}
	}
	if tried < 500 {
		t.Errorf("only %d changes were tried", tried)
	}
	for i, ok := range used {
		if !ok {
			t.Errorf("%s is listed as free, and is not", free[i])
		}
	}
}

// others are values to put in a value's place.
func others(v any) []any {
	switch v := v.(type) {
	case bool:
		return []any{!v, nil}
	case json.Number:
		n, _ := v.Int64()
		return []any{n + 1, n - 1, -n - 1, int64(1<<63 - 1), nil}
	case string:
		return []any{v + "x", strings.ToUpper(v) + ".", "", nil}
	case []any:
		return []any{append(slices.Clone(v), v...), []any{}, nil}
	}
	return []any{nil}
}
