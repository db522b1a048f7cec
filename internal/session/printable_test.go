package session_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"testing"
	"unicode"

	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/session"
	"github.com/panoscrub/panoscrub/internal/session/sessiontest"
)

// TestPrintableRecord: whoever looks at what a record holds gets no control
// characters and no marks of direction, and the words are those that were said.
func TestPrintableRecord(t *testing.T) {
	const operator = "A\u202eda\u009b2J\u2066"
	s := sessiontest.NewStation(t, blocktest.Faults{})
	s.Request.Stated.Operator = operator
	result, err := session.Sanitize(t.Context(), s.Options)
	if err != nil {
		t.Fatal(err)
	}
	var envelope struct{ Payload string }
	record, err := os.ReadFile(result.Record)
	if err != nil || json.Unmarshal(record, &envelope) != nil {
		t.Fatalf("%v: %s", err, record)
	}
	payload, err := base64.StdEncoding.DecodeString(envelope.Payload)
	if err != nil {
		t.Fatal(err)
	}
	if i := bytes.IndexFunc(payload, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("%q stands in the record", payload[i:min(i+8, len(payload))])
	}
	if got := s.Statement(result.Record).Predicate.Persons.Operator.Name; got != operator {
		t.Errorf("the operator became %q", got)
	}
}
