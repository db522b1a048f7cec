// Package sessiontest holds what tests of runs share: a station with a stick that
// lies and fails as it is told, and the suite that each way of working at a drive
// must pass.
package sessiontest

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/durable"
	"github.com/panoscrub/panoscrub/internal/envelope"
	"github.com/panoscrub/panoscrub/internal/evidence"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/session"
)

const (
	mib = 1 << 20

	// StickSize is the bytes of a station's stick.
	StickSize = 40 * mib

	appliance = "device-abcdefghijklmnopqrstuvwxya"
)

// Station is a state folder, a key, and a stick that the test holds in its hand:
// it is found as an image of the right size, and opened as a fake.
type Station struct {
	T      testing.TB
	Folder string // for the state
	Key    *envelope.Key
	Stick  *blocktest.Fake
	Local  *session.Local
	session.Options
}

// NewStation returns a station at which an honest run comes to PASS.
func NewStation(t testing.TB, faults blocktest.Faults) *Station {
	t.Helper()
	state, err := durable.Dir(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := envelope.Generate(envelope.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	image := filepath.Join(t.TempDir(), "stick.img")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, StickSize); err != nil {
		t.Fatal(err)
	}
	r2, err := policy.ByID(policy.Default)
	if err != nil {
		t.Fatal(err)
	}
	s := &Station{T: t, Folder: state, Key: key, Stick: blocktest.NewFake(StickSize, 512, faults)}
	s.Local = &session.Local{
		System: drive.Host(), Access: attest.AccessDirect, Now: time.Now,
		Tool: attest.Tool{Name: "panoscrub", Version: "test", GoVersion: "go1.26", OS: "linux", Arch: "amd64"},
		Open: func(context.Context, drive.Drive, block.Mode) (block.Device, error) { return s.Stick, nil },
	}
	s.Options = session.Options{
		Worker: s.Local, State: state, Signer: key, Now: time.Now, Emit: func(session.Event) {},
		Request: session.Request{Look: session.Look{Target: image}, Policy: r2, Label: "PANORAMA", Stated: evidence.Stated{ApplianceID: appliance}},
		Confirm: func(context.Context, drive.Drive, plan.Plan) (string, error) { return "--yes", nil },
	}
	return s
}

// Statement verifies a record and returns what it says.
func (s *Station) Statement(path string) attest.Statement {
	s.T.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		s.T.Fatal(err)
	}
	env, err := envelope.Parse(data)
	if err != nil {
		s.T.Fatal(err)
	}
	payload, _, err := envelope.Verify(env, attest.PayloadType, s.Key.Public())
	if err != nil {
		s.T.Fatal(err)
	}
	statement, err := attest.ParseStatement(payload)
	if err != nil {
		s.T.Fatal(err)
	}
	if problems := statement.Validate(); len(problems) > 0 {
		s.T.Fatalf("the record contradicts itself: %v", problems)
	}
	document, err := os.ReadFile(session.DrivePath(path))
	if err != nil {
		s.T.Fatal(err)
	}
	if problems := attest.CheckDriveDocument(statement, document); len(problems) > 0 {
		s.T.Fatalf("the drive document is wrong: %v", problems)
	}
	return statement
}

// Journals are the journals that are there now.
func (s *Station) Journals() []string {
	s.T.Helper()
	left, err := filepath.Glob(filepath.Join(s.Folder, durable.Journals, "*.jsonl"))
	if err != nil {
		s.T.Fatal(err)
	}
	return left
}

// OnStage calls do once, right before the worker begins a stage.
func (s *Station) OnStage(stage session.Stage, do func()) {
	switch stage {
	case "":
		return
	case session.Inspect:
		open := s.Local.Open
		s.Local.Open = func(ctx context.Context, d drive.Drive, mode block.Mode) (block.Device, error) {
			do()
			return open(ctx, d, mode)
		}
	case session.Confirm:
		s.Confirm = func(context.Context, drive.Drive, plan.Plan) (string, error) { do(); return "--yes", nil }
	default:
		s.Worker = &hooked{Worker: s.Worker, stage: stage, do: do}
	}
}

// hooked is a worker at whose desk something is done when it notes that a stage
// begins. The worker goes on when that is done.
type hooked struct {
	session.Worker
	session.Desk
	stage session.Stage
	do    func()
	done  bool
}

func (h *hooked) Sanitize(ctx context.Context, req session.Request, desk session.Desk) error {
	h.Desk = desk
	return h.Worker.Sanitize(ctx, req, h)
}

func (h *hooked) Note(kind string, v any) error {
	if data, err := json.Marshal(v); err == nil && kind == evidence.EntryReached && !h.done {
		var at evidence.Reached
		if h.done = json.Unmarshal(data, &at) == nil && at.Stage == string(h.stage); h.done {
			h.do()
		}
	}
	return h.Desk.Note(kind, v)
}

// Sanitize runs the whole flow.
func (s *Station) Sanitize(ctx context.Context) (session.Result, error) {
	return session.Sanitize(ctx, s.Options)
}
