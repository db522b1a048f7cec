package cli

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/panoscrub/panoscrub/internal/human"
	"github.com/panoscrub/panoscrub/internal/rules"
	"github.com/panoscrub/panoscrub/internal/session"
)

const rulesUsage = "file of rules of your own, to look for as well (\"panoscrub rules --help\" shows one)"

// maxRulesBytes bounds a file of rules, so that a wrong name, of an image say,
// does not fill the memory.
const maxRulesBytes = 1 << 20

// ruleset is the built-in rules and those of the operator's file, if one is
// named, and the text of that. A file that cannot be used is a mistake on the
// command line, found before any target is opened.
func ruleset(path string) (set *rules.Set, own []byte, err error) {
	if path != "" {
		own, err = readRules(path)
	}
	if err == nil {
		set, err = session.Rules(own)
	}
	if err != nil {
		return nil, nil, usageError{fmt.Errorf("--rules %s: %w", human.Safe(path), err)}
	}
	return set, own, nil
}

func readRules(path string) ([]byte, error) {
	text, err := readLimited(path, maxRulesBytes)
	if named := (*fs.PathError)(nil); errors.As(err, &named) {
		return nil, named.Err // the caller names the file
	}
	if err == nil && len(text) > maxRulesBytes {
		err = fmt.Errorf("%w: it has more than %s", rules.ErrInvalid, human.Bytes(maxRulesBytes))
	}
	if err == nil && len(text) == 0 {
		err = fmt.Errorf("%w: it is empty", rules.ErrInvalid)
	}
	return text, err
}
