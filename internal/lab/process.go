package lab

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/lab/wire"
)

// Command is a program to run in the guest.
type Command struct {
	Argv     []string
	Env      []string
	UID      uint32 // who runs it; 0 is root
	Terminal bool   // it has a terminal, where [Process.Type] types
}

// Process is a program that was started in the guest.
type Process struct {
	guest   *Guest
	control *control
	id      int
	argv    []string

	mu     sync.Mutex // guards what follows
	result Result
	ended  bool
	err    error
	news   chan struct{} // closed when any of it changes
}

func (p *Process) String() string { return strings.Join(p.argv, " ") }

// Result is how a program ended.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// Start starts a program.
func (g *Guest) Start(t testing.TB, cmd Command) *Process {
	t.Helper()
	c := g.control
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	p := &Process{guest: g, control: c, id: c.last, argv: cmd.Argv, news: make(chan struct{})}
	c.running[p.id] = p
	request := wire.Request{ID: p.id, Argv: cmd.Argv, Env: cmd.Env, UID: cmd.UID, Terminal: cmd.Terminal}
	if err := c.out.Encode(request); err != nil {
		t.Fatalf("starting %q in the guest: %v", cmd.Argv, err)
	}
	return p
}

// Run runs a program to its end, as root.
func (g *Guest) Run(t testing.TB, argv ...string) Result {
	t.Helper()
	return g.Start(t, Command{Argv: argv}).Wait(t)
}

// Must runs a program that must not fail, and returns what it printed.
func (g *Guest) Must(t testing.TB, argv ...string) string {
	t.Helper()
	r := g.Run(t, argv...)
	if r.Code != 0 {
		t.Fatalf("in the guest, %q: exit code %d: %s%s", argv, r.Code, r.Stdout, r.Stderr)
	}
	return r.Stdout
}

// Type types at the program's terminal.
func (p *Process) Type(t testing.TB, text string) {
	t.Helper()
	p.control.mu.Lock()
	defer p.control.mu.Unlock()
	if err := p.control.out.Encode(wire.Request{ID: p.id, Input: []byte(text)}); err != nil {
		t.Fatalf("typing to %q: %v", p.argv, err)
	}
}

// Await waits until the program has printed a text.
func (p *Process) Await(t testing.TB, text string) {
	t.Helper()
	p.await(t, func() bool { return strings.Contains(p.result.Stdout, text) })
	if r, ended, _ := p.state(); ended && !strings.Contains(r.Stdout, text) {
		t.Fatalf("in the guest, %q ended without printing %q: exit code %d: %s%s", p.argv, text, r.Code, r.Stdout, r.Stderr)
	}
}

// Ended reports whether the program has ended.
func (p *Process) Ended() bool {
	_, ended, _ := p.state()
	return ended
}

// Wait waits for the end of the program.
func (p *Process) Wait(t testing.TB) Result {
	t.Helper()
	p.await(t, func() bool { return false })
	r, _, err := p.state()
	if err != nil {
		t.Fatalf("in the guest, %q: %v; %s", p.argv, err, p.guest.lastWords())
	}
	return r
}

// await waits until something holds, or the program has ended.
func (p *Process) await(t testing.TB, holds func() bool) {
	t.Helper()
	tooLong := time.After(patience)
	for {
		p.mu.Lock()
		done, news := p.ended || holds(), p.news
		p.mu.Unlock()
		if done {
			return
		}
		select {
		case <-news:
		case <-tooLong:
			r, _, _ := p.state()
			t.Fatalf("in the guest, %q does not come to an end: %s%s", p.argv, r.Stdout, r.Stderr)
		}
	}
}

func (p *Process) state() (r Result, ended bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.result, p.ended, p.err
}

// hear takes what the guest tells about the program.
func (p *Process) hear(r wire.Reply, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.result.Stdout += string(r.Stdout)
	p.result.Stderr += string(r.Stderr)
	if r.Ended {
		p.ended, p.result.Code, p.err = true, r.Code, err
	}
	close(p.news)
	p.news = make(chan struct{})
}
