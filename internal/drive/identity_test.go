//go:build unix

package drive_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/drive/drivetest"
)

// TestCanonical pins the identity document to the byte: attestations of years
// ago are compared with it.
func TestCanonical(t *testing.T) {
	s := drivetest.Open(t, "stick")
	id := resolve(t, s, s.Root+"/dev/sdb").Identity
	const want = `{
  "schema": "panoscrub/drive/v1",
  "kind": "usb",
  "vendorId": "0781",
  "productId": "5581",
  "revision": "0100",
  "manufacturer": "SanDisk",
  "product": "Ultra",
  "serial": "4C530001230405117322",
  "serialQuality": "unique",
  "inquiryVendor": "SanDisk",
  "inquiryModel": "Ultra",
  "inquiryRevision": "1.00",
  "name": "",
  "lun": 0,
  "sizeBytes": 61524148224,
  "logicalSectorBytes": 512
}
`
	const digest = "6b0fa745600c89c622dc784e157dcfc38c75b479864787ab2e8f9b49276fcf61"
	if got := string(id.Canonical()); got != want {
		t.Errorf("the document is\n%s", got)
	}
	if got := id.Digest(); got != digest {
		t.Errorf("the digest is %s", got)
	}
	var back drive.Identity
	if err := json.Unmarshal(id.Canonical(), &back); err != nil || back != id {
		t.Errorf("read back as %+v, %v", back, err)
	}
}

// TestIdentityIsTheDrives: neither the port, nor the host, nor what else is
// plugged in, nor mounts change it.
func TestIdentityIsTheDrives(t *testing.T) {
	s := drivetest.Open(t, "twins")
	a, b := resolve(t, s, s.Root+"/dev/sdb"), resolve(t, s, s.Root+"/dev/sdc")
	if a.Identity.Digest() != b.Identity.Digest() || reflect.DeepEqual(a.Attachment, b.Attachment) {
		t.Errorf("one stick on two ports: %+v, %+v", a, b)
	}
	if a.SerialQuality() != drive.SerialSuspect || a.Identity.SerialQuality != drive.SerialUnique {
		t.Errorf("a serial that is shown twice is %s now, and %s by itself", a.SerialQuality(), a.Identity.SerialQuality)
	}
	idle, mounted := drivetest.Open(t, "stick"), drivetest.Open(t, "luks-lvm")
	if resolve(t, idle, idle.Root+"/dev/sdb").Identity != resolve(t, mounted, mounted.Root+"/dev/sdb").Identity {
		t.Error("use changes the identity")
	}
}

func TestConfirmToken(t *testing.T) {
	stick, serials := drivetest.Open(t, "stick"), drivetest.Open(t, "serials")
	for _, c := range []struct {
		s          drive.System
		node, want string
	}{
		{stick, "/dev/sdb", "4C530001230405117322"},
		{serials, "/dev/sda", "61524148224-902c"}, // no serial
		{serials, "/dev/sdb", "61524148224-c3a6"}, // zeros
		{serials, "/dev/sdc", "0123456789ABCDEF"},
		{serials, "/dev/sde", "61524148224-f094"}, // one that nobody can type
	} {
		if got := resolve(t, c.s, c.s.Root+c.node).ConfirmToken(); got != c.want {
			t.Errorf("%s: the token is %q, want %q", c.node, got, c.want)
		}
	}
}

// TestRecordedDrive: a drive survives the journal.
func TestRecordedDrive(t *testing.T) {
	s := drivetest.Open(t, "serials")
	drives, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(drives)
	if err != nil {
		t.Fatal(err)
	}
	var back []drive.Drive
	if err := json.Unmarshal(data, &back); err != nil || !reflect.DeepEqual(back, drives) {
		t.Errorf("read back as %+v, %v", back, err)
	}
}
