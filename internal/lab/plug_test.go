package lab_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/lab"
)

// small is enough for a file system, and soon done.
const small = 16 << 20

// TestWholeJob plugs in a stick with a private key on it, has it sanitized, and
// plugs it in again: the kernel mounts it, it is empty, and the record says so.
func TestWholeJob(t *testing.T) {
	s := tell(t)
	watch := s.start(s.command("drives", "--watch", "--json"))
	watch.Await(t, "/dev/vda")
	stick := s.guest.Plug(t, lab.Stick{Serial: "4C530001230815114233", Size: small, File: usedStick(t)})
	watch.Await(t, `"event":"added"`)
	seen := s.uptime()
	node := stick.Node(t)
	s.soon(node, seen)
	s.panoscrub(3, "inspect", node)
	record := s.sanitize(node, attest.Pass)
	if n := record.Prescan.Counts.ByClass["credential"]; n != 1 {
		t.Errorf("the record counts %d credentials that were there", n)
	}

	stick.Pull(t)
	watch.Await(t, `"event":"removed"`)
	s.must("killall", "panoscrub")
	s.ends(0, watch)
	stick.Replug(t)
	node = stick.Node(t)
	s.panoscrub(0, "inspect", node)
	s.panoscrub(0, "verify", s.records()[0], "--drive", node)
	s.must("mount", "-t", "vfat", node+"1", "/mnt")
	defer s.must("umount", "/mnt")
	if files := s.guest.Must(t, "ls", "-A", "/mnt"); files != "" {
		t.Errorf("on the new volume are %q", files)
	}
}

// soon makes sure that the program saw a stick soon after the kernel did: within a
// second, it says of itself, of which ten are left to a machine that is emulated
// and has much else to do. Both moments are in seconds of the guest's own clock.
func (s story) soon(node string, seen float64) {
	s.Helper()
	said := regexp.MustCompile(`(?m)^\[ *([0-9.]+)\] .*\[`+strings.TrimPrefix(node, "/dev/")+`\] Attached SCSI`).
		FindAllStringSubmatch(s.guest.Must(s.T, "dmesg"), -1)
	if said == nil {
		s.Fatalf("the kernel says nothing of %s", node)
	}
	took := seen - s.seconds(said[len(said)-1][1])
	if took > 10 {
		s.Errorf("%s was seen %.1f s after the kernel had it", node, took)
	}
	s.Logf("seen %.1f s after the kernel had it", took)
}

func (s story) uptime() float64 {
	s.Helper()
	return s.seconds(s.guest.Must(s.T, "cut", "-d ", "-f1", "/proc/uptime"))
}

func (s story) seconds(text string) float64 {
	s.Helper()
	seconds, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		s.Fatal(err)
	}
	return seconds
}

// usedStick is the file of a small stick with a private key somewhere.
func usedStick(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	image := make([]byte, small)
	copy(image[small/2:], pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
	path := t.TempDir() + "/used"
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestDriversAndSectors sanitizes sticks of each kind that a kernel treats in its
// own way.
func TestDriversAndSectors(t *testing.T) {
	for _, c := range []struct {
		name, driver string
		stick        lab.Stick
	}{
		{"usb-storage", "usb-storage", lab.Stick{Serial: "07A81230B2F3C455", Size: small}},
		{"uas", "uas", lab.Stick{Serial: "07A81230B2F3C456", Size: small, UAS: true}},
		{"uas with unmap", "uas", lab.Stick{Serial: "07A81230B2F3C457", Size: small, UAS: true, Unmap: true}},
		{"uas disk with unmap", "uas", lab.Stick{Serial: "07A81230B2F3C460", Size: small, UAS: true, Unmap: true, Fixed: true}},
		{"sectors of 4096 bytes", "usb-storage", lab.Stick{Serial: "07A81230B2F3C458", Size: 258 << 20, SectorSize: 4096}},
		{"no serial", "usb-storage", lab.Stick{Size: small}},
		{"not removable", "usb-storage", lab.Stick{Serial: "07A81230B2F3C459", Size: small, Fixed: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t)
			stick, node := s.plug(c.stick)
			d := s.drive(node)
			if d.Attachment.Driver != c.driver || d.Identity.LogicalSectorBytes != max(512, c.stick.SectorSize) ||
				d.Identity.Serial != c.stick.Serial || (d.Attachment.Removable == "no") != c.stick.Fixed {
				t.Errorf("it is seen as %+v", d)
			}
			if c.stick.Unmap {
				s.unmap(stick, node)
			}
			before := stick.Written(t)
			if v := s.sanitize(node, attest.Pass).Verification; v.CacheDefence != attest.CacheDefenceReset || v.Order != attest.OrderShuffled {
				t.Errorf("the read-back was %+v", v)
			}
			s.panoscrub(0, "verify", s.records()[0], "--drive", node)
			// A drive that holds nothing where it was unmapped is overwritten all the same.
			if now := stick.Written(t); now.Bytes-before.Bytes < c.stick.Size || now.Unmapped != before.Unmapped {
				t.Errorf("of %d bytes, written were: before %+v, now %+v", c.stick.Size, before, now)
			}
		})
	}
}

// unmap has the guest unmap a stick that holds something.
func (s story) unmap(stick *lab.Plugged, node string) {
	s.Helper()
	s.must("dd", "if=/dev/urandom", "of="+node, "bs=1M", "count=16", "conv=fsync")
	s.must("blkdiscard", node)
	if unmapped := stick.Written(s.T).Unmapped; unmapped != small {
		s.Errorf("of a drive with UNMAP, %d bytes were unmapped", unmapped)
	}
}
