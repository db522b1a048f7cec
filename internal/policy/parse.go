package policy

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// MaxBytes bounds a policy's file.
const MaxBytes = 16 << 10

// Parse reads an operator's own policy, which is written in TOML:
//
//	id        = "site-twice"              # lower case, digits and dashes
//	title     = "what our site asks for"  # for the plan and for lists
//	passes    = ["00", "keyed"]           # up to 35, over the whole drive each
//	read-back = "all"                     # or a share, such as "10 %"
//	format    = true                      # or false: leave no file system on it
//
// A pass is "keyed", which is [Keyed]; "complement", which is [Complement] and
// follows a keyed one; or up to 16 bytes in hex that are repeated, as [Fixed] has
// it, such as "FF" or "92 49 24".
//
// The last two keys may be left out; all is then read back, and a file system is
// made. With a share of the bytes read back no run can come to a PASS, and no file
// system is made: format must be false.
//
// Errors wrap [ErrInvalid].
func Parse(text []byte) (Policy, error) {
	if len(text) > MaxBytes {
		return Policy{}, fmt.Errorf("%w: it has more than %d bytes", ErrInvalid, MaxBytes)
	}
	p := Policy{Schema: Schema, Own: true, ReadBackPercent: 100, Reformat: true}
	if err := p.fill(text); err != nil {
		return Policy{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if err := p.Check(); err != nil {
		return Policy{}, err
	}
	return p, nil
}

// fill takes a file's keys in.
func (p *Policy) fill(text []byte) error {
	doc := map[string]any{}
	if err := toml.Unmarshal(text, &doc); err != nil {
		if at := (toml.ParseError{}); errors.As(err, &at) {
			err = fmt.Errorf("line %d: %s", at.Position.Line, at.Message)
		}
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(doc)) {
		set := p.keys()[key]
		if set == nil {
			return fmt.Errorf("%.60q is not a key that policies have", key)
		}
		if err := set(doc[key]); err != nil {
			return fmt.Errorf("%s %w", key, err)
		}
	}
	return nil
}

// keys says where the value of each key goes.
func (p *Policy) keys() map[string]func(any) error {
	return map[string]func(any) error{
		"id":        into(&p.ID, `must be a string, in "" or ''`),
		"title":     into(&p.Title, `must be a string, in "" or ''`),
		"format":    into(&p.Reformat, "must be true or false"),
		"passes":    p.setPasses,
		"read-back": p.setReadBack,
	}
}

// into sets a value of the right type, and says what is right of another.
func into[T any](to *T, must string) func(any) error {
	return func(value any) error {
		v, ok := value.(T)
		if !ok {
			return errors.New(must)
		}
		*to = v
		return nil
	}
}

func (p *Policy) setPasses(value any) error {
	list, ok := value.([]any)
	for i, v := range list {
		text, isText := v.(string)
		if !isText {
			ok = false
			break
		}
		pattern, err := passOf(text)
		if err != nil {
			return fmt.Errorf("%d: %w", i+1, err)
		}
		p.Passes = append(p.Passes, pattern)
	}
	if !ok {
		return errors.New("must be a list of strings, in []")
	}
	return nil
}

// passOf reads one pass.
func passOf(text string) (Pattern, error) {
	switch text {
	case "keyed":
		return Keyed, nil
	case "complement":
		return Complement, nil
	}
	repeated, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil || len(repeated) < 1 || len(repeated) > maxFixedBytes {
		return "", fmt.Errorf("%.60q is none of keyed, complement, and 1 to %d bytes in hex", text, maxFixedBytes)
	}
	return Fixed(repeated...), nil
}

var shareForm = regexp.MustCompile(`^([1-9][0-9]?) ?%$`)

func (p *Policy) setReadBack(value any) error {
	text, _ := value.(string)
	if text == "all" {
		p.ReadBackPercent = 100
		return nil
	}
	share := shareForm.FindStringSubmatch(text)
	if share == nil {
		return errors.New(`must be "all", or a share from "1 %" to "99 %"`)
	}
	percent, err := strconv.Atoi(share[1])
	p.ReadBackPercent = percent
	return err
}
