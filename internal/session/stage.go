package session

import (
	"context"
	"errors"
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

// stage runs one stage: says that it starts, tells how far it is while it works,
// and says that it has ended, however it ended.
func (r *run) stage(ctx context.Context, name Stage, pass int, work func(*counter) error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	var count counter
	news := func(kind Kind) Event {
		done, total := count.Load()
		return Event{Kind: kind, Stage: name, Pass: pass, DoneBytes: done, TotalBytes: total}
	}
	r.emit(news(StageStarted))
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		r.watch(stop, news)
	}()
	err := work(&count)
	close(stop)
	<-stopped
	r.emit(news(StageEnded))
	return err
}

// watch emits progress until stop, and notes it in the journal now and then, so
// that a run whose process dies can say how far it was.
func (r *run) watch(stop <-chan struct{}, news func(Kind) Event) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	noted := time.Now()
	for {
		select {
		case <-stop:
			return
		case now := <-ticker.C:
			e := news(Progressed)
			r.emit(e)
			if r.journal != nil && now.Sub(noted) >= journalEvery {
				noted = now
				r.note(evidence.EntryReached, evidence.Reached{Stage: string(e.Stage), Pass: e.Pass, Bytes: e.DoneBytes})
			}
		}
	}
}

// note writes one journal entry. The run goes on when that fails: the entry that
// had to be there is there, and leaving a drive half erased would be worse. It
// reports whether the entry is durable.
func (r *run) note(kind string, v any) bool {
	err := r.journal.Append(kind, v)
	if err != nil {
		r.emit(Event{Kind: Notice, Text: "the journal cannot be written: " + err.Error()})
	}
	return err == nil
}

// problem adds a reason against a PASS to the record. A drive that has gone is no
// fault of the drive: the run did not reach its end.
func (r *run) problem(err error) {
	p := evidence.Problem{Text: err.Error(), Fault: !errors.Is(err, block.ErrGone)}
	r.file.Problems = append(r.file.Problems, p)
	r.note(evidence.EntryProblem, p)
	r.emit(Event{Kind: Problem, Text: p.Text})
}

func (r *run) emit(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.At = r.Now().UTC()
	r.state = r.state.Apply(e, e.At)
	r.Emit(e)
}

// measuredSpeed is what the inspection showed of the drive's reading speed. How
// fast it writes is not known before it is written.
func (r *run) measuredSpeed() plan.Speed {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.state.Steps); n > 0 {
		return plan.Speed{ReadBytesPerSecond: r.state.Steps[n-1].Rate(), Source: "measured while inspecting"}
	}
	return plan.Speed{}
}
