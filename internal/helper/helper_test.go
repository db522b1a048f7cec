package helper

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/session"
	"github.com/panoscrub/panoscrub/internal/session/sessiontest"
)

// throughPipes is a client whose helper is a goroutine of this process, which
// works as local does.
func throughPipes(t testing.TB, local *session.Local) session.Worker {
	return Client{Start: func() (io.WriteCloser, io.Reader, func() error, error) {
		in, orders := io.Pipe()
		news, out := io.Pipe()
		ended := make(chan error, 1)
		go func() {
			err := Serve(t.Context(), local, in, out)
			_ = out.Close()
			ended <- err
		}()
		return orders, news, func() error { return <-ended }, nil
	}}
}

func TestClient(t *testing.T) { sessiontest.Workers(t, throughPipes) }

// TestNotOrdered: the helper writes nothing for whoever does not ask for it as
// the protocol has it, and agree to the plan.
func TestNotOrdered(t *testing.T) {
	for name, answers := range map[string]string{
		"nothing more":    "",
		"no":              `{"answer":{"id":1,"error":{"text":"no","causes":["declined"]}}}`,
		"another number":  `{"answer":{"id":7,"how":"yes"}}`,
		"begun, unsaid":   `{"answer":{"id":1,"how":"yes"}}`,
		"begun, refused":  `{"answer":{"id":1,"how":"yes"}}` + "\n" + `{"answer":{"id":2,"error":{"text":"full"}}}`,
		"cancelled":       `{"cancel":{"cause":"x"}}`,
		"another order":   `{"inspect":{"protocol":"panoscrub/helper/v2","target":"/dev/null"}}`,
		"garbage":         `{"answer":`,
		"something else":  `{"answer":{"id":1,"how":"yes","force":true}}`,
		"two on one line": `{"answer":{"id":1,"how":"yes"}}{"answer":{"id":2}}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := sessiontest.NewStation(t, blocktest.Faults{})
			first, err := json.Marshal(order{Sanitize: &sanitizeOrder{Protocol, s.Request}})
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			_ = Serve(t.Context(), s.Local, strings.NewReader(string(first)+"\n"+answers+"\n"), &out)
			if n := s.Stick.Counts().Writes; n > 0 {
				t.Errorf("%d writes\n%.2000s", n, &out)
			}
		})
	}
}

// TestPolicyIsNotBelieved: before a target is opened, a policy is one of the
// program's own, just as it has it, or within the bounds of an operator's file.
func TestPolicyIsNotBelieved(t *testing.T) {
	own := policy.Policy{
		Schema: policy.Schema, ID: "site", Title: "our site's", Own: true, Passes: []policy.Pattern{policy.Keyed}, ReadBackPercent: 100, Reformat: true,
	}
	for _, c := range []struct {
		name   string
		change func(*policy.Policy)
		ok     bool
	}{
		{"an operator's", func(*policy.Policy) {}, true},
		{"the default", func(p *policy.Policy) { *p = policy.Builtin()[0] }, true},
		{"the default, with less read back", func(p *policy.Policy) { *p = policy.Builtin()[0]; p.ReadBackPercent = 1 }, false},
		{"an operator's by the name of the default", func(p *policy.Policy) { p.ID = policy.Default }, false},
		{"one that is said to be built in", func(p *policy.Policy) { p.Own = false }, false},
		{"nothing written", func(p *policy.Policy) { p.Passes = nil }, false},
		{"a share, formatted", func(p *policy.Policy) { p.ReadBackPercent = 50 }, false},
	} {
		req := session.Request{Policy: own, Label: "X"}
		c.change(&req.Policy)
		if got, err := checked(req); c.ok != (err == nil) || !c.ok && !errors.Is(err, policy.ErrInvalid) || c.ok && got.Policy.Digest() != req.Policy.Digest() {
			t.Errorf("%s: %+v, %v", c.name, got.Policy, err)
		}
	}
}

// FuzzServe gives the helper any lines. Whatever they are, nothing is written
// unless the plan was agreed to and the journal confirmed, and it ends.
func FuzzServe(f *testing.F) {
	s := sessiontest.NewStation(f, blocktest.Faults{})
	first, err := json.Marshal(order{Sanitize: &sanitizeOrder{Protocol, s.Request}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(first) + "\n")
	f.Add(string(first) + "\n" + `{"answer":{"id":1,"how":"yes"}}` + "\n")
	f.Add(`{"inspect":{"protocol":"panoscrub/helper/v2","target":"/nothing","ownRules":"AAAA"}}`)
	f.Add(`{"cancel":{"cause":"x"}}`)
	f.Fuzz(func(t *testing.T, lines string) {
		_ = Serve(t.Context(), s.Local, strings.NewReader(lines), io.Discard)
		agreed := strings.Contains(lines, "answer") && strings.Contains(lines, "id")
		if n := s.Stick.Counts().Writes; n > 0 && !agreed {
			t.Errorf("%d writes", n)
		}
	})
}

// FuzzTalk gives the program any news: it ends, with an error unless the helper
// said that its work had ended, and its desk takes no entry out of order.
func FuzzTalk(f *testing.F) {
	const hello = `{"protocol":"panoscrub/helper/v2"}` + "\n"
	f.Add(hello + `{"event":{"event":"progress","at":"2026-01-01T00:00:00Z","stage":"overwrite"}}` + "\n" + `{"end":{}}`)
	f.Add(hello + `{"confirm":{"id":1,"drive":{},"plan":{}}}` + "\n" + `{"end":{"error":{"text":"x","causes":["gone"],"refused":{"Refusals":null}}}}`)
	f.Add(hello + `{"note":{"id":1,"kind":"begun","data":{}}}` + "\n")
	f.Add(hello + `{"note":{"id":1,"kind":"pass","data":{}}}` + "\n" + `{"end":{}}`)
	f.Fuzz(func(t *testing.T, lines string) {
		s := sessiontest.NewStation(t, blocktest.Faults{})
		s.Worker = Client{Start: func() (io.WriteCloser, io.Reader, func() error, error) {
			return discard{}, strings.NewReader(lines), func() error { return nil }, nil
		}}
		result, err := s.Sanitize(t.Context())
		if result.Verdict == attest.Pass {
			t.Errorf("PASS from %q", lines)
		}
		if err == nil && !strings.Contains(lines, "end") {
			t.Errorf("no error from %q", lines)
		}
	})
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Close() error                { return nil }
