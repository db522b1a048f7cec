package lab_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/lab"
	"github.com/panoscrub/panoscrub/internal/session"
)

// TestPulled pulls the stick at some moment of a run. The record never says PASS,
// says how far the run came, and is not believed to be about the stick when that
// is plugged in again.
func TestPulled(t *testing.T) {
	const size = 32 << 20
	for _, c := range []struct {
		name  string
		from  int64
		slow  func(int64) *lab.Slowing
		stage session.Stage
	}{
		{"at 5 % of the overwrite", size * 5 / 100, lab.SlowWrites, session.Overwrite},
		{"at 50 % of the overwrite", size * 50 / 100, lab.SlowWrites, session.Overwrite},
		{"at 95 % of the overwrite", size * 95 / 100, lab.SlowWrites, session.Overwrite},
		{"in the middle of the read-back", size / 2, lab.SlowReadBack, session.ReadBack},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t)
			slow := c.slow(c.from)
			stick, node := s.plug(lab.Stick{Serial: "CC04012700007891", Size: size, Inside: slow.Inside})
			run := s.start(s.command(append(s.sanitizing(node), "--events")...))
			slow.Await(t)
			stick.Pull(t)

			events := s.events(s.ends(5, run).Stdout)
			result := events[len(events)-1].Result
			if result == nil {
				t.Fatalf("the last event is %+v", events[len(events)-1])
			}
			if result.Verdict != attest.Incomplete {
				t.Fatalf("verdict %s: %q", result.Verdict, result.Reasons)
			}
			requireEndedIn(t, events, c.stage, c.from, size)
			record := s.record(result.Record, attest.Incomplete)
			if record.Validation.Decision != attest.Rejected || len(record.Reasons) == 0 {
				t.Errorf("the record's decision is %q, its reasons %q", record.Validation.Decision, record.Reasons)
			}

			stick.AwaitGone(t)
			slow.Recover()
			stick.Replug(t)
			node = stick.Node(t)
			s.panoscrub(6, "verify", result.Record, "--drive", node)
			if c.stage != session.ReadBack {
				return // nothing was known to be stored
			}
			run = s.resume(node)
			again := s.record(s.latest(), attest.Pass)
			if len(again.Resumes) != 1 || again.Resumes[0].CertificateID != result.CertificateID || again.Resumes[0].Pass != 2 {
				t.Errorf("%s: the record says that it went on with %+v", run, again.Resumes)
			}
		})
	}
}

// TestPulledAndResumed pulls a stick that has stored a part of a pass: when it comes
// back, the pass goes on there.
func TestPulledAndResumed(t *testing.T) {
	s := tell(t)
	slow := lab.SlowWrites(8 << 20)
	stick, node := s.plug(lab.Stick{Serial: "CC04012700007892", Size: 32 << 20, Inside: slow.Inside})
	run := s.start(s.command(append(s.sanitizing(node), "--json")...))
	slow.Await(t)
	s.must("sh", "-c", `for try in $(seq 60); do grep -q '"stored":' `+s.state+`/journal/*.jsonl && exit; sleep 1; done; exit 1`)
	stick.Pull(t)
	s.judge(attest.Incomplete, run)
	earlier := s.latest()
	stick.AwaitGone(t)
	slow.Recover()
	stick.Replug(t)
	s.resume(stick.Node(t))
	r := s.record(s.latest(), attest.Pass)
	if len(r.Resumes) != 1 || r.Resumes[0].Pass != 1 || r.Resumes[0].Bytes == 0 || !strings.Contains(earlier, r.Resumes[0].CertificateID) {
		t.Errorf("after %s, the record says that it went on with %+v", earlier, r.Resumes)
	}
}

// resume has whoever sits there go on with an earlier run, which they are offered.
func (s story) resume(node string) run {
	s.Helper()
	cmd := s.command("sanitize", node, "--appliance", appliance)
	cmd.Terminal = true
	p := s.start(cmd)
	p.Await(s.T, "Type resume to go on there")
	p.Type(s.T, "resume\n")
	p.Await(s.T, "Type the last 4 characters")
	serial := s.drive(node).Identity.Serial
	p.Type(s.T, serial[len(serial)-4:]+"\n")
	s.ends(0, p)
	return p
}

// latest is the record that was stored last.
func (s story) latest() string {
	s.Helper()
	return strings.TrimSpace(s.guest.Must(s.T, "sh", "-c", "ls -t "+s.state+"/records/*.dsse.json | head -n 1"))
}

// events reads what --events printed.
func (s story) events(out string) (events []session.Event) {
	s.Helper()
	for line := range strings.Lines(out) {
		events = append(events, unmarshal[session.Event](s, line))
	}
	if len(events) == 0 {
		s.Fatal("there are no events")
	}
	return events
}

// requireEndedIn makes sure that the run ended in a stage near a byte, and not in
// an earlier or a later one. What was under way there may not be counted yet.
func requireEndedIn(t *testing.T, events []session.Event, stage session.Stage, from, size int64) {
	t.Helper()
	const underWay = 8 << 20
	ended := slices.DeleteFunc(slices.Clone(events), func(e session.Event) bool {
		return e.Kind != session.StageEnded || e.Stage == session.Record
	})
	last := ended[len(ended)-1]
	if last.Stage != stage || last.DoneBytes > from || last.DoneBytes < from-underWay {
		text, err := json.Marshal(last)
		t.Errorf("the last stage that did anything is %s, %v: want %s and about %d of %d bytes", text, err, stage, from, size)
	}
}

// TestPowerCut cuts the power in the middle of the overwrite. After the next boot
// the journal is found on the system disk, and becomes an INCOMPLETE record.
func TestPowerCut(t *testing.T) {
	first := bootFrom(t, "")
	slow := lab.SlowWrites(small / 2)
	stick, node := first.plug(lab.Stick{Serial: "CC04012700007892", Size: small, Inside: slow.Inside})
	first.panoscrub(0, "key", "init")
	first.start(first.command(first.sanitizing(node)...))
	slow.Await(t)
	first.guest.Cut()

	next := bootFrom(t, first.guest.SystemDisk)
	next.panoscrub(0, "records")
	records := next.records()
	if len(records) != 1 {
		t.Fatalf("there are the records %q, want one", records)
	}
	next.record(records[0], attest.Incomplete)
	_, node = next.plug(lab.Stick{Serial: "CC04012700007892", Size: small, File: stick.File})
	next.panoscrub(6, "verify", records[0], "--drive", node)
	// And nothing stands in the way of doing it again.
	next.sanitize(node, attest.Pass)
}

// bootFrom begins a story in a guest of its own, which keeps what the program
// stores on the system disk; "" is for a new one.
func bootFrom(t *testing.T, disk string) story {
	t.Helper()
	needLab(t)
	g, err := shared.lab.Boot(disk)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Cut)
	return story{t, g, "/var/lib/panoscrub"}
}
