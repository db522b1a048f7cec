package session_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/drive/drivetest"
	"github.com/panoscrub/panoscrub/internal/session"
	"github.com/panoscrub/panoscrub/internal/session/sessiontest"
)

// machine is a tree in which the station's stick is plugged in.
type machine struct {
	t    *testing.T
	root string
	text []byte
}

// plugged makes a station at a machine with the stick, which cannot be reset.
func plugged(t *testing.T, faults blocktest.Faults) (*sessiontest.Station, machine) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(drivetest.Trees(t), "stick.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	m := machine{t, filepath.Join(t.TempDir(), "machine"), bytes.ReplaceAll(text, []byte("size 120164352"), []byte("size 81920"))}
	m.shows(m.text)
	faults.ResetError = &block.NoResetError{Because: "it is a card"}
	s := sessiontest.NewStation(t, faults)
	s.Local.System = drive.System{Root: m.root}
	s.Request.Target = filepath.Join(m.root, "dev", "sdb")
	s.Local.Open = func(context.Context, drive.Drive, block.Mode) (block.Device, error) { return s.Stick.Reopen(), nil }
	return s, m
}

// shows makes the tree anew from a text.
func (m machine) shows(text []byte) {
	m.t.Helper()
	if err := os.RemoveAll(m.root); err != nil {
		m.t.Fatal(err)
	}
	if err := drivetest.Unpack(m.root, txtar.Parse(text)); err != nil {
		m.t.Fatal(err)
	}
}

// changed is the tree's text with some words in place of others.
func (m machine) changed(words ...string) []byte {
	return []byte(strings.NewReplacer(words...).Replace(string(m.text)))
}

// again is what the tree says of a stick that was plugged in once more.
var again = []string{"diskseq 12", "diskseq 13", "devnum 5", "devnum 6"}

// TestReplug has an operator asked to pull out a stick that cannot be reset, and do
// one thing or another.
func TestReplug(t *testing.T) {
	session.WaitForReturn(time.Second)
	lies := blocktest.Faults{Cache: true, SyncLies: true}
	elsewhere := append([]string{"sdb", "sdc", "8:16", "8:32", "8:17", "8:33"}, again...)
	for _, c := range []struct {
		name    string
		faults  blocktest.Faults
		does    func(m machine, stick *blocktest.Fake) bool
		verdict string
		kind    string // in the record; "" for no read-back
		says    string // part of the reason for no defence, or of one against a PASS
	}{
		{"pulls and plugs in", blocktest.Faults{}, func(m machine, _ *blocktest.Fake) bool {
			m.shows(m.changed(again...))
			return true
		}, attest.Pass, attest.CacheDefenceReplug, ""},
		{"plugs it in as another node", blocktest.Faults{}, func(m machine, _ *blocktest.Fake) bool {
			m.shows(m.changed(elsewhere...))
			return true
		}, attest.Pass, attest.CacheDefenceReplug, ""},
		{"pulls out a liar", lies, func(m machine, stick *blocktest.Fake) bool {
			stick.PowerCycle()
			m.shows(m.changed(again...))
			return true
		}, attest.Fail, attest.CacheDefenceReplug, "did not write"},
		{"declines", lies, func(machine, *blocktest.Fake) bool { return false }, attest.Pass, attest.CacheDefenceNone, "it is a card"},
		{"only says so", lies, func(machine, *blocktest.Fake) bool { return true }, attest.Pass, attest.CacheDefenceNone, "it is a card; and nothing shows that it was pulled out"},
		{"plugs in another one", blocktest.Faults{}, func(m machine, _ *blocktest.Fake) bool {
			m.shows(m.changed("4C530001230405117322", "4C530001230405117323"))
			return true
		}, attest.Incomplete, "", "no drive with its identity"},
		{"plugs in two", blocktest.Faults{}, func(m machine, _ *blocktest.Fake) bool {
			twin := m.changed("usb2/2-1", "usb2/2-2", "2-1:1.0", "2-2:1.0", "sdb", "sdc", "8:16", "8:32", "8:17", "8:33")
			m.shows(append(m.changed(again...), twin[bytes.Index(twin, []byte("-- sys/devices/pci0000:00/0000:00:14.0/usb2")):]...))
			return true
		}, attest.Incomplete, "", "2 drives look the same"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, m := plugged(t, c.faults)
			asked := 0
			s.Local.Replug = func(_ context.Context, d drive.Drive, because string) (bool, error) {
				if asked++; because != "it is a card" || d.Attachment.Node != "sdb" {
					t.Errorf("asked about %s, because %q", d.Attachment.Node, because)
				}
				return c.does(m, s.Stick), nil
			}
			result, err := s.Sanitize(t.Context())
			if err != nil || result.Verdict != c.verdict || asked != 1 {
				t.Fatalf("%s %q, %v; asked %d times", result.Verdict, result.Reasons, err, asked)
			}
			p := s.Statement(result.Record).Predicate
			said := strings.Join(p.Reasons, "\n")
			if v := p.Verification; (v == nil) != (c.kind == "") {
				t.Errorf("the read-back is %+v", v)
			} else if v != nil {
				said += v.CacheDefenceReason
				if v.CacheDefence != c.kind {
					t.Errorf("the record says %q", v.CacheDefence)
				}
			}
			if !strings.Contains(said, c.says) {
				t.Errorf("the record says %q, want %q", said, c.says)
			}
			if p.Drive.Attachment.Node != "sdb" {
				t.Errorf("the record is about %s", p.Drive.Attachment.Node)
			}
		})
	}
}

// TestComesBackAnew has a stick that comes back from its reset as if it had been
// plugged in, or does not; and a process that could not open it again.
func TestComesBackAnew(t *testing.T) {
	session.WaitForReturn(time.Second)
	for _, c := range []struct {
		name    string
		back    bool
		opened  func() error
		verdict string
	}{
		{"it comes back", true, nil, attest.Pass},
		{"it does not", false, nil, attest.Incomplete},
		{"nobody may open it", true, func() error { return nil }, attest.Incomplete},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, m := plugged(t, blocktest.Faults{})
			s.Local.Opened = c.opened
			s.Stick.SetFaults(blocktest.Faults{Before: func(r blocktest.Request) error {
				if r.Op != blocktest.Reset {
					return nil
				}
				if c.back {
					m.shows(m.changed(again...))
				}
				return block.ErrGone
			}})
			result, err := s.Sanitize(t.Context())
			if err != nil || result.Verdict != c.verdict {
				t.Fatalf("%s %q, %v", result.Verdict, result.Reasons, err)
			}
			if v := s.Statement(result.Record).Predicate.Verification; v != nil && v.CacheDefence != attest.CacheDefenceReset {
				t.Errorf("the record says %+v", v)
			}
		})
	}
}

// TestReplugIsNotAskedFor where a reset does it, and where there is no cache.
func TestReplugIsNotAskedFor(t *testing.T) {
	asked := func(context.Context, drive.Drive, string) (bool, error) {
		t.Error("the operator is asked to pull it out")
		return false, nil
	}
	resettable, _ := plugged(t, blocktest.Faults{})
	resettable.Stick.SetFaults(blocktest.Faults{})
	image := sessiontest.NewStation(t, blocktest.Faults{ResetError: &block.NoResetError{Because: "an image has no cache"}})
	for _, s := range []*sessiontest.Station{resettable, image} {
		s.Local.Replug = asked
		if result, err := s.Sanitize(t.Context()); err != nil || result.Verdict != attest.Pass {
			t.Errorf("%+v, %v", result, err)
		}
	}
}

// TestCancelWhilePulled: a run that is ended while the drive is out leaves a record.
func TestCancelWhilePulled(t *testing.T) {
	s, _ := plugged(t, blocktest.Faults{})
	ctx, cancel := context.WithCancel(t.Context())
	s.Local.Replug = func(context.Context, drive.Drive, string) (bool, error) { cancel(); return false, context.Canceled }
	result, _ := s.Sanitize(ctx)
	if p := s.Statement(result.Record).Predicate; p.Verdict != attest.Incomplete || p.Interrupted == nil || p.Interrupted.Stage != string(session.Replug) {
		t.Errorf("%s, interrupted %+v", p.Verdict, p.Interrupted)
	}
}
