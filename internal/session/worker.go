package session

import (
	"context"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/evidence"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/release"
	"github.com/panoscrub/panoscrub/internal/scan"
)

// Look is what there is to look at.
type Look struct {
	Target string `json:"target"`
	// Agreed are the steps to which the operator agreed, to get the target free
	// where it is in use. Those that need nobody's word are taken anyway.
	Agreed []release.Step `json:"agreed,omitempty"`
	// OwnRules are rules to look for besides the built-in ones, as package rules
	// reads them; empty for none.
	OwnRules []byte `json:"ownRules,omitempty"`
}

// Request is what the operator asked for.
type Request struct {
	Look
	Policy policy.Policy   `json:"policy"`
	Label  string          `json:"label"` // as volume.CheckLabel returns it
	Stated evidence.Stated `json:"stated"`
	Resume *Resume         `json:"resume,omitempty"` // nil to begin anew
}

// Worker does what is done at a drive. It may be in another process, which has
// rights that this one has not.
type Worker interface {
	// Inspect looks at what is on a target, and writes nothing. It emits the
	// events of the stage [Inspect].
	Inspect(ctx context.Context, look Look, emit func(Event)) (drive.Drive, scan.Report, error)
	// Audit compares a target with a record, and writes nothing. It emits the
	// events of the stage [ReadBack]. The error is about not being able to look.
	Audit(ctx context.Context, look Look, s attest.Statement, emit func(Event)) ([]attest.Problem, error)
	// Sanitize carries out a request. An error before the desk has noted
	// [evidence.EntryBegun] means that the target was not touched. One after it
	// means that the worker was lost; all else that happens is noted.
	Sanitize(ctx context.Context, req Request, desk Desk) error
}

// Desk is the side of a run where the operator sits and the records are kept. Its
// methods are safe for concurrent use.
type Desk interface {
	// Emit tells an event. Progress may be dropped under way; nothing else may.
	Emit(Event)
	// Confirm has the plan agreed to, and returns how.
	Confirm(ctx context.Context, d drive.Drive, p plan.Plan) (how string, err error)
	// Note makes an entry of evidence durable. The first is [evidence.EntryBegun]:
	// until it has returned without error, nothing is written to the target.
	Note(kind string, v any) error
}
