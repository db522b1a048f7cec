package helper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/session"
	"github.com/panoscrub/panoscrub/internal/volume"
)

// errLeft is why a run ends when nobody is there any more to tell.
var errLeft = errors.New("the program that started the helper has gone")

// Serve is the helper: it takes one order from in, has it carried out by worker,
// and tells on out what happens. It returns when the work has ended, in order,
// which it also does when in ends. The error is of the conversation; that of the
// work was told to the other side.
func Serve(ctx context.Context, worker session.Worker, in io.Reader, out io.Writer) error {
	h := &host{out: newWriter(out), waiting: map[int]chan answer{}}
	if err := h.out.write(news{Protocol: Protocol}); err != nil {
		return err
	}
	orders := newReader(in, maxOrder)
	var first order
	if err := orders.next(&first); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go h.listen(orders, cancel)
	ended, err := h.work(ctx, worker, first)
	if err != nil {
		return err
	}
	return h.out.write(news{End: &ended})
}

// host is a conversation from the helper's side: it is the desk of the run, whose
// drawers are in the other process.
type host struct {
	out *writer

	mu      sync.Mutex
	last    int // number of a question
	waiting map[int]chan answer
	left    bool // nobody answers any more
}

// work does what the first line asks for.
func (h *host) work(ctx context.Context, worker session.Worker, first order) (ended end, err error) {
	switch {
	case first.Inspect != nil && first.Inspect.Protocol == Protocol:
		d, report, err := worker.Inspect(ctx, first.Inspect.Look, h.Emit)
		return end{Drive: &d, Report: &report, Error: fail(err)}, nil
	case first.Audit != nil && first.Audit.Protocol == Protocol:
		problems, err := worker.Audit(ctx, first.Audit.Look, first.Audit.Statement, h.Emit)
		return end{Problems: problems, Error: fail(err)}, nil
	case first.Sanitize != nil && first.Sanitize.Protocol == Protocol:
		req, err := checked(first.Sanitize.Request)
		if err == nil {
			err = worker.Sanitize(ctx, req, h)
		}
		return end{Error: fail(err)}, nil
	}
	return end{}, fmt.Errorf("%w: the first line is no order of %s", ErrProtocol, Protocol)
}

// checked is a request of which nothing is taken as it was told that a drive's
// content depends on. A policy is one of this program's own, just as it has it, or
// an operator's within the same bounds as if it had been read from its file here;
// which of them it is, and what it asks for, stands in the plan that the operator
// agrees to, and in the record.
func checked(req session.Request) (_ session.Request, err error) {
	if err := req.Policy.Check(); err != nil {
		return req, err
	}
	req.Label, err = volume.CheckLabel(req.Label)
	return req, err
}

// listen takes answers, until there are no more.
func (h *host) listen(orders reader, cancel context.CancelCauseFunc) {
	for {
		var o order
		err := orders.next(&o)
		switch {
		case errors.Is(err, io.EOF):
			err = errLeft
		case err != nil:
		case o.Cancel != nil:
			cancel(errors.New(o.Cancel.Cause))
			continue
		case o.Answer != nil:
			h.settle(*o.Answer)
			continue
		default:
			err = fmt.Errorf("%w: an order in the middle of another", ErrProtocol)
		}
		cancel(err)
		h.leave()
		return
	}
}

// settle hands an answer to whoever waits for it.
func (h *host) settle(a answer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if waiting, ok := h.waiting[a.ID]; ok {
		delete(h.waiting, a.ID)
		waiting <- a
	}
}

// leave answers all that is open, and what comes, with an error.
func (h *host) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.left = true
	for id, waiting := range h.waiting {
		delete(h.waiting, id)
		waiting <- answer{Error: fail(errLeft)}
	}
}

// ask sends what must be answered, and waits for that.
func (h *host) ask(send func(id int) news) (answer, error) {
	h.mu.Lock()
	if h.left {
		h.mu.Unlock()
		return answer{}, errLeft
	}
	h.last++
	id, waiting := h.last, make(chan answer, 1)
	h.waiting[id] = waiting
	h.mu.Unlock()
	if err := h.out.write(send(id)); err != nil {
		return answer{}, err
	}
	a := <-waiting
	return a, a.Error.error()
}

// Emit implements [session.Desk]. When nobody listens any more, the run ends for
// that reason, and not for this one.
func (h *host) Emit(e session.Event) { _ = h.out.write(news{Event: &e}) }

// Confirm implements [session.Desk].
func (h *host) Confirm(_ context.Context, d drive.Drive, p plan.Plan) (string, error) {
	a, err := h.ask(func(id int) news { return news{Confirm: &question{id, d, p}} })
	return a.How, err
}

// Note implements [session.Desk].
func (h *host) Note(kind string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("the entry %q: %w", kind, err)
	}
	_, err = h.ask(func(id int) news { return news{Note: &note{id, kind, data}} })
	return err
}
