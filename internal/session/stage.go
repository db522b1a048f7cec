package session

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/evidence"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/progress"
)

type counter = progress.Counter

const (
	tick         = 200 * time.Millisecond // between two progress events
	journalEvery = 5 * time.Second        // between two notes of how far a pass is
)

// teller tells what happens, and remembers it.
type teller struct {
	now func() time.Time
	out func(Event) // called by one goroutine at a time

	telling sync.Mutex // guards state and out
	state   State
}

// emit tells an event, which happens now unless it says when.
func (t *teller) emit(e Event) {
	t.telling.Lock()
	defer t.telling.Unlock()
	if e.At.IsZero() {
		e.At = t.now().UTC()
	}
	t.state = t.state.Apply(e, e.At)
	t.out(e)
}

// steps are the steps that were told so far.
func (t *teller) steps() []Step {
	t.telling.Lock()
	defer t.telling.Unlock()
	return t.state.Steps
}

// stage runs one stage: says that it starts, tells how far it is while it works,
// to reached as well unless that is nil, and says that it has ended, however it
// ended.
func (t *teller) stage(ctx context.Context, name Stage, pass int, reached func(Event), work func(*counter) error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	var count counter
	news := func(kind Kind) Event {
		done, total := count.Load()
		return Event{Kind: kind, Stage: name, Pass: pass, DoneBytes: done, TotalBytes: total}
	}
	t.emit(news(StageStarted))
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		t.watch(stop, news, reached)
	}()
	err := work(&count)
	close(stop)
	<-stopped
	t.emit(news(StageEnded))
	return err
}

// watch emits progress until stop, and now and then gives it to reached.
func (t *teller) watch(stop <-chan struct{}, news func(Kind) Event, reached func(Event)) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	noted := time.Now()
	for {
		select {
		case <-stop:
			return
		case now := <-ticker.C:
			e := news(Progressed)
			t.emit(e)
			if reached != nil && now.Sub(noted) >= journalEvery {
				noted = now
				reached(e)
			}
		}
	}
}

// reached notes how far a stage is, so that a run whose process dies can say so.
func (w *work) reached(e Event) {
	at := evidence.Reached{Stage: string(e.Stage), Pass: e.Pass, Bytes: e.DoneBytes}
	if e.Pass > 0 {
		at.Stored = w.stored.Load()
	}
	w.note(evidence.EntryReached, at)
}

// note notes one entry. The run goes on when that fails: the entry that had to be
// there is there, and leaving a drive half erased would be worse.
func (w *work) note(kind string, v any) {
	if err := w.desk.Note(kind, v); err != nil {
		w.emit(journalNotice(err))
	}
}

func journalNotice(err error) Event {
	return Event{Kind: Notice, Text: "the journal cannot be written: " + err.Error()}
}

// problem adds a reason against a PASS to the record. A drive that has gone is no
// fault of the drive: the run did not reach its end.
func (w *work) problem(err error) {
	p := evidence.Problem{Text: err.Error(), Fault: !errors.Is(err, block.ErrGone)}
	w.note(evidence.EntryProblem, p)
	w.emit(Event{Kind: Problem, Text: p.Text})
}

// measuredSpeed is what the inspection showed of the drive's reading speed. How
// fast it writes is not known before it is written.
func (w *work) measuredSpeed() plan.Speed {
	if steps := w.steps(); len(steps) > 0 {
		return plan.Speed{ReadBytesPerSecond: steps[len(steps)-1].Rate(), Source: "measured while inspecting"}
	}
	return plan.Speed{}
}
