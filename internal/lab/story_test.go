package lab_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/envelope"
	"github.com/panoscrub/panoscrub/internal/lab"
	"github.com/panoscrub/panoscrub/internal/session"
)

// appliance is an invented device ID of the form that real ones have.
const appliance = "device-abcdefghijklmnopqrstuvwxya"

// shared is the lab of all stories, and the guest of those that leave it as it
// was; a boot takes as long as a story.
var shared struct {
	open, boot sync.Once
	lab        *lab.Lab
	guest      *lab.Guest
	err        error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.guest != nil {
		shared.guest.Cut()
	}
	if shared.lab != nil {
		if err := shared.lab.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// needLab makes sure that there is a lab.
func needLab(t *testing.T) {
	t.Helper()
	if os.Getenv("PANOSCRUB_E2E") == "" {
		t.Skip(`the stories of the lab are told by "make e2e"`)
	}
	shared.open.Do(func() { shared.lab, shared.err = lab.Open() })
	var missing *lab.MissingError
	if errors.As(shared.err, &missing) {
		t.Skipf("NOT RUN: %v", shared.err)
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
}

// story is one test's part of a guest: its own state folder, and its sticks.
type story struct {
	*testing.T
	guest *lab.Guest
	state string
}

// tell begins a story in the shared guest.
func tell(t *testing.T) story {
	t.Helper()
	needLab(t)
	shared.boot.Do(func() { shared.guest, shared.err = shared.lab.Boot("") })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return tellIn(t, shared.guest)
}

// tellIn begins a story in a guest.
func tellIn(t *testing.T, g *lab.Guest) story {
	return story{t, g, "/run/" + strings.ReplaceAll(t.Name(), "/", "-")}
}

// plug plugs in a stick and waits until the kernel has it.
func (s story) plug(stick lab.Stick) (plugged *lab.Plugged, node string) {
	s.Helper()
	plugged = s.guest.Plug(s.T, stick)
	return plugged, plugged.Node(s.T)
}

// command is a start of the program.
func (s story) command(args ...string) lab.Command {
	return lab.Command{Argv: append([]string{"panoscrub"}, args...), Env: []string{"PANOSCRUB_STATE_DIR=" + s.state}}
}

// run is a program that was started, with what there was before.
type run struct {
	*lab.Process
	before scene
}

// askedFor lets pass what was opened so far, by a program that was not refused yet.
func (r *run) askedFor() { r.before.opened = len(r.before.guest.Openings(r.before.T)) }

// start starts the program.
func (s story) start(cmd lab.Command) run {
	s.Helper()
	before := s.look()
	return run{s.guest.Start(s.T, cmd), before}
}

// panoscrub runs the program and insists on its exit code.
func (s story) panoscrub(code int, args ...string) lab.Result {
	s.Helper()
	return s.ends(code, s.start(s.command(args...)))
}

// refused is the exit code when a drive may not be touched.
const refused = 4

// ends waits for the end of a run and insists on its exit code. What should be
// refused must not touch a drive, whether it was refused or not.
func (s story) ends(code int, p run) lab.Result {
	s.Helper()
	r := p.Wait(s.T)
	if code == refused {
		p.before.untouched()
	}
	if r.Code != code {
		s.Fatalf("%s: exit code %d, want %d\n%s\n%s", p, r.Code, code, r.Stdout, r.Stderr)
	}
	return r
}

// sanitizing is the command that sanitizes a drive, confirmed as drives says.
func (s story) sanitizing(node string) []string {
	s.Helper()
	return []string{"sanitize", node, "--appliance", appliance, "--confirm", s.drive(node).Confirm}
}

// sanitize sanitizes a drive, and insists on the verdict. What the program
// prints, what it stores and what its verify says must agree.
func (s story) sanitize(node, verdict string) attest.Predicate {
	s.Helper()
	return s.judge(verdict, s.start(s.command(append(s.sanitizing(node), "--json")...)))
}

func (s story) judge(verdict string, p run) attest.Predicate {
	s.Helper()
	code := 5
	if verdict == attest.Pass {
		code = 0
	}
	out := s.ends(code, p).Stdout
	result := unmarshal[session.Result](s, out)
	if result.Verdict != verdict {
		s.Fatalf("verdict %s, want %s: %q", result.Verdict, verdict, result.Reasons)
	}
	return s.record(result.Record, verdict)
}

// record reads a stored record, which must be valid and have the verdict.
func (s story) record(file, verdict string) attest.Predicate {
	s.Helper()
	s.panoscrub(0, "verify", file)
	env, err := envelope.Parse([]byte(s.guest.Must(s.T, "cat", file)))
	if err != nil {
		s.Fatal(err)
	}
	statement, err := attest.ParseStatement(env.Payload)
	if err != nil {
		s.Fatal(err)
	}
	if got := statement.Predicate.Verdict; got != verdict {
		s.Fatalf("the record says %s, want %s: %q", got, verdict, statement.Predicate.Reasons)
	}
	return statement.Predicate
}

// records lists the stored records.
func (s story) records() []string {
	s.Helper()
	return strings.Fields(s.guest.Must(s.T, "sh", "-c", "ls "+s.state+"/records/*.dsse.json 2>/dev/null; true"))
}

// unmarshal parses a JSON document that must be nothing but that.
func unmarshal[T any](s story, text string) (v T) {
	s.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		s.Fatalf("%v in %s", err, text)
	}
	return v
}

// must lets a program in the guest do its work.
func (s story) must(argv ...string) { s.Helper(); s.guest.Must(s.T, argv...) }

// finally has a program in the guest tidy up when the story ends.
func (s story) finally(argv ...string) {
	s.Cleanup(func() {
		if r := s.guest.Run(s.T, argv...); r.Code != 0 {
			s.Errorf("%q: exit code %d: %s%s", argv, r.Code, r.Stdout, r.Stderr)
		}
	})
}
