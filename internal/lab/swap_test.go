package lab_test

import (
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/lab"
)

// TestSwappedWhileAsked: while the program asks, the stick is pulled and another
// one is plugged in. What is typed then is right for both, and neither is
// written.
func TestSwappedWhileAsked(t *testing.T) {
	for _, c := range []struct{ name, serial string }{
		{"another serial with the same end", "BB00000000004711"},
		{"the same serial", "AA00000000004711"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t)
			confirmed, node := s.plug(lab.Stick{Serial: "AA00000000004711", Size: small})
			other := s.guest.Plug(t, lab.Stick{Serial: c.serial, Size: small})
			other.Pull(t)
			other.AwaitGone(t)

			cmd := s.command("sanitize", node, "--appliance", appliance)
			cmd.Terminal = true
			run := s.guest.Start(t, cmd)
			run.Await(t, "Type the last 4 characters")
			confirmed.Pull(t)
			confirmed.AwaitGone(t)
			other.Replug(t)
			other.Node(t)
			watched, pulled := s.watch(other.Disk), s.watch(confirmed.Disk)
			run.Type(t, "4711\n")

			r := run.Wait(t)
			if r.Code == 0 || r.Code == 5 || len(s.records()) > 0 {
				t.Errorf("exit code %d, records %q", r.Code, s.records())
			}
			t.Logf("exit code %d: %s", r.Code, r.Stdout[strings.LastIndex(r.Stdout, "4711"):])
			watched.untouched()
			pulled.untouched()
		})
	}
}

// TestSwappedBeforeStart: another stick has come to the node of the one that is
// meant.
func TestSwappedBeforeStart(t *testing.T) {
	s := tell(t)
	meant, node := s.plug(lab.Stick{Serial: "AA00000000004712", Size: small})
	command := s.sanitizing(node)
	meant.Pull(t)
	meant.AwaitGone(t)
	other, taken := s.plug(lab.Stick{Serial: "BB00000000004712", Size: small})
	if taken != node {
		t.Fatalf("the other one is %s, not %s", taken, node)
	}
	watched := s.watch(other.Disk)
	s.panoscrub(4, command...)
	watched.untouched()
}

// TestTwins has two sticks with one serial: the one that is named is sanitized,
// and the other one is not touched.
func TestTwins(t *testing.T) {
	s := tell(t)
	_, node := s.plug(lab.Stick{Serial: "0000004C53000123", Size: small})
	other, twin := s.plug(lab.Stick{Serial: "0000004C53000123", Size: small})
	if same := s.drive(node).Attachment.SameSerial; len(same) != 1 || same[0] != twin {
		t.Errorf("with the same serial are %q, want %s", same, twin)
	}
	watched := s.watch(other.Disk)
	record := s.sanitize(node, attest.Pass)
	watched.untouched()
	t.Logf("the record's drive: %+v", record.Drive)
}
