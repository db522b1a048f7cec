package lab_test

import (
	"slices"
	"testing"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/lab"
)

// TestSystemDiskIsRefused: it is no USB drive, and the system needs it.
func TestSystemDiskIsRefused(t *testing.T) {
	s := tell(t)
	// So that nobody else writes to it while its bytes are compared.
	s.must("mount", "-o", "remount,ro", "/var")
	s.finally("mount", "-o", "remount,rw", "/var")
	s.refused(s.guest.System(), "/dev/vda", "not-usb")
	if reasons := s.drive("/dev/vda").reasons(); !slices.Contains(reasons, "system") {
		t.Errorf("the reasons are %q: the system is on it", reasons)
	}
}

// TestSticksInUseAreRefused uses a stick in each way in which one can be in use.
// When that has ended it may be sanitized, so that the refusals are seen to be
// about the use.
func TestSticksInUseAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, reason string
		fixed        bool
		use, release [][]string // "DRIVE" stands for its node
	}{
		{
			"mounted", "mounted", false,
			[][]string{{"mkdosfs", "DRIVE"}, {"mount", "-t", "vfat", "DRIVE", "/mnt"}, {"cp", "/etc/passwd", "/mnt"}},
			[][]string{{"umount", "/mnt"}},
		},
		{
			"mounted where the system is", "system", true,
			[][]string{{"mkdosfs", "DRIVE"}, {"mount", "-t", "vfat", "DRIVE", "/home"}},
			[][]string{{"umount", "/home"}},
		},
		{
			"swap", "swap", true,
			[][]string{{"mkswap", "DRIVE"}, {"swapon", "DRIVE"}},
			[][]string{{"swapoff", "DRIVE"}},
		},
		{
			"dm-crypt", "held", false,
			openVault,
			[][]string{{"cryptsetup", "close", "vault"}},
		},
		{
			"LVM", "held", false,
			openGroup,
			[][]string{{"lvm", "vgchange", "--activate", "n", "group"}},
		},
		{
			"a loop device", "held", false,
			[][]string{{"losetup", "/dev/loop0", "DRIVE"}},
			[][]string{{"losetup", "-d", "/dev/loop0"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t)
			stick, node := s.plug(lab.Stick{Serial: "AA04012700007891", Size: small, Fixed: c.fixed})
			t.Run("in use", func(t *testing.T) {
				s := tell(t)
				s.each(node, c.use)
				t.Cleanup(func() { s.each(node, c.release) })
				s.panoscrub(refused, "inspect", node)
				s.refused(stick.Disk, node, c.reason)
			})
			s.sanitize(node, attest.Pass)
		})
	}
}

// each runs commands that are about a drive.
func (s story) each(node string, commands [][]string) {
	s.Helper()
	for _, argv := range commands {
		argv = slices.Clone(argv)
		for i, arg := range argv {
			if arg == "DRIVE" {
				argv[i] = node
			}
		}
		s.must(argv...)
	}
}

// TestUnusableSticksAreRefused has sticks on which nothing can be done.
func TestUnusableSticksAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, reason string
		inspect      int // its exit code
		stick        lab.Stick
	}{
		{"write-protected", "read-only", 0, lab.Stick{Size: small, ReadOnly: true}},
		{"write-protected by uas", "read-only", 0, lab.Stick{Size: small, ReadOnly: true, UAS: true}},
		{"no medium", "empty", refused, lab.Stick{Size: 0}},
		{"no bytes", "empty", refused, lab.Stick{Size: 0, Fixed: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t)
			c.stick.Serial = "AA04012700007892"
			stick, node := s.plug(c.stick)
			s.refused(stick.Disk, node, c.reason)
			s.panoscrub(c.inspect, "inspect", node)
		})
	}
}

// TestCardReader has a reader with four slots and one card: the card can be
// sanitized, the empty slots are shown as what they are.
func TestCardReader(t *testing.T) {
	s := tell(t)
	_, card := s.plug(lab.Stick{Serial: "AA04012700007893", Size: small, EmptySlots: 3})
	empty := 0
	for _, d := range s.drives() {
		if d.Identity.Serial != "AA04012700007893" {
			continue
		}
		if d.Attachment.LUNs != 4 || len(d.Attachment.SameSerial) != 0 {
			t.Errorf("%s: %+v", d.Path, d.Attachment)
		}
		if d.Path != card && slices.Equal(d.reasons(), []string{"empty"}) {
			empty++
		}
	}
	if empty != 3 {
		t.Errorf("%d empty slots are listed, want 3", empty)
	}
	s.sanitize(card, attest.Pass)
}
