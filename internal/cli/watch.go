package cli

import (
	"time"

	"github.com/panoscrub/panoscrub/internal/progress"
	"github.com/panoscrub/panoscrub/internal/session"
)

// watched shows the progress of work that reads only, the way a run's stages are
// shown. Without a terminal it is quiet.
func (a *app) watched(name session.Stage, work func(*progress.Counter) error) error {
	var count progress.Counter
	if !isTerminal(a.stderr) {
		return work(&count)
	}
	view := lines{w: a.stderr, moves: true}
	tell := func(kind session.Kind) {
		done, total := count.Load()
		view.Emit(session.Event{Kind: kind, At: a.now(), Stage: name, DoneBytes: done, TotalBytes: total})
	}
	tell(session.StageStarted)
	finished := make(chan error, 1)
	go func() { finished <- work(&count) }()
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case err := <-finished:
			tell(session.StageEnded)
			return err
		case <-ticker.C:
			tell(session.Progressed)
		}
	}
}

// glimpses shows the progress of work that tells events and reads only. Without a
// terminal it shows what is worth knowing and nothing else.
func (a *app) glimpses() func(session.Event) {
	view := lines{w: a.stderr, moves: isTerminal(a.stderr)}
	return func(e session.Event) {
		if view.moves || e.Kind == session.Notice {
			view.Emit(e)
		}
	}
}
