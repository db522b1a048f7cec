package attest

import (
	"errors"
	"fmt"
	"time"
)

// The ways in which bytes can fail to be a statement that this package reads.
var (
	ErrStatement     = errors.New("not an in-toto statement")
	ErrPredicateType = errors.New("a statement about something else")
)

// ParseStatement reads a statement: bytes whose signature was verified. Unknown
// fields are ignored, known ones must be there once and spelled exactly. The
// error wraps [ErrStatement], or [ErrPredicateType] for a statement of another
// kind.
//
// A statement that parses has its two subjects. Whether it is right is for
// [Statement.Validate] to say.
func ParseStatement(data []byte) (Statement, error) {
	var s Statement
	if err := unmarshal(data, &struct {
		Type          *string `json:"_type"`
		PredicateType *string `json:"predicateType"`
	}{&s.Type, &s.PredicateType}); err != nil {
		return Statement{}, fmt.Errorf("%w: %w", ErrStatement, err)
	}
	if s.Type != StatementType {
		return Statement{}, fmt.Errorf("%w: its type is %.80q, not %q", ErrStatement, s.Type, StatementType)
	}
	if s.PredicateType != PredicateType {
		return Statement{}, fmt.Errorf("%w: its predicate is %.80q, not %q", ErrPredicateType, s.PredicateType, PredicateType)
	}
	if err := unmarshal(data, &s); err != nil {
		return Statement{}, fmt.Errorf("%w: %w", ErrStatement, err)
	}
	if len(s.Subject) != 2 {
		return Statement{}, fmt.Errorf("%w: it has %d subjects, not a drive and an appliance", ErrStatement, len(s.Subject))
	}
	for _, t := range []time.Time{s.Predicate.Times.Started, s.Predicate.Times.Ended} {
		if _, offset := t.Zone(); offset != 0 {
			return Statement{}, fmt.Errorf("%w: the time %s is not in UTC", ErrStatement, t.Format(time.RFC3339))
		}
	}
	return s, nil
}
