package session_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/durable"
	"github.com/panoscrub/panoscrub/internal/envelope"
	"github.com/panoscrub/panoscrub/internal/session"
)

// take takes one step. The error is what turned out to be untrue.
func (w *world) take(s step) error {
	switch s.do {
	case doPlant:
		w.plant(s.off, s.length)
	case doPower:
		w.lose(w.stick.PowerCycle)
	case doAudit:
		return w.audit()
	case doRun:
		return w.run(s)
	}
	return nil
}

// sound is what must hold between any two steps.
func (w *world) sound() error {
	all, err := filesOf(w.state)
	if err != nil {
		return err
	}
	records := 0
	for path := range all {
		if filepath.Base(filepath.Dir(path)) == durable.Journals {
			return fmt.Errorf("a journal is left: %s", path)
		}
		if strings.HasSuffix(path, ".dsse.json") {
			records++
		}
	}
	if records != w.begun {
		return fmt.Errorf("%d runs were begun, and there are %d records", w.begun, records)
	}
	if n := w.stick.Counts().Refused; n > 0 {
		return fmt.Errorf("%d requests broke the contract of a device", n)
	}
	return nil
}

// run carries out a run, or as much of one as its event leaves, makes what is left of
// it a record, and judges that.
func (w *world) run(s step) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	t := &trial{
		world: w, step: s, cancel: cancel, uses: w.uses,
		accepted: map[int]block.Extents{}, synced: map[int]block.Extents{}, flushed: map[int]bool{},
	}
	w.dropped = w.dropped || s.faults.Drop != nil
	resume, err := t.resumable()
	if err != nil {
		return err
	}
	if s.event != failing {
		w.stick.SetFaults(w.with(s.faults))
		t.readErrors = s.faults.ReadErrors
	}
	result, err := session.Sanitize(ctx, t.options(ctx, resume))
	shown := w.stick.Shown(0, int(w.size))
	if err := t.aftermath(); err != nil {
		return err
	}
	if t.certificate == "" {
		if err == nil {
			return errors.New("a run that had not begun ended without an error")
		}
		return errors.Join(t.never(), t.recover(result, err))
	}
	w.begun++
	w.tally.runs++
	return errors.Join(t.recover(result, err), t.judge(shown))
}

// never is what must not have happened before a run began.
func (t *trial) never() error {
	if len(t.protested) > 0 {
		return errors.New(strings.Join(t.protested, "; "))
	}
	return nil
}

// resumable is the earlier run to go on with, if the step has one gone on with.
func (t *trial) resumable() (*session.Resume, error) {
	d, err := drive.System{Root: t.tree}.Resolve(t.target)
	if err != nil {
		return nil, err
	}
	resume, err := session.Resumable(t.state, t.key.Public(), d, t.policy)
	if err != nil || resume == nil {
		return nil, err
	}
	if last := resume.Last().CertificateID; t.last == nil || last != t.last.CertificateID {
		return nil, fmt.Errorf("the run %s is offered to be gone on with, and is not the last one", last)
	}
	if !t.resume {
		return nil, nil
	}
	t.resumed++
	t.uses = t.last.trial.uses
	return resume, nil
}

// aftermath is what happens once the program has ended, before it is started again.
func (t *trial) aftermath() error {
	var err error
	switch {
	case t.dead:
		err = t.restore(t.state, false)
	case t.after != nil: // the run ended, but for its journal
		err = t.restore(t.state, true)
	case t.event == unstorable:
		err = t.putBack()
	}
	t.stick.Reopen().SetFaults(t.lies)
	gone := t.stick.Check() != nil
	if gone || t.event == cut && t.dead || t.replug == swapsIt {
		t.lose(t.stick.PowerCycle)
	}
	t.set(serialFile, serial)
	return err
}

// putBack makes a records folder again that was not there when a record was to be
// stored.
func (t *trial) putBack() error {
	away := filepath.Join(t.state, "away")
	if _, err := os.Stat(away); err != nil {
		return nil // it did not come so far
	}
	return os.Rename(away, filepath.Join(t.state, durable.Records))
}

// recover is the next start of the program.
func (t *trial) recover(result session.Result, err error) error {
	recovered, recoverErr := session.Recover(context.Background(), t.state, func() (envelope.Signer, error) { return t.key, nil })
	if recoverErr != nil {
		return fmt.Errorf("recovering: %w", recoverErr)
	}
	t.recovered += len(recovered)
	var unstored *session.RecordError
	switch {
	case len(recovered) > 1 || len(recovered) == 1 && recovered[0].CertificateID != t.certificate:
		return fmt.Errorf("recovered %+v of the run %q", recovered, t.certificate)
	case t.dead && t.certificate != "" && (len(recovered) != 1 || recovered[0].Verdict == attest.Pass):
		return fmt.Errorf("the program died, and what was recovered is %+v", recovered)
	case errors.As(err, &unstored) && (len(recovered) != 1 || recovered[0].Verdict != unstored.Verdict || !unstored.Signed):
		return fmt.Errorf("%w; and what was recovered is %+v", err, recovered)
	case t.after != nil && !t.dead && (len(recovered) != 1 || recovered[0].Verdict != result.Verdict):
		return fmt.Errorf("the record said %s, and what was recovered is %+v", result.Verdict, recovered)
	}
	return nil
}

// judge reads the record of a run and judges it.
func (t *trial) judge(shown []byte) error {
	s, err := t.statement(t.certificate)
	if err != nil {
		return err
	}
	e := ended{s.Predicate, t, shown}
	t.runs[t.certificate], t.last = e, &e
	switch s.Predicate.Verdict {
	case attest.Pass:
		t.passes++
	case attest.Fail:
		t.fails++
	default:
		t.incompletes++
	}
	return judged(e)
}

// audit compares the stick with the last record, by the program and by what is known.
func (w *world) audit() error {
	if w.last == nil {
		return nil
	}
	w.audits++
	w.stick.SetFaults(w.lies)
	s, err := w.statement(w.last.CertificateID)
	if err != nil {
		return err
	}
	local := session.Local{System: drive.System{Root: w.tree}, Now: time.Now, Open: func(context.Context, drive.Drive, block.Mode) (block.Device, error) {
		return w.stick.Reopen(), nil
	}}
	problems, err := local.Audit(context.Background(), session.Look{Target: w.target}, s, func(session.Event) {})
	if err != nil {
		return fmt.Errorf("the audit: %w", err)
	}
	return w.agrees(s, problems)
}

// agrees reports whether an audit says what is so.
func (w *world) agrees(s attest.Statement, problems []attest.Problem) error {
	now := w.stick.Shown(0, int(w.size))
	if s.Predicate.Verdict != attest.Pass {
		if len(problems) != 1 || problems[0].Code != "nothing-attested" {
			return fmt.Errorf("an audit against a %s says %v", s.Predicate.Verdict, problems)
		}
		return nil
	}
	o := &oracle{ended: *w.last}
	if o.alike() {
		return nil
	}
	meta, err := o.structures(o.shown)
	if err != nil {
		return err
	}
	same, changed := differs(now, o.shown, nil) < 0, differs(now, o.shown, meta)
	if same != (len(problems) == 0) && (same || changed >= 0) {
		return fmt.Errorf("an audit says %v: changed is byte %d", problems, changed)
	}
	return nil
}
