package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/panoscrub/panoscrub/internal/human"
	"github.com/panoscrub/panoscrub/internal/session"
)

// emitter takes the events of a run and shows them in one way.
type emitter interface {
	Emit(session.Event)
}

// jsonEvents prints each event as one line of JSON.
type jsonEvents struct{ enc *json.Encoder }

func (j jsonEvents) Emit(e session.Event) { _ = j.enc.Encode(e) }

// lines prints the run as text: one line for each step that has ended, and on a
// terminal a line that moves while a step runs.
type lines struct {
	w     io.Writer
	moves bool // w is a terminal: the running step's line is redrawn
	state session.State
	drawn int // columns of the line that moves
}

// Emit folds the event into the state and prints what it changed.
func (l *lines) Emit(e session.Event) {
	running := l.state.Current()
	l.state = l.state.Apply(e, e.At)
	switch e.Kind {
	case session.Progressed:
		if step := l.state.Current(); step != nil && l.moves && !asks(e.Stage) {
			l.redraw(runningLine(*step))
		}
	case session.StageEnded:
		if running != nil && !asks(e.Stage) {
			l.println(endedLine(l.state.Steps[len(l.state.Steps)-1]))
		}
	case session.Problem:
		l.println("problem: " + human.Printable(e.Text))
	case session.Notice:
		l.println("notice: " + human.Printable(e.Text))
	}
}

// asks reports whether a stage is a question, which stands where a line would move.
func asks(s session.Stage) bool { return s == session.Confirm || s == session.Replug }

func (l *lines) println(text string) {
	l.redraw("")
	fmt.Fprintln(l.w, text)
}

// redraw replaces the moving line without any escape code, so that it works on
// every terminal.
func (l *lines) redraw(text string) {
	if l.drawn > 0 {
		fmt.Fprint(l.w, "\r", strings.Repeat(" ", l.drawn), "\r")
	}
	fmt.Fprint(l.w, text)
	l.drawn = len(text)
}

func stepName(s session.Step) string {
	if s.Pass > 1 {
		return fmt.Sprintf("%s %d", s.Stage, s.Pass)
	}
	return string(s.Stage)
}

func runningLine(s session.Step) string {
	line := fmt.Sprintf("%-10s", stepName(s))
	if s.Total > 0 {
		line += fmt.Sprintf(" %3d %%  %s of %s", s.Done*100/s.Total, human.Bytes(s.Done), human.Bytes(s.Total))
	}
	if rate := s.Rate(); rate > 0 {
		line += "  " + human.Rate(rate)
	}
	if left, ok := s.Left(); ok {
		line += "  about " + human.Duration(left) + " left"
	}
	return line
}

func endedLine(s session.Step) string {
	took := s.Ended.Sub(s.Started)
	line := fmt.Sprintf("%-10s done in %s", stepName(s), shortDuration(took))
	if s.Done < s.Total {
		line = fmt.Sprintf("%-10s ended after %s, %s of %s", stepName(s), shortDuration(took), human.Bytes(s.Done), human.Bytes(s.Total))
	} else if s.Done > 0 {
		line += fmt.Sprintf(", %s at %s", human.Bytes(s.Done), human.Rate(s.Rate()))
	}
	return line
}

// shortDuration keeps the tenths of a step that took a moment.
func shortDuration(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return human.Duration(d)
}
