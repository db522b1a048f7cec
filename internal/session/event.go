// Package session runs the stages of a sanitization in order, under one
// context, and keeps the evidence of each.
//
// A run has two halves. A [Worker] does what is done at the drive; the [Desk],
// where the operator sits, keeps the journal and makes the record. They may be in
// two processes.
//
// What happens is told as a stream of [Event] values. [State.Apply] folds them
// into what a view shows; the text printer, the JSON output and the terminal
// interface are views of the same fold.
package session

import (
	"time"

	"github.com/panoscrub/panoscrub/internal/plan"
)

// Stage is one step of a run, in the order of [Stages].
type Stage string

const (
	Inspect   Stage = "inspect"
	Confirm   Stage = "confirm"
	Overwrite Stage = "overwrite"
	Replug    Stage = "replug" // where a drive cannot be reset, and somebody is there
	ReadBack  Stage = "read-back"
	Format    Stage = "format"
	Recheck   Stage = "recheck"
	Record    Stage = "record"
)

// Stages lists every stage in the order in which they run.
var Stages = []Stage{Inspect, Confirm, Overwrite, Replug, ReadBack, Format, Recheck, Record}

// Kind says what an event tells.
type Kind string

const (
	StageStarted Kind = "stage-started"
	Progressed   Kind = "progress"
	StageEnded   Kind = "stage-ended"
	Planned      Kind = "planned"
	Problem      Kind = "problem" // something that will stand in the record as a reason
	Notice       Kind = "notice"  // something worth knowing that is not a fault
	Finished     Kind = "finished"
)

// Event is one piece of news of a run. Progress may be dropped by whoever
// forwards events; nothing else may.
type Event struct {
	Kind  Kind      `json:"event"`
	At    time.Time `json:"at"`
	Stage Stage     `json:"stage,omitempty"`
	// Pass is the number of the pass that Stage is about, from 1; 0 where
	// passes do not apply.
	Pass       int        `json:"pass,omitempty"`
	DoneBytes  int64      `json:"doneBytes,omitempty"`
	TotalBytes int64      `json:"totalBytes,omitempty"`
	Text       string     `json:"text,omitempty"`
	Plan       *plan.Plan `json:"plan,omitempty"`
	Result     *Result    `json:"result,omitempty"`
}
