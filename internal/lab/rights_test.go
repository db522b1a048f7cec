package lab_test

import (
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/lab"
)

// technician is a user who may open no drive.
const technician = 1000

// as is a command of the technician, who gets root's rights by a program, "" for
// one who does not get them.
func (s story) as(elevate string, args ...string) lab.Command {
	s.Helper()
	s.must("mkdir", "-p", s.state)
	s.must("chown", "technician", s.state)
	cmd := s.command(args...)
	cmd.UID = technician
	if elevate != "" {
		cmd.Env = append(cmd.Env, "PANOSCRUB_ELEVATE="+elevate)
	}
	return cmd
}

// TestTechnician sanitizes a stick without root's rights but for the helper: the
// record says so, and what is stored is the technician's own.
func TestTechnician(t *testing.T) {
	s := tell(t)
	_, node := s.plug(lab.Stick{Serial: "FF04012700007891", Size: small})
	record := s.judge(attest.Pass, s.start(s.as("/bin/elevate", append(s.sanitizing(node), "--json")...)))
	if record.Access != attest.AccessHelper {
		t.Errorf("the record says that the drive was reached by %q", record.Access)
	}
	if v := record.Verification; v.CacheDefence != attest.CacheDefenceReset {
		t.Errorf("without rights, the stick was not reset: %+v", v)
	}
	if others := s.guest.Must(t, "find", s.state, "!", "-user", "technician"); others != "" {
		t.Errorf("of the state folder, these are not the technician's: %s", others)
	}
}

// TestTechnicianIsRefused: the helper touches no more than root does.
func TestTechnicianIsRefused(t *testing.T) {
	s := tell(t)
	stick, node := s.plug(lab.Stick{Serial: "FF04012700007892", Size: small})
	command := s.sanitizing(node)
	s.must("mkdosfs", node)
	s.must("mount", "-t", "vfat", node, "/mnt")
	s.finally("umount", "/mnt")
	defer s.watch(stick.Disk).untouched()
	s.ends(refused, s.start(s.as("/bin/elevate", command...)))
}

// TestStranger: who gets no rights is told so, and the drive is not touched.
func TestStranger(t *testing.T) {
	for _, c := range []struct {
		name, elevate, access string
		code                  int
		says                  string
	}{
		{"there is no way to them", "", "auto", 4, "neither pkexec nor sudo is installed"},
		{"they are not given", "/bin/false", "auto", 4, "did not start"},
		{"they are not asked for", "/bin/elevate", "direct", 1, "permission denied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t)
			stick, node := s.plug(lab.Stick{Serial: "FF04012700007893", Size: small})
			before := s.watch(stick.Disk)
			defer before.unchanged()
			if c.code == refused {
				defer before.untouched()
			}
			r := s.ends(c.code, s.start(s.as(c.elevate, append(s.sanitizing(node), "--access", c.access)...)))
			if !strings.Contains(r.Stderr, c.says) {
				t.Errorf("it says: %s", r.Stderr)
			}
		})
	}
}
