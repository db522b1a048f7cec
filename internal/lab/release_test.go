package lab_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/lab"
)

var (
	// openVault has an encrypted volume on a drive, and opens it.
	openVault = [][]string{
		{"cp", "/etc/passwd", "/run/passphrase"},
		{
			"cryptsetup", "luksFormat", "--batch-mode", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000",
			"--offset", "8192", "DRIVE", "/run/passphrase",
		},
		{"cryptsetup", "open", "--key-file", "/run/passphrase", "DRIVE", "vault"},
	}
	// openGroup has an LVM volume on a drive, and activates it.
	openGroup = [][]string{
		{"lvm", "pvcreate", "--yes", "DRIVE"},
		{"lvm", "vgcreate", "group", "DRIVE"},
		{"lvm", "lvcreate", "--yes", "--wipesignatures", "n", "--zero", "n", "--extents", "1", "--name", "volume", "group"},
	}
)

// TestSticksInUseAreGotFree: what stands on a stick is taken down from the top, for
// root and for the technician, whose helper does it; without a question where the
// desktop mounted it, else when the operator agrees.
func TestSticksInUseAreGotFree(t *testing.T) {
	onVault := slices.Concat(openVault, [][]string{{"mkdosfs", "/dev/mapper/vault"}, {"mkdir", "-p", "/media/t/v"}, {"mount", "-t", "vfat", "/dev/mapper/vault", "/media/t/v"}})
	for _, c := range []struct {
		name string
		use  [][]string
		asks bool
		says []string // in this order
	}{
		{
			"mounted by the desktop",
			[][]string{{"mkdosfs", "DRIVE"}, {"mkdir", "-p", "/media/t/v"}, {"mount", "-t", "vfat", "DRIVE", "/media/t/v"}, {"cp", "/etc/passwd", "/media/t/v"}},
			false,
			[]string{"unmount /media/t/v (vfat on sd"},
		},
		{"a mounted encrypted volume", onVault, true, []string{"unmount /media/t/v (vfat on dm-", "close the encrypted volume vault"}},
		{"LVM", openGroup, true, []string{"deactivate the LVM volume group-volume"}},
	} {
		for _, who := range []string{"root", "technician"} {
			t.Run(c.name+" by "+who, func(t *testing.T) {
				s := tell(t)
				_, node := s.plug(lab.Stick{Serial: "AA04012700007894", Size: small})
				s.each(node, c.use)
				start := func(args ...string) run {
					cmd := s.command(args...)
					if who == "technician" {
						cmd = s.as("/bin/elevate", args...)
					}
					return s.start(cmd)
				}
				command := append(s.sanitizing(node), "--json")
				if c.asks {
					s.ends(refused, start(command...))
					command = append(command, "--release")
				}
				// From here on nobody else takes it down.
				p := start(command...)
				s.judge(attest.Pass, p)
				said := p.Wait(t).Stderr
				for _, want := range c.says {
					_, behind, found := strings.Cut(said, "to get the drive free: "+want)
					if !found {
						t.Errorf("%q is not in, or not in order: %s", want, said)
					}
					said = behind
				}
			})
		}
	}
}
