package session

import (
	"reflect"
	"testing"
	"time"
)

func at(seconds float64) time.Time { return time.Unix(0, 0).Add(time.Duration(seconds * 1e9)) }

// TestApply feeds the reducer a run, with news that does not fit in between, and
// looks at what a view would show.
func TestApply(t *testing.T) {
	var s State
	for i, step := range []struct {
		at      float64
		event   Event
		running Stage // after the event
		done    int64
	}{
		{0, Event{Kind: StageStarted, Stage: Inspect, TotalBytes: 1000}, Inspect, 0},
		{1, Event{Kind: Progressed, Stage: Inspect, DoneBytes: 400, TotalBytes: 1000}, Inspect, 400},
		{2, Event{Kind: Progressed, Stage: Overwrite, DoneBytes: 999, TotalBytes: 1000}, Inspect, 400}, // of no stage that runs
		{3, Event{Kind: StageEnded, Stage: Inspect, DoneBytes: 1000, TotalBytes: 1000}, "", 0},
		{3, Event{Kind: Progressed, Stage: Inspect, DoneBytes: 5, TotalBytes: 1000}, "", 0}, // late
		{4, Event{Kind: StageStarted, Stage: Overwrite, Pass: 1, TotalBytes: 1000}, Overwrite, 0},
		{5, Event{Kind: Progressed, Stage: Overwrite, Pass: 2, DoneBytes: 7, TotalBytes: 1000}, Overwrite, 0}, // another pass
		{6, Event{Kind: Problem, Text: "a range failed"}, Overwrite, 0},
		{7, Event{Kind: StageEnded, Stage: Overwrite, Pass: 1, DoneBytes: 900, TotalBytes: 1000}, "", 0},
	} {
		s = s.Apply(step.event, at(step.at))
		var running Stage
		var done int64
		if c := s.Current(); c != nil {
			running, done = c.Stage, c.Done
		}
		if running != step.running || done != step.done {
			t.Fatalf("after event %d: %q at %d, want %q at %d", i, running, done, step.running, step.done)
		}
	}
	if got, want := s.Steps[1].Rate(), int64(300); got != want {
		t.Errorf("mean speed of the overwrite is %d, want %d", got, want)
	}
	if len(s.Problems) != 1 {
		t.Errorf("problems: %v", s.Problems)
	}
	over := s.Apply(Event{Kind: Finished, Result: &Result{Verdict: "FAIL"}}, at(8))
	if got := over.Apply(Event{Kind: Problem, Text: "late"}, at(9)); !reflect.DeepEqual(got, over) {
		t.Error("something happened after the end")
	}
}

// TestApplyIsPure: the same state may be folded on in two ways, and stays itself.
func TestApplyIsPure(t *testing.T) {
	base := State{}.
		Apply(Event{Kind: StageStarted, Stage: Inspect, TotalBytes: 100}, at(0)).
		Apply(Event{Kind: Progressed, Stage: Inspect, DoneBytes: 10, TotalBytes: 100}, at(1)).
		Apply(Event{Kind: Notice, Text: "one"}, at(1))
	branch := func(done int64, text string) State {
		return base.
			Apply(Event{Kind: Progressed, Stage: Inspect, DoneBytes: done, TotalBytes: 100}, at(2)).
			Apply(Event{Kind: Notice, Text: text}, at(2))
	}
	a, b := branch(20, "a"), branch(90, "b")
	if a.Current().Done != 20 || b.Current().Done != 90 || base.Current().Done != 10 {
		t.Errorf("done: base %d, a %d, b %d", base.Current().Done, a.Current().Done, b.Current().Done)
	}
	if a.Notices[1] != "a" || b.Notices[1] != "b" || len(base.Notices) != 1 {
		t.Errorf("notices: base %v, a %v, b %v", base.Notices, a.Notices, b.Notices)
	}
	if a.Current().Rate() != 10 || b.Current().Rate() != 80 {
		t.Errorf("rates: a %d, b %d", a.Current().Rate(), b.Current().Rate())
	}
}
