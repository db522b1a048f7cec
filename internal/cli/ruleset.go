package cli

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/panoscrub/panoscrub/internal/human"
	"github.com/panoscrub/panoscrub/internal/rules"
)

const rulesUsage = "file of rules of your own, to look for as well (\"panoscrub rules --help\" shows one)"

// maxRulesBytes bounds a file of rules, so that a wrong name, of an image say,
// does not fill the memory.
const maxRulesBytes = 1 << 20

// ruleset is the built-in rules and those of the operator's file, if one is
// named. A file that cannot be used is a mistake on the command line, found
// before any target is opened.
func ruleset(path string) (*rules.Set, error) {
	if path == "" {
		return rules.Builtin(), nil
	}
	set, err := readRules(path)
	if err != nil {
		return nil, usageError{fmt.Errorf("--rules %s: %w", human.Safe(path), err)}
	}
	return set, nil
}

func readRules(path string) (*rules.Set, error) {
	text, err := readLimited(path, maxRulesBytes)
	if named := (*fs.PathError)(nil); errors.As(err, &named) {
		return nil, named.Err // the caller names the file
	}
	if err != nil {
		return nil, err
	}
	if len(text) > maxRulesBytes {
		return nil, fmt.Errorf("%w: it has more than %s", rules.ErrInvalid, human.Bytes(maxRulesBytes))
	}
	own, err := rules.Parse(text)
	if err != nil {
		return nil, err
	}
	return rules.With(own)
}
