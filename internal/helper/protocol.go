// Package helper lets a run reach a drive without running all of the program as
// root: a second process of it, started through pkexec or sudo, works at the
// drive, and the first one keeps the keys, asks the person, and keeps the records.
//
// They speak lines of JSON over the helper's standard input and output. The helper
// can do three things, of which it does one: inspect a target, compare it with a
// record, and carry out one request on it.
// It believes nothing that it is told: it asks the guards by itself, opens nothing
// but the target, takes no other path, and gives its rights up once that is open.
// When its input ends, so does its work.
package helper

import (
	"encoding/json"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/scan"
	"github.com/panoscrub/panoscrub/internal/session"
)

// Protocol names the version of what is spoken. Both sides are the same program;
// one that was replaced while it ran must not talk to its successor.
const Protocol = "panoscrub/helper/v2"

// Lines are bounded: orders hold a file of rules or a record's statement at most,
// and news a report.
const (
	maxOrder = 8 << 20
	maxNews  = 256 << 20
)

// order is a line to the helper; one of its parts is set.
type order struct {
	Inspect  *inspectOrder  `json:"inspect,omitempty"`
	Audit    *auditOrder    `json:"audit,omitempty"`
	Sanitize *sanitizeOrder `json:"sanitize,omitempty"`
	Answer   *answer        `json:"answer,omitempty"`
	Cancel   *cancelOrder   `json:"cancel,omitempty"`
}

// inspectOrder asks for [session.Worker.Inspect], and is the first line.
type inspectOrder struct {
	Protocol string       `json:"protocol"`
	Look     session.Look `json:"look"`
}

// auditOrder asks for [session.Worker.Audit], and is the first line.
type auditOrder struct {
	Protocol  string           `json:"protocol"`
	Look      session.Look     `json:"look"`
	Statement attest.Statement `json:"statement"`
}

// sanitizeOrder asks for [session.Worker.Sanitize], and is the first line.
type sanitizeOrder struct {
	Protocol string          `json:"protocol"`
	Request  session.Request `json:"request"`
}

// answer is what came of a question or a note.
type answer struct {
	ID    int      `json:"id"`
	How   string   `json:"how,omitempty"` // the operator agreed
	Error *failure `json:"error,omitempty"`
}

// cancelOrder ends the work in order.
type cancelOrder struct {
	Cause string `json:"cause"`
}

// news is a line from the helper; one of its parts is set. The first is the
// protocol, the last is the end.
type news struct {
	Protocol string         `json:"protocol,omitempty"`
	Event    *session.Event `json:"event,omitempty"`
	Confirm  *question      `json:"confirm,omitempty"`
	Note     *note          `json:"note,omitempty"`
	End      *end           `json:"end,omitempty"`
}

// question is [session.Desk.Confirm].
type question struct {
	ID    int         `json:"id"`
	Drive drive.Drive `json:"drive"`
	Plan  plan.Plan   `json:"plan"`
}

// note is [session.Desk.Note].
type note struct {
	ID   int             `json:"id"`
	Kind string          `json:"kind"`
	Data json.RawMessage `json:"data"`
}

// end is what the work returned.
type end struct {
	Drive    *drive.Drive     `json:"drive,omitempty"`    // of an inspection
	Report   *scan.Report     `json:"report,omitempty"`   // of an inspection
	Problems []attest.Problem `json:"problems,omitempty"` // of an audit; none is good news
	Error    *failure         `json:"error,omitempty"`
}
