package attest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxBytes bounds the documents that are read: as much as an envelope can hold.
const MaxBytes = 4 << 20

// unmarshal is json.Unmarshal for documents in which two readers must not see two
// things: of one JSON value in UTF-8, with no field twice, and with every field
// that v knows spelled exactly so. encoding/json alone takes the last of two
// fields, and takes "VERDICT" for "verdict".
func unmarshal(data []byte, v any) error {
	switch {
	case len(data) > MaxBytes:
		return fmt.Errorf("larger than %d bytes", MaxBytes)
	case !utf8.Valid(data) || !json.Valid(data):
		return errors.New("not one JSON document in UTF-8")
	}
	known := map[string]string{}
	fieldNames(reflect.TypeOf(v), known)
	if err := checkNames(json.NewDecoder(bytes.NewReader(data)), known); err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// checkNames walks a document that is known to be valid JSON. The decoder bounds
// how deep objects may nest.
func checkNames(dec *json.Decoder, known map[string]string) error {
	type scope map[string]bool // the folded names seen in an object; nil in an array
	var open []scope
	name := false // a name comes next, if anything does
	for {
		token, err := dec.Token()
		if err != nil {
			return nil // the end: the document is valid
		}
		switch token {
		case json.Delim('{'):
			open, name = append(open, scope{}), true
			continue
		case json.Delim('['):
			open, name = append(open, nil), false
			continue
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		default:
			if name {
				if err := checkName(token.(string), open[len(open)-1], known); err != nil {
					return err
				}
				name = false
				continue
			}
		}
		name = len(open) > 0 && open[len(open)-1] != nil
	}
}

func checkName(name string, seen map[string]bool, known map[string]string) error {
	folded := fold(name)
	if exact, ok := known[folded]; ok && exact != name {
		return fmt.Errorf("the field %q is spelled %.80q", exact, name)
	}
	if seen[folded] {
		return fmt.Errorf("the field %.80q is there twice", name)
	}
	seen[folded] = true
	return nil
}

// fieldNames collects the names that a type has in JSON, at any depth, by their
// folded form.
func fieldNames(t reflect.Type, into map[string]string) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		fieldNames(t.Elem(), into)
	case reflect.Struct:
		for f := range t.Fields() {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
				into[fold(name)] = name
			}
			if f.IsExported() {
				fieldNames(f.Type, into)
			}
		}
	}
}

// fold maps all spellings of a name that encoding/json takes for one to the same
// text.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, name)
}
