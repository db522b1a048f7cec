package session_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/evidence"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/session"
	"github.com/panoscrub/panoscrub/internal/session/sessiontest"
)

// otherPlan is a worker that begins with another plan than was confirmed.
type otherPlan struct{ session.Worker }

func (o otherPlan) Sanitize(ctx context.Context, req session.Request, desk session.Desk) error {
	return o.Worker.Sanitize(ctx, req, otherPlanDesk{desk})
}

type otherPlanDesk struct{ session.Desk }

func (o otherPlanDesk) Note(kind string, v any) error {
	if c, ok := v.(evidence.Case); ok {
		c.Plan.Seed = strings.Repeat("0", len(c.Plan.Seed))
		v = c
	}
	return o.Desk.Note(kind, v)
}

// TestOtherPlan: nothing is begun but what was agreed to.
func TestOtherPlan(t *testing.T) {
	s := sessiontest.NewStation(t, blocktest.Faults{})
	s.Worker = otherPlan{s.Worker}
	result, err := s.Sanitize(t.Context())
	if err == nil || !strings.Contains(err.Error(), "not the one that was confirmed") || result.CertificateID != "" || s.Stick.Counts().Writes > 0 {
		t.Errorf("%+v, %v, %d writes", result, err, s.Stick.Counts().Writes)
	}
}

// otherPolicy is a worker that plans by another policy than was asked for.
type otherPolicy struct{ session.Worker }

func (o otherPolicy) Sanitize(ctx context.Context, req session.Request, desk session.Desk) error {
	req.Policy = policy.Policy{
		Schema: policy.Schema, ID: "weaker", Title: "weaker", Own: true, Passes: []policy.Pattern{policy.Fixed(0)}, ReadBackPercent: 100,
	}
	return o.Worker.Sanitize(ctx, req, desk)
}

// TestOtherPolicy: a plan by another policy is not even asked about. Where the
// operator agreed beforehand, nobody would read it.
func TestOtherPolicy(t *testing.T) {
	s := sessiontest.NewStation(t, blocktest.Faults{})
	s.Worker = otherPolicy{s.Worker}
	s.Confirm = func(context.Context, drive.Drive, plan.Plan) (string, error) {
		t.Error("it was asked about")
		return "--yes", nil
	}
	result, err := s.Sanitize(t.Context())
	if err == nil || !strings.Contains(err.Error(), "not the one that was asked for") || result.CertificateID != "" || s.Stick.Counts().Writes > 0 {
		t.Errorf("%+v, %v, %d writes", result, err, s.Stick.Counts().Writes)
	}
}

// lostWorker goes away when it is asked to note a kind of entry.
type lostWorker struct {
	session.Worker
	session.Desk
	kind string
}

var errLostWorker = errors.New("the worker was lost")

func (l lostWorker) Sanitize(ctx context.Context, req session.Request, desk session.Desk) (err error) {
	defer func() {
		if lost := recover(); lost != nil {
			err = errLostWorker
		}
	}()
	l.Desk = desk
	return l.Worker.Sanitize(ctx, req, l)
}

func (l lostWorker) Note(kind string, v any) error {
	if kind == l.kind {
		panic("lost")
	}
	return l.Desk.Note(kind, v)
}

// TestLostWorker: what a worker noted before it was lost is in the record, and the
// verdict is never PASS, not even when there was nothing left to do.
func TestLostWorker(t *testing.T) {
	for _, kind := range []string{evidence.EntryPass, evidence.EntryReadBack, evidence.EntryVolume, evidence.EntryAfter} {
		s := sessiontest.NewStation(t, blocktest.Faults{})
		s.Worker = lostWorker{Worker: s.Worker, kind: kind}
		result, err := s.Sanitize(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		p := s.Statement(result.Record).Predicate
		if result.Verdict != attest.Incomplete || p.Interrupted == nil || !strings.Contains(p.Interrupted.Cause, errLostWorker.Error()) {
			t.Errorf("%s: %s, %+v", kind, p.Verdict, p.Interrupted)
		}
	}
}

// stalled is a stick that takes a write and never answers.
type stalled struct {
	block.Device
	release <-chan struct{}
}

func (s stalled) WriteAt(p []byte, off int64) (int, error) {
	<-s.release
	return s.Device.WriteAt(p, off)
}

// TestSideBySide runs sessions on several sticks. One that stalls, one that fails
// and one that vanishes hold up none of the others.
func TestSideBySide(t *testing.T) {
	faults := []blocktest.Faults{
		{}, {}, {WriteErrors: block.Extents{{Offset: 4096, Length: 512}}}, {VanishAfter: 3 * sessiontest.StickSize / 2}, {}, {}, {},
	}
	release := make(chan struct{})
	stuck := sessiontest.NewStation(t, blocktest.Faults{})
	stuck.Local.Open = func(context.Context, drive.Drive, block.Mode) (block.Device, error) {
		return stalled{stuck.Stick, release}, nil
	}
	type ending struct {
		result session.Result
		err    error
	}
	last := make(chan ending, 1)
	go func() {
		result, err := stuck.Sanitize(t.Context())
		last <- ending{result, err}
	}()
	verdicts := make([]string, len(faults))
	var sessions sync.WaitGroup
	for i, f := range faults {
		s := sessiontest.NewStation(t, f)
		sessions.Go(func() {
			result, err := s.Sanitize(t.Context())
			if err != nil {
				t.Error(err)
			}
			verdicts[i] = result.Verdict
		})
	}
	sessions.Wait()
	if want := []string{"PASS", "PASS", "FAIL", "INCOMPLETE", "PASS", "PASS", "PASS"}; !slices.Equal(verdicts, want) {
		t.Errorf("verdicts %q, want %q", verdicts, want)
	}
	select {
	case e := <-last:
		t.Errorf("the stick that stalls ended first: %+v", e)
	default:
	}
	close(release)
	if e := <-last; e.err != nil || e.result.Verdict != attest.Pass {
		t.Errorf("%+v", e)
	}
}
