package session_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/durable"
	"github.com/panoscrub/panoscrub/internal/envelope"
	"github.com/panoscrub/panoscrub/internal/session"
	"github.com/panoscrub/panoscrub/internal/session/sessiontest"
)

func TestLocal(t *testing.T) {
	sessiontest.Workers(t, func(_ testing.TB, local *session.Local) session.Worker { return local })
}

// TestRecover lets a process die after each journal entry of a run, by cutting
// the journal there: the next start makes a record of it, and it is never PASS
// unless the run had signed one.
func TestRecover(t *testing.T) {
	s := sessiontest.NewStation(t, blocktest.Faults{})
	var journal []byte
	s.Emit = func(e session.Event) {
		if e.Kind == session.StageEnded && e.Stage == session.Recheck { // everything but the signed record is in it
			journal = onlyFile(t, s.Journals())
		}
	}
	if _, err := session.Sanitize(t.Context(), s.Options); err != nil {
		t.Fatal(err)
	}
	lines := slices.Collect(strings.Lines(string(journal)))
	if len(lines) < 8 {
		t.Fatalf("the journal has only %d entries", len(lines))
	}
	for n := range len(lines) + 1 {
		fresh := sessiontest.NewStation(t, blocktest.Faults{})
		id := recordID(t, lines[0])
		if err := os.WriteFile(filepath.Join(fresh.Folder, durable.Journals, id+".jsonl"), []byte(strings.Join(lines[:n], "")), 0o600); err != nil {
			t.Fatal(err)
		}
		recovered, err := session.Recover(t.Context(), fresh.Folder, func() (envelope.Signer, error) { return fresh.Key, nil })
		if err != nil {
			t.Fatalf("after %d entries: %v", n, err)
		}
		if left := fresh.Journals(); len(left) > 0 {
			t.Fatalf("after %d entries the journal is still there", n)
		}
		if n == 0 {
			if len(recovered) != 0 {
				t.Fatal("a run that had not begun left a record")
			}
			continue
		}
		p := fresh.Statement(recovered[0].Record).Predicate
		if p.Verdict != attest.Incomplete || p.Interrupted == nil || !p.Interrupted.RecoveredFromJournal || p.CertificateID != id {
			t.Fatalf("after %d entries: %s %+v", n, p.Verdict, p.Interrupted)
		}
	}
}

// TestRecoverWithoutKey: a journal that cannot be signed now waits.
func TestRecoverWithoutKey(t *testing.T) {
	s := sessiontest.NewStation(t, blocktest.Faults{})
	locked := errors.New("the key is locked")
	s.Signer = brokenSigner{s.Key, locked}
	var last session.Event
	s.Emit = func(e session.Event) { last = e }
	_, err := session.Sanitize(t.Context(), s.Options)
	if last.Kind != session.Finished || last.Result == nil || last.Result.Record != "" {
		t.Errorf("the last event is %+v, want the end, without a record", last)
	}
	var unstored *session.RecordError
	if !errors.As(err, &unstored) || !errors.Is(err, locked) || unstored.Verdict != attest.Pass {
		t.Fatalf("error %v, want a RecordError", err)
	}
	if _, err := session.Recover(t.Context(), s.Folder, func() (envelope.Signer, error) { return nil, locked }); !errors.Is(err, locked) {
		t.Fatalf("error %v", err)
	}
	recovered, err := session.Recover(t.Context(), s.Folder, func() (envelope.Signer, error) { return s.Key, nil })
	if err != nil || len(recovered) != 1 {
		t.Fatalf("%v, %v", recovered, err)
	}
	s.Statement(recovered[0].Record)
}

// TestContradiction: a case that does not fit together is told as FAIL, whatever
// its parts say.
func TestContradiction(t *testing.T) {
	s := sessiontest.NewStation(t, blocktest.Faults{})
	clock := 0
	s.Now = func() time.Time { clock--; return time.Date(2026, 11, 24, 9, 0, clock, 0, time.UTC) } // runs backwards
	s.Local.Now = s.Now
	result, err := session.Sanitize(t.Context(), s.Options)
	if err != nil {
		t.Fatal(err)
	}
	if p := s.Statement(result.Record).Predicate; p.Verdict != attest.Fail || result.Verdict != attest.Fail || !strings.Contains(strings.Join(p.Reasons, " "), "fit together") {
		t.Errorf("verdict %s, reasons %q", p.Verdict, p.Reasons)
	}
}

// TestRecoverOfStoredRecord: a run that stored its record and died before its
// journal said so keeps the verdict that it has, whatever the journal suggests.
func TestRecoverOfStoredRecord(t *testing.T) {
	s := sessiontest.NewStation(t, blocktest.Faults{})
	var path string
	var journal []byte
	s.Emit = func(e session.Event) {
		if e.Kind == session.StageEnded && e.Stage == session.Recheck {
			path = s.Journals()[0]
			journal = onlyFile(t, s.Journals())
		}
	}
	result, err := session.Sanitize(t.Context(), s.Options)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, journal, 0o600); err != nil {
		t.Fatal(err)
	}
	recovered, err := session.Recover(t.Context(), s.Folder, func() (envelope.Signer, error) { return s.Key, nil })
	if err != nil || len(recovered) != 1 || recovered[0].Verdict != attest.Pass || len(s.Journals()) != 0 {
		t.Fatalf("recovered %+v, error %v", recovered, err)
	}
	if p := s.Statement(result.Record).Predicate; p.Verdict != attest.Pass {
		t.Errorf("the stored record now says %s", p.Verdict)
	}
}

type brokenSigner struct {
	*envelope.Key
	err error
}

func (b brokenSigner) Sign(context.Context, []byte) ([]byte, error) { return nil, b.err }

func onlyFile(t *testing.T, paths []string) []byte {
	t.Helper()
	if len(paths) != 1 {
		t.Fatalf("files: %v, want one", paths)
	}
	data, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func recordID(t *testing.T, firstLine string) string {
	t.Helper()
	const field = `"certificateId":"`
	i := strings.Index(firstLine, field)
	if i < 0 {
		t.Fatal("the first entry names no certificate")
	}
	id, _, _ := strings.Cut(firstLine[i+len(field):], `"`)
	if !json.Valid([]byte(firstLine)) {
		t.Fatal("the first entry is not JSON")
	}
	return id
}
