package session

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/durable"
	"github.com/panoscrub/panoscrub/internal/envelope"
	"github.com/panoscrub/panoscrub/internal/evidence"
	"github.com/panoscrub/panoscrub/internal/plan"
)

const (
	mib       = 1 << 20
	stickSize = 40 * mib
	appliance = "device-abcdefghijklmnopqrstuvwxya"
)

// station is a state folder, a key, and a stick that the test holds in its hand:
// it is found as an image of the right size, and opened as a fake.
type station struct {
	t     *testing.T
	state string
	key   *envelope.Key
	stick *blocktest.Fake
	local *Local
	Options
}

func newStation(t *testing.T, faults blocktest.Faults) *station {
	t.Helper()
	state, err := durable.Dir(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := envelope.Generate(envelope.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	image := filepath.Join(t.TempDir(), "stick.img")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, stickSize); err != nil {
		t.Fatal(err)
	}
	policy, err := plan.PolicyByID(plan.DefaultPolicy)
	if err != nil {
		t.Fatal(err)
	}
	s := &station{t: t, state: state, key: key, stick: blocktest.NewFake(stickSize, 512, faults)}
	s.local = &Local{
		System: drive.Host(), Access: attest.AccessDirect, Now: time.Now,
		Tool: attest.Tool{Name: "panoscrub", Version: "test", GoVersion: "go1.26", OS: "linux", Arch: "amd64"},
		Open: func(drive.Drive, block.Mode) (block.Device, error) { return s.stick, nil },
	}
	s.Options = Options{
		Worker: s.local, State: state, Signer: key, Now: time.Now, Emit: func(Event) {},
		Request: Request{Target: image, Policy: policy, Label: "PANORAMA", Stated: evidence.Stated{ApplianceID: appliance}},
		Confirm: func(context.Context, drive.Drive, plan.Plan) (string, error) { return "--yes", nil },
	}
	return s
}

// statement verifies a record and returns what it says.
func (s *station) statement(path string) attest.Statement {
	s.t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	env, err := envelope.Parse(data)
	if err != nil {
		s.t.Fatal(err)
	}
	payload, _, err := envelope.Verify(env, attest.PayloadType, s.key.Public())
	if err != nil {
		s.t.Fatal(err)
	}
	statement, err := attest.ParseStatement(payload)
	if err != nil {
		s.t.Fatal(err)
	}
	if problems := statement.Validate(); len(problems) > 0 {
		s.t.Fatalf("the record contradicts itself: %v", problems)
	}
	document, err := os.ReadFile(DrivePath(path))
	if err != nil {
		s.t.Fatal(err)
	}
	if problems := attest.CheckDriveDocument(statement, document); len(problems) > 0 {
		s.t.Fatalf("the drive document is wrong: %v", problems)
	}
	return statement
}

func (s *station) journals() []string {
	s.t.Helper()
	left, err := filepath.Glob(filepath.Join(s.state, durable.Journals, "*.jsonl"))
	if err != nil {
		s.t.Fatal(err)
	}
	return left
}

func at512(n int64) block.Extents { return block.Extents{{Offset: n * 512, Length: 512}} }

// TestVerdicts runs the whole flow on sticks that lie and fail. Whatever they do,
// there is a record, it is consistent, and PASS is for the honest one alone.
func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name    string
		faults  blocktest.Faults
		verdict string
		reason  string // part of one
		proven  int64  // -1: not looked at
		pull    Stage  // pulled when this stage starts
	}{
		{"honest", blocktest.Faults{}, attest.Pass, "", stickSize, ""},
		{"honest with a cache", blocktest.Faults{Cache: true}, attest.Pass, "", stickSize, ""},
		{"counterfeit, wraps", blocktest.Faults{RealSize: 10 * mib, Wrap: true}, attest.Fail, "less memory than it announces", 10 * mib, ""},
		{"counterfeit, drops", blocktest.Faults{RealSize: 10 * mib}, attest.Fail, "did not write", 10 * mib, ""},
		{"one sector keeps its content", blocktest.Faults{Drop: at512(5000)}, attest.Fail, "did not write", stickSize - 512, ""},
		{"one sector cannot be written", blocktest.Faults{WriteErrors: at512(5000)}, attest.Fail, "could not be written, the first at byte 2560000", stickSize - 512, ""},
		{"one sector cannot be read", blocktest.Faults{ReadErrors: at512(5000)}, attest.Fail, "could not be read back, the first at byte 2560000", stickSize - 512, ""},
		{"the flush fails", blocktest.Faults{SyncError: syscall.EIO}, attest.Fail, "flushing", -1, ""},
		{"pulled while being overwritten", blocktest.Faults{VanishAfter: stickSize + stickSize/2}, attest.Incomplete, "has gone", 0, ""},
		{"pulled while being read back", blocktest.Faults{VanishAfter: 2*stickSize + stickSize/2}, attest.Incomplete, "has gone", -1, ""},
		{"pulled while being formatted", blocktest.Faults{}, attest.Incomplete, "has gone", stickSize, Format},
		{"pulled while being rechecked", blocktest.Faults{}, attest.Incomplete, "has gone", stickSize, Recheck},
		{"swapped before the read-back", blocktest.Faults{ChangeAfter: 2 * stickSize}, attest.Fail, "no longer the drive", 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStation(t, c.faults)
			s.Emit = func(e Event) {
				if e.Kind == StageStarted && e.Stage == c.pull {
					s.stick.Vanish()
				}
			}
			result, err := Sanitize(t.Context(), s.Options)
			if err != nil {
				t.Fatal(err)
			}
			if result.Verdict != c.verdict {
				t.Fatalf("verdict %s, want %s; reasons %q", result.Verdict, c.verdict, result.Reasons)
			}
			if got := strings.Join(result.Reasons, "\n"); !strings.Contains(got, c.reason) || (got == "") != (c.verdict == attest.Pass) {
				t.Errorf("reasons %q, want one with %q", result.Reasons, c.reason)
			}
			p := s.statement(result.Record).Predicate
			if p.Verdict != c.verdict || c.proven >= 0 && p.Capacity.ProvenBytes != c.proven {
				t.Errorf("the record says %s, %d bytes proven, want %d", p.Verdict, p.Capacity.ProvenBytes, c.proven)
			}
			if (p.Format != nil) != (c.verdict == attest.Pass) {
				t.Errorf("a drive with the verdict %s was given back formatted: %v", c.verdict, p.Format != nil)
			}
			if left := s.journals(); len(left) > 0 {
				t.Errorf("journals were left: %v", left)
			}
			if refused := s.stick.Counts().Refused; refused > 0 {
				t.Errorf("%d requests broke the contract of a device", refused)
			}
		})
	}
}

// TestUntouched: every error before the journal is durable leaves the drive
// without one write, and without a record.
func TestUntouched(t *testing.T) {
	declined := errors.New("no, thank you")
	for _, c := range []struct {
		name   string
		change func(*station)
		is     error
	}{
		{"declined", func(s *station) {
			s.Confirm = func(context.Context, drive.Drive, plan.Plan) (string, error) { return "", declined }
		}, declined},
		{"swapped between confirmation and the first write", func(s *station) {
			s.Confirm = func(context.Context, drive.Drive, plan.Plan) (string, error) { s.stick.Change(); return "--yes", nil }
		}, block.ErrChanged},
		{"pulled between confirmation and the first write", func(s *station) {
			s.Confirm = func(context.Context, drive.Drive, plan.Plan) (string, error) { s.stick.Vanish(); return "--yes", nil }
		}, block.ErrGone},
		{"the journal cannot be made", func(s *station) { s.State = filepath.Join(s.state, "nowhere") }, os.ErrNotExist},
		{"another size than was announced", func(s *station) { s.stick = blocktest.NewFake(stickSize/2, 512, blocktest.Faults{}) }, block.ErrChanged},
		{"missing", func(s *station) { s.Request.Target += ".not" }, os.ErrNotExist},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStation(t, blocktest.Faults{})
			c.change(s)
			result, err := Sanitize(t.Context(), s.Options)
			if !errors.Is(err, c.is) || result.CertificateID != "" {
				t.Errorf("got %+v, error %v, want %v", result, err, c.is)
			}
			if n := s.stick.Counts().Writes; n > 0 {
				t.Errorf("%d writes reached the drive", n)
			}
			if left := s.journals(); len(left) > 0 {
				t.Errorf("journals were left: %v", left)
			}
		})
	}
}

// TestCancelInEachStage cancels the run when a stage starts: before the first
// write nothing is left, after it an INCOMPLETE record is.
func TestCancelInEachStage(t *testing.T) {
	cause := errors.New("somebody pressed Ctrl-C")
	for _, stage := range []Stage{Inspect, Confirm, Overwrite, ReadBack, Format, Recheck} {
		t.Run(string(stage), func(t *testing.T) {
			s := newStation(t, blocktest.Faults{})
			ctx, cancel := context.WithCancelCause(t.Context())
			s.Emit = func(e Event) {
				if e.Kind == StageStarted && e.Stage == stage {
					cancel(cause)
				}
			}
			result, err := Sanitize(ctx, s.Options)
			if !errors.Is(err, cause) {
				t.Fatalf("error %v, want the cause", err)
			}
			if stage == Inspect || stage == Confirm {
				if result.CertificateID != "" || s.stick.Counts().Writes > 0 {
					t.Errorf("a run that had not begun left %+v and %d writes", result, s.stick.Counts().Writes)
				}
				return
			}
			p := s.statement(result.Record).Predicate
			if p.Verdict != attest.Incomplete || p.Interrupted == nil || p.Interrupted.Stage != string(stage) || p.Interrupted.RecoveredFromJournal {
				t.Errorf("the record says %s, interrupted %+v", p.Verdict, p.Interrupted)
			}
		})
	}
}

// TestInterruptedAt: a run that is cancelled tells in its record how far the
// stage was.
func TestInterruptedAt(t *testing.T) {
	s := newStation(t, blocktest.Faults{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.local.Open = func(drive.Drive, block.Mode) (block.Device, error) { return cancelOnWrite{s.stick, cancel}, nil }
	result, err := Sanitize(ctx, s.Options)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want the cause", err)
	}
	p := s.statement(result.Record).Predicate
	if p.Interrupted == nil || p.Interrupted.Bytes == 0 || p.Interrupted.Bytes != p.Passes[0].Bytes {
		t.Errorf("interrupted %+v in %+v, want it at the bytes of the pass", p.Interrupted, p.Passes)
	}
}

// cancelOnWrite cancels the run when it writes.
type cancelOnWrite struct {
	block.Device
	cancel context.CancelFunc
}

func (c cancelOnWrite) WriteAt(p []byte, off int64) (int, error) {
	c.cancel()
	return c.Device.WriteAt(p, off)
}

// TestAnotherVolume: a volume that is right in itself, but not the one that this
// run made, is no PASS.
func TestAnotherVolume(t *testing.T) {
	for _, c := range []struct {
		name string
		at   []int64
	}{
		{"disk signature", []int64{440}},
		{"volume ID", []int64{mib + 67, mib + 6*512 + 67}}, // and in the backup boot sector
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStation(t, blocktest.Faults{})
			s.Emit = func(e Event) {
				if e.Kind != StageStarted || e.Stage != Recheck {
					return
				}
				for _, off := range c.at {
					if _, err := block.AnyWriter(s.stick).WriteAt([]byte("else"), off); err != nil {
						t.Error(err)
					}
				}
			}
			result, err := Sanitize(t.Context(), s.Options)
			if err != nil {
				t.Fatal(err)
			}
			if p := s.statement(result.Record).Predicate; p.Verdict != attest.Fail || !strings.Contains(strings.Join(p.Reasons, " "), "not the one that was made") {
				t.Errorf("verdict %s, reasons %q", p.Verdict, p.Reasons)
			}
		})
	}
}

// TestRecover lets a process die after each journal entry of a run, by cutting
// the journal there: the next start makes a record of it, and it is never PASS
// unless the run had signed one.
func TestRecover(t *testing.T) {
	s := newStation(t, blocktest.Faults{})
	var journal []byte
	s.Emit = func(e Event) {
		if e.Kind == StageEnded && e.Stage == Recheck { // everything but the signed record is in it
			journal = onlyFile(t, s.journals())
		}
	}
	if _, err := Sanitize(t.Context(), s.Options); err != nil {
		t.Fatal(err)
	}
	lines := slices.Collect(strings.Lines(string(journal)))
	if len(lines) < 8 {
		t.Fatalf("the journal has only %d entries", len(lines))
	}
	for n := range len(lines) + 1 {
		fresh := newStation(t, blocktest.Faults{})
		id := recordID(t, lines[0])
		if err := os.WriteFile(filepath.Join(fresh.state, durable.Journals, id+".jsonl"), []byte(strings.Join(lines[:n], "")), 0o600); err != nil {
			t.Fatal(err)
		}
		recovered, err := Recover(t.Context(), fresh.state, func() (envelope.Signer, error) { return fresh.key, nil })
		if err != nil {
			t.Fatalf("after %d entries: %v", n, err)
		}
		if left := fresh.journals(); len(left) > 0 {
			t.Fatalf("after %d entries the journal is still there", n)
		}
		if n == 0 {
			if len(recovered) != 0 {
				t.Fatal("a run that had not begun left a record")
			}
			continue
		}
		p := fresh.statement(recovered[0].Record).Predicate
		if p.Verdict != attest.Incomplete || p.Interrupted == nil || !p.Interrupted.RecoveredFromJournal || p.CertificateID != id {
			t.Fatalf("after %d entries: %s %+v", n, p.Verdict, p.Interrupted)
		}
	}
}

// TestRecoverWithoutKey: a journal that cannot be signed now waits.
func TestRecoverWithoutKey(t *testing.T) {
	s := newStation(t, blocktest.Faults{})
	locked := errors.New("the key is locked")
	s.Signer = brokenSigner{s.key, locked}
	var last Event
	s.Emit = func(e Event) { last = e }
	_, err := Sanitize(t.Context(), s.Options)
	if last.Kind != Finished || last.Result == nil || last.Result.Record != "" {
		t.Errorf("the last event is %+v, want the end, without a record", last)
	}
	var unstored *RecordError
	if !errors.As(err, &unstored) || !errors.Is(err, locked) || unstored.Verdict != attest.Pass {
		t.Fatalf("error %v, want a RecordError", err)
	}
	if _, err := Recover(t.Context(), s.state, func() (envelope.Signer, error) { return nil, locked }); !errors.Is(err, locked) {
		t.Fatalf("error %v", err)
	}
	recovered, err := Recover(t.Context(), s.state, func() (envelope.Signer, error) { return s.key, nil })
	if err != nil || len(recovered) != 1 {
		t.Fatalf("%v, %v", recovered, err)
	}
	s.statement(recovered[0].Record)
}

// TestContradiction: a case that does not fit together is told as FAIL, whatever
// its parts say.
func TestContradiction(t *testing.T) {
	s := newStation(t, blocktest.Faults{})
	clock := 0
	s.Now = func() time.Time { clock--; return time.Date(2026, 11, 24, 9, 0, clock, 0, time.UTC) } // runs backwards
	s.local.Now = s.Now
	result, err := Sanitize(t.Context(), s.Options)
	if err != nil {
		t.Fatal(err)
	}
	if p := s.statement(result.Record).Predicate; p.Verdict != attest.Fail || result.Verdict != attest.Fail || !strings.Contains(strings.Join(p.Reasons, " "), "fit together") {
		t.Errorf("verdict %s, reasons %q", p.Verdict, p.Reasons)
	}
}

// TestRecoverOfStoredRecord: a run that stored its record and died before its
// journal said so keeps the verdict that it has, whatever the journal suggests.
func TestRecoverOfStoredRecord(t *testing.T) {
	s := newStation(t, blocktest.Faults{})
	var path string
	var journal []byte
	s.Emit = func(e Event) {
		if e.Kind == StageEnded && e.Stage == Recheck {
			path = s.journals()[0]
			journal = onlyFile(t, s.journals())
		}
	}
	result, err := Sanitize(t.Context(), s.Options)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, journal, 0o600); err != nil {
		t.Fatal(err)
	}
	recovered, err := Recover(t.Context(), s.state, func() (envelope.Signer, error) { return s.key, nil })
	if err != nil || len(recovered) != 1 || recovered[0].Verdict != attest.Pass || len(s.journals()) != 0 {
		t.Fatalf("recovered %+v, error %v", recovered, err)
	}
	if p := s.statement(result.Record).Predicate; p.Verdict != attest.Pass {
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
