package session

import (
	"slices"
	"time"

	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/progress"
)

// State is what a view needs to know of a run at one moment.
type State struct {
	Steps    []Step
	Plan     *plan.Plan
	Problems []string
	Notices  []string
	Result   *Result // set when the run is over
}

// Step is one stage, or one pass of it.
type Step struct {
	Stage          Stage
	Pass           int
	Started, Ended time.Time // zero until it has
	Done, Total    int64     // bytes
	estimate       progress.Estimator
}

// Running reports whether the step has begun and not ended.
func (s Step) Running() bool { return !s.Started.IsZero() && s.Ended.IsZero() }

// Rate is the present speed in bytes per second while the step runs, its mean
// speed once it has ended, 0 when unknown.
func (s Step) Rate() int64 {
	if s.Ended.IsZero() {
		return s.estimate.Rate()
	}
	if d := s.Ended.Sub(s.Started).Seconds(); d > 0 {
		return int64(float64(s.Done) / d)
	}
	return 0
}

// Left is the time until the step ends, false when nothing can be said.
func (s Step) Left() (time.Duration, bool) { return s.estimate.Left() }

// Current is the step that runs now, or nil.
func (s State) Current() *Step {
	if n := len(s.Steps); n > 0 && s.Steps[n-1].Running() {
		return &s.Steps[n-1]
	}
	return nil
}

// Apply returns the state after an event that arrived at the given time. It is
// pure: s is left as it was, nothing is read but its arguments, and events that
// do not fit (news of a stage that never started, anything after the end) change
// nothing.
func (s State) Apply(e Event, at time.Time) State {
	if s.Result != nil {
		return s
	}
	switch e.Kind {
	case StageStarted:
		s.Steps = append(slices.Clip(s.Steps), Step{Stage: e.Stage, Pass: e.Pass, Started: at, Total: e.TotalBytes})
	case Progressed, StageEnded:
		s.Steps = slices.Clone(s.Steps)
		if step := s.Current(); step != nil && step.Stage == e.Stage && step.Pass == e.Pass {
			*step = step.after(e, at)
		}
	case Planned:
		s.Plan = e.Plan
	case Problem:
		s.Problems = append(slices.Clip(s.Problems), e.Text)
	case Notice:
		s.Notices = append(slices.Clip(s.Notices), e.Text)
	case Finished:
		s.Result = e.Result
	}
	return s
}

func (s Step) after(e Event, at time.Time) Step {
	s.Done, s.Total = e.DoneBytes, e.TotalBytes
	if e.Kind == StageEnded {
		s.Ended = at
		return s
	}
	s.estimate = s.estimate.Observe(at, e.DoneBytes, e.TotalBytes)
	return s
}
