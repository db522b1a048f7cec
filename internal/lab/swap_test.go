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
			run := s.start(cmd)
			run.Await(t, "Type the last 4 characters")
			run.askedFor()
			confirmed.Pull(t)
			confirmed.AwaitGone(t)
			other.Replug(t)
			other.Node(t)
			defer s.watch(other.Disk).untouched()
			defer s.watch(confirmed.Disk).untouched()
			run.Type(t, "4711\n")

			r := s.ends(refused, run)
			if records := s.records(); len(records) > 0 {
				t.Errorf("there are records: %q", records)
			}
			if !strings.Contains(r.Stdout, "has gone") {
				t.Errorf("it says: %s", r.Stdout)
			}
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
	defer s.watch(other.Disk).untouched()
	s.panoscrub(refused, command...)
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
	defer s.watch(other.Disk).untouched()
	if same := s.sanitize(node, attest.Pass).Drive.Attachment.SameSerial; len(same) != 1 {
		t.Errorf("the record says that %q have the same serial", same)
	}
}
