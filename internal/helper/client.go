package helper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/scan"
	"github.com/panoscrub/panoscrub/internal/session"
)

// Client is the [session.Worker] that works through a helper. Each piece of work
// starts one, and ends it.
type Client struct {
	// Start starts a helper. Whoever calls it closes in, to which orders go, reads
	// out to its end, and then waits.
	Start func() (in io.WriteCloser, out io.Reader, wait func() error, err error)
}

// What a helper may come to, besides the end of its work.
var (
	// ErrNotStarted says that there was no helper: the rights were not given, say.
	ErrNotStarted = errors.New("the helper, which needs root's rights, did not start")
	// ErrLost says that the helper ended without saying so.
	ErrLost = errors.New("the helper ended without finishing")
)

// Inspect implements [session.Worker].
func (c Client) Inspect(ctx context.Context, look session.Look, emit func(session.Event)) (drive.Drive, scan.Report, error) {
	ended, err := c.converse(ctx, order{Inspect: &inspectOrder{Protocol, look}}, onlyEvents{emit: emit})
	if err == nil && (ended.Drive == nil || ended.Report == nil) {
		err = fmt.Errorf("%w: an inspection without a report", ErrProtocol)
	}
	if err != nil {
		return drive.Drive{}, scan.Report{}, err
	}
	return *ended.Drive, *ended.Report, nil
}

// Audit implements [session.Worker].
func (c Client) Audit(ctx context.Context, look session.Look, s attest.Statement, emit func(session.Event)) ([]attest.Problem, error) {
	ended, err := c.converse(ctx, order{Audit: &auditOrder{Protocol, look, s}}, onlyEvents{emit: emit})
	return ended.Problems, err
}

// Sanitize implements [session.Worker].
func (c Client) Sanitize(ctx context.Context, req session.Request, desk session.Desk) error {
	_, err := c.converse(ctx, order{Sanitize: &sanitizeOrder{Protocol, req}}, desk)
	return err
}

// onlyEvents is the desk of work that only reads, which has nothing to ask or to
// note.
type onlyEvents struct{ emit func(session.Event) }

func (o onlyEvents) Emit(e session.Event) { o.emit(e) }

func (onlyEvents) Confirm(context.Context, drive.Drive, plan.Plan) (string, error) {
	return "", ErrProtocol
}

func (onlyEvents) Note(string, any) error { return ErrProtocol }

// converse starts a helper, gives it an order, and serves it until it has ended.
// The error is that of the conversation, or else of the work.
func (c Client) converse(ctx context.Context, first order, desk session.Desk) (end, error) {
	in, out, wait, err := c.Start()
	if err != nil {
		return end{}, err
	}
	asking, stopAsking := context.WithCancelCause(ctx)
	t := &talk{ctx: asking, in: newWriter(in), desk: desk}
	ended, err := t.run(newReader(out, maxNews), first)
	stopAsking(ErrLost)
	t.asked.Wait()
	// If it is still there, it ends when its input does.
	err = errors.Join(err, in.Close())
	_, _ = io.Copy(io.Discard, out)
	if waitErr := wait(); err != nil && waitErr != nil {
		err = fmt.Errorf("%w (%w)", err, waitErr)
	}
	if err == nil {
		err = ended.Error.error()
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return ended, err
}

// talk is one conversation from the program's side.
type talk struct {
	ctx   context.Context // for what is asked
	in    *writer
	desk  session.Desk
	asked sync.WaitGroup // whoever is being asked
}

// run gives the order and takes the news until the end.
func (t *talk) run(lines reader, first order) (end, error) {
	var hello news
	switch err := lines.next(&hello); {
	case errors.Is(err, io.EOF):
		return end{}, ErrNotStarted
	case err != nil:
		return end{}, fmt.Errorf("%w: %w", ErrNotStarted, err)
	}
	if hello.Protocol != Protocol {
		return end{}, fmt.Errorf("%w: it speaks %.40q", ErrProtocol, hello.Protocol)
	}
	if err := t.in.write(first); err != nil {
		return end{}, lost(err)
	}
	// When that fails the helper has gone, which its output tells.
	cancel := sync.OnceFunc(func() { _ = t.in.write(order{Cancel: &cancelOrder{context.Cause(t.ctx).Error()}}) })
	defer context.AfterFunc(t.ctx, cancel)()
	for {
		var n news
		if err := lines.next(&n); err != nil {
			return end{}, lost(err)
		}
		switch {
		case n.End != nil:
			return *n.End, nil
		case n.Event != nil:
			t.desk.Emit(*n.Event)
		case n.Note != nil:
			// In the order in which they come.
			noted := fail(t.desk.Note(n.Note.Kind, n.Note.Data))
			if t.ctx.Err() != nil {
				cancel() // before the helper goes on
			}
			t.reply(answer{ID: n.Note.ID, Error: noted})
		case n.Confirm != nil:
			// A person takes their time, and news go on.
			t.asked.Go(func() { t.confirm(*n.Confirm) })
		default:
			return end{}, fmt.Errorf("%w: an empty line", ErrProtocol)
		}
	}
}

func (t *talk) confirm(q question) {
	how, err := t.desk.Confirm(t.ctx, q.Drive, q.Plan)
	t.reply(answer{ID: q.ID, How: how, Error: fail(err)})
}

// reply sends an answer. When that fails the helper has gone, which its output
// tells.
func (t *talk) reply(a answer) { _ = t.in.write(order{Answer: &a}) }

// lost is the error for a helper that does not go on.
func lost(err error) error {
	if errors.Is(err, io.EOF) {
		return ErrLost
	}
	return fmt.Errorf("%w: %w", ErrLost, err)
}
