package lab_test

import (
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/lab"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// swapOnPartition makes a partition, and swap space on it.
const swapOnPartition = `printf 'n\np\n1\n\n\nw\n' | fdisk DRIVE && mkswap DRIVE1 && swapon DRIVE1`

// TestPulledInUse pulls a stick while it is in use, by what then keeps its name for
// good. Another stick is none the worse for that; but for a loop device, below
// which any drive may be: there, what is said helps.
func TestPulledInUse(t *testing.T) {
	guest := bootFrom(t, "").guest // what is swapped to stays until a machine is booted anew
	for _, c := range []struct{ name, use, remedy string }{
		{"swap", "mkswap DRIVE && swapon DRIVE", ""},
		{"swap on a partition", swapOnPartition, ""},
		{"zram", "echo DRIVE >/sys/block/zram0/backing_dev", ""},
		{"loop", "losetup /dev/loop0 DRIVE", "losetup -d /dev/loop0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tellIn(t, guest)
			pulled, was := s.plug(lab.Stick{Serial: "AB04012700007891", Size: small, Fixed: true})
			s.use(was, c.use)
			pulled.Pull(t)
			pulled.AwaitGone(t)
			another, node := s.plug(lab.Stick{Serial: "AB04012700007892", Size: small})
			if node == was {
				t.Errorf("%s is another stick now, though it is in use", node)
			}
			if c.remedy != "" {
				s.refused(another.Disk, node, "untraced")
				if hint := s.drive(node).Refusals[0].Hint; !strings.Contains(hint, c.remedy) {
					t.Errorf("the hint is: %s", hint)
				}
				s.must("sh", "-c", c.remedy)
			}
			s.sanitize(node, attest.Pass)
		})
	}
	t.Run("btrfs", func(t *testing.T) {
		s := tellIn(t, guest)
		pulled, was := s.plug(btrfsStick(t))
		s.must("mount", "-t", "btrfs", was, "/mnt")
		s.finally("umount", "/mnt")
		pulled.Pull(t)
		pulled.AwaitGone(t)
		_, node := s.plug(lab.Stick{Serial: "AB04012700007894", Size: small})
		s.sanitize(node, attest.Pass)
	})
}

// use has a shell use a drive.
func (s story) use(node, script string) {
	s.Helper()
	s.must("sh", "-c", strings.ReplaceAll(script, "DRIVE", node))
}

// btrfsStick is a stick with a btrfs file system.
func btrfsStick(t *testing.T) lab.Stick {
	t.Helper()
	stick := lab.Stick{Serial: "AB04012700007893", Size: 128 << 20, File: t.TempDir() + "/btrfs"}
	testtool.Run(t, "", "truncate", "--size=128M", stick.File)
	testtool.Run(t, "", "mkfs.btrfs", "--quiet", stick.File)
	return stick
}

// TestTakenForGone has a stick used by a node that is deleted then, so that it seems
// to be in use by nothing that is still there. What is tried is refused all the
// same: by the kernel, which has claimed the stick, or by the program where the
// kernel claims nothing.
func TestTakenForGone(t *testing.T) {
	for _, c := range []struct{ name, use, release, reason string }{
		{"swap", "mkswap ODD && swapon ODD && rm ODD", "swapoff ODD", ""},
		{"zram", "echo ODD >/sys/block/zram0/backing_dev && rm ODD", "echo 1 >/sys/block/zram0/reset", ""},
		{"loop", "losetup /dev/loop0 ODD && rm ODD", "losetup -d /dev/loop0", "untraced"},
	} {
		for _, part := range []string{"", "1"} {
			t.Run(c.name+part, func(t *testing.T) {
				s := tell(t)
				stick, node := s.plug(lab.Stick{Serial: "AB04012700007895", Size: small})
				s.use(node, `printf 'n\np\n1\n\n\nw\n' | fdisk DRIVE`)
				odd := func(script string) string {
					return strings.ReplaceAll("mknod ODD b $(tr : ' ' </sys/class/block/"+node[len("/dev/"):]+part+"/dev) && "+script, "ODD", "/dev/odd")
				}
				s.must("sh", "-c", odd(c.use))
				t.Cleanup(func() { s.must("sh", "-c", odd(c.release)+" && rm /dev/odd") })
				if c.reason != "" {
					s.refused(stick.Disk, node, c.reason)
					return
				}
				if d := s.drive(node); !d.Usable {
					t.Errorf("refused for %q", d.reasons())
				}
				command := s.command(s.sanitizing(node)...)
				defer s.watch(stick.Disk).unchanged()
				// Not by start: that it tries to open the stick is what this is about.
				if r := s.guest.Start(t, command).Wait(t); r.Code != refused || !strings.Contains(r.Stderr, "was not touched") {
					t.Errorf("exit code %d: %s", r.Code, r.Stderr)
				}
			})
		}
	}
}
