package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/session"
)

// Maker makes the worker under test, which does what local does.
type Maker func(t testing.TB, local *session.Local) session.Worker

func (m Maker) station(t testing.TB, faults blocktest.Faults) *Station {
	t.Helper()
	s := NewStation(t, faults)
	s.Worker = m(t, s.Local)
	return s
}

// Workers checks that a worker keeps the contract of [session.Worker].
func Workers(t *testing.T, make Maker) {
	t.Run("verdicts", func(t *testing.T) { verdicts(t, make) })
	t.Run("pulled in the last scan", func(t *testing.T) { pulledInLastScan(t, make) })
	t.Run("cache defence", func(t *testing.T) { cacheDefence(t, make) })
	t.Run("policies", func(t *testing.T) { policies(t, make) })
	t.Run("untouched", func(t *testing.T) { untouched(t, make) })
	t.Run("cancelled in each stage", func(t *testing.T) { cancelInEachStage(t, make) })
	t.Run("interrupted at", func(t *testing.T) { interruptedAt(t, make) })
	t.Run("another volume", func(t *testing.T) { anotherVolume(t, make) })
	t.Run("resumed", func(t *testing.T) { resumed(t, make) })
	t.Run("inspect", func(t *testing.T) { inspect(t, make) })
	t.Run("audit", func(t *testing.T) { audit(t, make) })
}

// pulledInLastScan: a drive that is gone while its new volume is looked at has not been
// found to hold anything.
func pulledInLastScan(t *testing.T, make Maker) {
	honest := make.station(t, blocktest.Faults{})
	var before int64
	honest.OnStage(session.Recheck, func() { before = honest.Stick.Counts().BytesRead })
	if result, err := honest.Sanitize(t.Context()); err != nil || result.Verdict != attest.Pass {
		t.Fatalf("%+v, %v", result, err)
	}
	read := honest.Stick.Counts().BytesRead - before
	s := make.station(t, blocktest.Faults{})
	s.OnStage(session.Recheck, func() { s.Stick.SetFaults(blocktest.Faults{VanishAfter: read - 512}) })
	result, err := s.Sanitize(t.Context())
	if err != nil || result.Verdict != attest.Incomplete || !strings.Contains(strings.Join(result.Reasons, "\n"), "has gone") {
		t.Errorf("%s %q, %v", result.Verdict, result.Reasons, err)
	}
}

// cacheDefence: the record says what was done so that the stick's own cache cannot
// have answered the read-back.
func cacheDefence(t *testing.T, make Maker) {
	for _, c := range []struct {
		name, kind, reason string
		faults             blocktest.Faults
	}{
		{"reset", attest.CacheDefenceReset, "", blocktest.Faults{}},
		{"no way to", attest.CacheDefenceNone, "it is a card", blocktest.Faults{ResetError: &block.NoResetError{Because: "it is a card"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := make.station(t, c.faults)
			result, err := s.Sanitize(t.Context())
			if err != nil || result.Verdict != attest.Pass {
				t.Fatalf("%+v, %v", result, err)
			}
			if v := s.Statement(result.Record).Predicate.Verification; v.CacheDefence != c.kind || v.CacheDefenceReason != c.reason {
				t.Errorf("the record says %+v", v)
			}
			if n := s.Stick.Counts().Resets; n != 1 {
				t.Errorf("%d resets", n)
			}
		})
	}
}

func at512(n int64) block.Extents { return block.Extents{{Offset: n * 512, Length: 512}} }

// verdicts runs the whole flow on sticks that lie and fail. Whatever they do,
// there is a record, it is consistent, and PASS is for the honest one alone.
func verdicts(t *testing.T, make Maker) {
	for _, c := range []struct {
		name    string
		faults  blocktest.Faults
		verdict string
		reason  string        // part of one
		proven  int64         // -1: not looked at
		pull    session.Stage // pulled when this stage starts
	}{
		{"honest", blocktest.Faults{}, attest.Pass, "", StickSize, ""},
		{"honest with a cache", blocktest.Faults{Cache: true}, attest.Pass, "", StickSize, ""},
		{"stores nothing, answers from its cache", blocktest.Faults{Cache: true, SyncLies: true}, attest.Fail, "did not write", 0, ""},
		{"does not come back from its reset", blocktest.Faults{ResetError: block.ErrGone}, attest.Incomplete, "has gone", -1, ""},
		{"counterfeit, wraps", blocktest.Faults{RealSize: 10 * mib, Wrap: true}, attest.Fail, "less memory than it announces", 10 * mib, ""},
		{"counterfeit, drops", blocktest.Faults{RealSize: 10 * mib}, attest.Fail, "did not write", 10 * mib, ""},
		{"one sector keeps its content", blocktest.Faults{Drop: at512(5000)}, attest.Fail, "did not write", StickSize - 512, ""},
		{"one sector cannot be written", blocktest.Faults{WriteErrors: at512(5000)}, attest.Fail, "could not be written, the first at byte 2560000", StickSize - 512, ""},
		{"one sector cannot be read", blocktest.Faults{ReadErrors: at512(5000)}, attest.Fail, "could not be read back, the first at byte 2560000", StickSize - 512, ""},
		{"the flush fails", blocktest.Faults{SyncError: syscall.EIO}, attest.Fail, "flushing", -1, ""},
		{"pulled while being overwritten", blocktest.Faults{VanishAfter: StickSize + StickSize/2}, attest.Incomplete, "has gone", 0, ""},
		{"pulled before it is flushed", blocktest.Faults{VanishAfter: 2 * StickSize}, attest.Incomplete, "has gone", 0, ""},
		{"pulled while being read back", blocktest.Faults{VanishAfter: 2*StickSize + StickSize/2}, attest.Incomplete, "has gone", -1, ""},
		{"pulled while being formatted", blocktest.Faults{}, attest.Incomplete, "has gone", StickSize, session.Format},
		{"pulled while being rechecked", blocktest.Faults{}, attest.Incomplete, "has gone", StickSize, session.Recheck},
		{"swapped before the read-back", blocktest.Faults{ChangeAfter: 2 * StickSize}, attest.Fail, "no longer the drive", 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := make.station(t, c.faults)
			s.OnStage(c.pull, s.Stick.Vanish)
			result, err := s.Sanitize(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if result.Verdict != c.verdict {
				t.Fatalf("verdict %s, want %s; reasons %q", result.Verdict, c.verdict, result.Reasons)
			}
			if got := strings.Join(result.Reasons, "\n"); !strings.Contains(got, c.reason) || (got == "") != (c.verdict == attest.Pass) {
				t.Errorf("reasons %q, want one with %q", result.Reasons, c.reason)
			}
			p := s.Statement(result.Record).Predicate
			if p.Verdict != c.verdict || c.proven >= 0 && p.Capacity.ProvenBytes != c.proven {
				t.Errorf("the record says %s, %d bytes proven, want %d", p.Verdict, p.Capacity.ProvenBytes, c.proven)
			}
			if (p.Format != nil) != (c.verdict == attest.Pass) {
				t.Errorf("a drive with the verdict %s was given back formatted: %v", c.verdict, p.Format != nil)
			}
			if left := s.Journals(); len(left) > 0 {
				t.Errorf("journals were left: %v", left)
			}
			if refused := s.Stick.Counts().Refused; refused > 0 {
				t.Errorf("%d requests broke the contract of a device", refused)
			}
		})
	}
}

// own is an operator's policy, which leaves a drive without a file system.
func own(percent int, passes ...policy.Pattern) policy.Policy {
	return policy.Policy{Schema: policy.Schema, ID: "site", Title: "our site's", Own: true, Passes: passes, ReadBackPercent: percent}
}

// policies runs the whole flow under each policy. The record says what was ordered
// and what was read back of it, and PASS only where that was everything.
func policies(t *testing.T, make Maker) {
	asked := append(policy.Builtin(), own(100, policy.Fixed(0x92, 0x49, 0x24), policy.Keyed, policy.Complement), own(10, policy.Keyed))
	for _, p := range asked {
		t.Run(fmt.Sprintf("%s, %d %%", p.ID, p.ReadBackPercent), func(t *testing.T) {
			s := make.station(t, blocktest.Faults{})
			s.Request.Policy = p
			result, err := s.Sanitize(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			r := s.Statement(result.Record).Predicate
			verdict, method := attest.Pass, attest.MethodFull
			if p.Sampled() {
				verdict, method = attest.Incomplete, attest.MethodSampled
			}
			if result.Verdict != verdict || r.Verdict != verdict || r.Verification.Method != method {
				t.Errorf("%s, a read-back that was %s; reasons %q", r.Verdict, r.Verification.Method, r.Reasons)
			}
			if len(r.Passes) != len(p.Passes) || r.Validation.PolicyDigest != p.Digest() || (r.Format != nil) != p.Reformat {
				t.Errorf("%d passes, the policy %+v, formatted: %v", len(r.Passes), r.PolicyDocument, r.Format != nil)
			}
			if got := r.Verification.BytesRead + r.Verification.BytesLeftOut; got != StickSize || (r.Verification.BytesLeftOut > 0) != p.Sampled() {
				t.Errorf("%+v", r.Verification)
			}
		})
	}
}

// untouched: every error before the journal is durable leaves the drive
// without one write, and without a record.
func untouched(t *testing.T, make Maker) {
	for _, c := range []struct {
		name   string
		change func(*Station)
		is     error
	}{
		{"declined", func(s *Station) {
			s.Confirm = func(context.Context, drive.Drive, plan.Plan) (string, error) { return "", session.ErrDeclined }
		}, session.ErrDeclined},
		{"swapped between confirmation and the first write", func(s *Station) {
			s.Confirm = func(context.Context, drive.Drive, plan.Plan) (string, error) { s.Stick.Change(); return "--yes", nil }
		}, block.ErrChanged},
		{"pulled between confirmation and the first write", func(s *Station) {
			s.Confirm = func(context.Context, drive.Drive, plan.Plan) (string, error) { s.Stick.Vanish(); return "--yes", nil }
		}, block.ErrGone},
		{"the journal cannot be made", func(s *Station) { s.State = filepath.Join(s.State, "nowhere") }, os.ErrNotExist},
		{"another size than was announced", func(s *Station) { s.Stick = blocktest.NewFake(StickSize/2, 512, blocktest.Faults{}) }, block.ErrChanged},
		{"missing", func(s *Station) { s.Request.Target += ".not" }, os.ErrNotExist},
		{"a built-in policy that reads less back", func(s *Station) { s.Request.Policy.ReadBackPercent = 1 }, policy.ErrInvalid},
		{"a built-in policy's name", func(s *Station) { s.Request.Policy.Own = true }, policy.ErrInvalid},
		{"a policy that writes nothing", func(s *Station) { s.Request.Policy = own(100) }, policy.ErrInvalid},
		{"a share that is given back formatted", func(s *Station) {
			s.Request.Policy = own(10, policy.Keyed)
			s.Request.Policy.Reformat = true
		}, policy.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := make.station(t, blocktest.Faults{})
			c.change(s)
			result, err := s.Sanitize(t.Context())
			if !errors.Is(err, c.is) || result.CertificateID != "" {
				t.Errorf("got %+v, error %v, want %v", result, err, c.is)
			}
			if n := s.Stick.Counts().Writes; n > 0 {
				t.Errorf("%d writes reached the drive", n)
			}
			if left := s.Journals(); len(left) > 0 {
				t.Errorf("journals were left: %v", left)
			}
		})
	}
}

// cancelInEachStage cancels the run when a stage starts: before the first
// write nothing is left, after it an INCOMPLETE record is.
func cancelInEachStage(t *testing.T, make Maker) {
	cause := errors.New("somebody pressed Ctrl-C")
	for _, stage := range []session.Stage{session.Inspect, session.Confirm, session.Overwrite, session.ReadBack, session.Format, session.Recheck} {
		t.Run(string(stage), func(t *testing.T) {
			s := make.station(t, blocktest.Faults{})
			ctx, cancel := context.WithCancelCause(t.Context())
			s.OnStage(stage, func() { cancel(cause) })
			result, err := s.Sanitize(ctx)
			if !errors.Is(err, cause) {
				t.Fatalf("error %v, want the cause", err)
			}
			if stage == session.Inspect || stage == session.Confirm {
				if result.CertificateID != "" || s.Stick.Counts().Writes > 0 {
					t.Errorf("a run that had not begun left %+v and %d writes", result, s.Stick.Counts().Writes)
				}
				return
			}
			p := s.Statement(result.Record).Predicate
			if p.Verdict != attest.Incomplete || p.Interrupted == nil || p.Interrupted.Stage != string(stage) || p.Interrupted.RecoveredFromJournal {
				t.Errorf("the record says %s, interrupted %+v", p.Verdict, p.Interrupted)
			}
		})
	}
}

// interruptedAt: a run that is cancelled tells in its record how far the
// stage was.
func interruptedAt(t *testing.T, make Maker) {
	s := make.station(t, blocktest.Faults{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.Local.Open = func(context.Context, drive.Drive, block.Mode) (block.Device, error) {
		return cancelOnWrite{s.Stick, cancel, 0}, nil
	}
	result, err := s.Sanitize(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want the cause", err)
	}
	p := s.Statement(result.Record).Predicate
	if p.Interrupted == nil || p.Interrupted.Bytes == 0 || p.Interrupted.Bytes != p.Passes[0].Bytes {
		t.Errorf("interrupted %+v in %+v, want it at the bytes of the pass", p.Interrupted, p.Passes)
	}
}

// cancelOnWrite cancels the run when it writes, and is slow, since the worker may
// hear of it late.
type cancelOnWrite struct {
	block.Device
	cancel context.CancelFunc
	from   int64 // byte
}

func (c cancelOnWrite) WriteAt(p []byte, off int64) (int, error) {
	if off >= c.from {
		c.cancel()
		time.Sleep(time.Second / 20)
	}
	return c.Device.WriteAt(p, off)
}

// anotherVolume: a volume that is right in itself, but not the one that this
// run made, is no PASS.
func anotherVolume(t *testing.T, make Maker) {
	for _, c := range []struct {
		name string
		at   []int64
	}{
		{"disk signature", []int64{440}},
		{"volume ID", []int64{mib + 67, mib + 6*512 + 67}}, // and in the backup boot sector
	} {
		t.Run(c.name, func(t *testing.T) {
			s := make.station(t, blocktest.Faults{})
			s.OnStage(session.Recheck, func() {
				for _, off := range c.at {
					if _, err := block.AnyWriter(s.Stick).WriteAt([]byte("else"), off); err != nil {
						t.Error(err)
					}
				}
			})
			result, err := s.Sanitize(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if p := s.Statement(result.Record).Predicate; p.Verdict != attest.Fail || !strings.Contains(strings.Join(p.Reasons, " "), "not the one that was made") {
				t.Errorf("verdict %s, reasons %q", p.Verdict, p.Reasons)
			}
		})
	}
}

// inspect looks and writes nothing, and its error says what it goes back to.
func inspect(t *testing.T, make Maker) {
	s := make.station(t, blocktest.Faults{})
	s.Stick.Poke([]byte("rtsp://user:password@camera.site/"), 7*mib)
	var events []string
	d, report, err := s.Worker.Inspect(t.Context(), s.Request.Look, func(e session.Event) { events = append(events, string(e.Kind)) })
	if err != nil || d.Identity.SizeBytes != StickSize || len(report.Findings) != 1 || report.Coverage.BytesRead != StickSize {
		t.Errorf("%+v, %d findings, %v", d.Identity, len(report.Findings), err)
	}
	if len(events) < 2 || events[0] != string(session.StageStarted) || events[len(events)-1] != string(session.StageEnded) {
		t.Errorf("events %q", events)
	}
	if n := s.Stick.Counts().Writes; n > 0 {
		t.Errorf("%d writes", n)
	}
	if _, _, err := s.Worker.Inspect(t.Context(), session.Look{Target: s.Request.Target + ".not"}, func(session.Event) {}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v for a target that is missing", err)
	}
	var refused *drive.RefusedError
	if _, _, err := s.Worker.Inspect(t.Context(), session.Look{Target: t.TempDir()}, func(session.Event) {}); !errors.As(err, &refused) || len(refused.Refusals) != 1 {
		t.Errorf("error %v for a folder", err)
	}
	gone, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("somebody pressed Ctrl-C")
	cancel(cause)
	if _, _, err := s.Worker.Inspect(gone, s.Request.Look, func(session.Event) {}); !errors.Is(err, cause) {
		t.Errorf("error %v after it was cancelled", err)
	}
}

// audit tells the drive that was sanitized from any other, and what was changed on
// it since, and writes nothing.
func audit(t *testing.T, make Maker) {
	s := make.station(t, blocktest.Faults{})
	s.Local.Open = func(context.Context, drive.Drive, block.Mode) (block.Device, error) { return unclosed{s.Stick}, nil }
	result, err := s.Sanitize(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	statement := s.Statement(result.Record)
	writes := s.Stick.Counts().Writes
	codes := func(look session.Look, st attest.Statement) (codes string) {
		t.Helper()
		var events []session.Stage
		problems, err := s.Worker.Audit(t.Context(), look, st, func(e session.Event) { events = append(events, e.Stage) })
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			codes += p.Code + " "
		}
		if read := len(events) > 1 && events[0] == session.ReadBack; read != (codes == "" || strings.Contains(codes, "contents")) {
			t.Errorf("%s: events %q", codes, events)
		}
		return codes
	}
	if got := codes(s.Request.Look, statement); got != "" {
		t.Errorf("as it was attested: %s", got)
	}
	failed := statement
	failed.Predicate.Verdict = attest.Fail
	if got := codes(s.Request.Look, failed); got != "nothing-attested " {
		t.Errorf("against a FAIL: %q", got)
	}
	other := statement
	other.Predicate.Pattern.DriveDigest = strings.Repeat("0", 64)
	if got := codes(s.Request.Look, other); got != "another-drive " {
		t.Errorf("another drive: %q", got)
	}
	s.Stick.Poke([]byte("rtsp://user:password@camera.site/"), 7*mib)
	if got := codes(s.Request.Look, statement); got != "contents-changed " {
		t.Errorf("after it was written to: %q", got)
	}
	if n := s.Stick.Counts().Writes - writes; n > 0 {
		t.Errorf("%d writes", n)
	}
	gone, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("somebody pressed Ctrl-C")
	cancel(cause)
	if _, err := s.Worker.Audit(gone, s.Request.Look, statement, func(session.Event) {}); !errors.Is(err, cause) {
		t.Errorf("error %v after it was cancelled", err)
	}
}

// unclosed is a stick that is opened again.
type unclosed struct{ block.Device }

func (unclosed) Close() error { return nil }

// resumed: a run that ended early is gone on with: what it had stored is not written
// again, and is read back like the rest.
func resumed(t *testing.T, make Maker) {
	for _, c := range []struct {
		name   string
		policy string
		faults blocktest.Faults
		stage  session.Stage // in which the first run is cancelled, if it is
		at     int64         // or the byte at which it is cancelled, if it is not 0
		pass   int           // that is gone on with; 0 when it begins anew
	}{
		{"pulled before anything was stored", "r1", blocktest.Faults{VanishAfter: StickSize + StickSize/2}, "", 0, 0},
		{"pulled in the second pass", "r1", blocktest.Faults{VanishAfter: 2*StickSize + StickSize/2}, "", 0, 2},
		{"pulled while it is read back", "r1", blocktest.Faults{VanishAfter: 3*StickSize + StickSize/2}, "", 0, 3},
		{"cancelled in the middle of a pass", "r1", blocktest.Faults{Cache: true}, "", StickSize / 2, 1},
		{"cancelled when it is read back", "r2", blocktest.Faults{}, session.ReadBack, 0, 2},
		{"cancelled when it is formatted", "r2", blocktest.Faults{}, session.Format, 0, 0},
		{"one that failed", "r2", blocktest.Faults{ReadErrors: at512(5000)}, "", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := make.station(t, c.faults)
			chosen, err := policy.ByID(c.policy)
			if err != nil {
				t.Fatal(err)
			}
			s.Request.Policy = chosen
			ctx, cancel := context.WithCancel(t.Context())
			s.OnStage(c.stage, cancel)
			if c.at > 0 {
				s.Local.Open = func(context.Context, drive.Drive, block.Mode) (block.Device, error) {
					return cancelOnWrite{s.Stick, cancel, c.at}, nil
				}
			}
			first, _ := s.Sanitize(ctx)
			if first.CertificateID == "" || first.Verdict == attest.Pass {
				t.Fatalf("the first run: %+v", first)
			}
			s.again(make)
			resume := s.resumable(chosen)
			if (resume != nil) != (c.pass > 0) {
				t.Fatalf("to go on with: %+v, want pass %d", resume, c.pass)
			}
			if resume == nil {
				return
			}
			s.Request.Resume = resume
			before := s.Stick.Counts().BytesWritten
			second, err := s.Sanitize(t.Context())
			if err != nil || second.Verdict != attest.Pass {
				t.Fatalf("the second run: %+v, %v", second, err)
			}
			p := s.Statement(second.Record).Predicate
			if len(p.Resumes) != 1 || p.Resumes[0].CertificateID != first.CertificateID || p.Resumes[0].Pass != c.pass || len(p.Passes) != len(chosen.Passes) {
				t.Errorf("the record says %+v, %+v", p.Resumes, p.Passes)
			}
			left := int64(len(chosen.Passes)-c.pass+1)*StickSize - p.Resumes[0].Bytes
			if (p.Resumes[0].Bytes > 0) != (c.at > 0) {
				t.Errorf("the record says %+v", p.Resumes)
			}
			if written := s.Stick.Counts().BytesWritten - before; written > left+4*mib {
				t.Errorf("%d bytes were written, with %d left to do", written, left)
			}
			if other := s.resumable(chosen); other != nil {
				t.Errorf("after a PASS there is a run to go on with: %+v", other)
			}
		})
	}
}

// again plugs the stick in once more, at a station that does nothing to it.
func (s *Station) again(make Maker) {
	s.Stick.PowerCycle()
	s.Stick.SetFaults(blocktest.Faults{})
	s.Local.Open = func(context.Context, drive.Drive, block.Mode) (block.Device, error) { return s.Stick, nil }
	s.Worker = make(s.T, s.Local)
}

// resumable looks for a run to go on with.
func (s *Station) resumable(p policy.Policy) *session.Resume {
	s.T.Helper()
	d, err := s.Local.System.Resolve(s.Request.Target)
	if err != nil {
		s.T.Fatal(err)
	}
	resume, err := session.Resumable(s.State, s.Signer.Public(), d, p)
	if err != nil {
		s.T.Fatal(err)
	}
	return resume
}
