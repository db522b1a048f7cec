//go:build unix

package drive_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/drive/drivetest"
)

// set changes an attribute of the stick, or of the USB device that carries it.
func set(attribute, value string) func(*testing.T, drive.System) {
	return func(t *testing.T, s drive.System) {
		t.Helper()
		found, err := filepath.Glob(s.Root + "/sys/devices/*/*/usb2/2-1/" + attribute)
		if err != nil || len(found) != 1 {
			t.Fatalf("the attribute %s is at %v, %v", attribute, found, err)
		}
		writeFile(t, found[0], value+"\n")
	}
}

func TestSame(t *testing.T) {
	const disk = "2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb/"
	unplug := func(leftovers ...string) func(*testing.T, drive.System) {
		return func(t *testing.T, s drive.System) {
			t.Helper()
			for _, path := range []string{"/sys/devices/pci0000:00/0000:00:14.0/usb2", "/sys/dev/block/8:16", "/sys/class/block/sdb", "/sys/block/sdb", "/dev/sdb"} {
				if slices.Contains(leftovers, path) {
					continue
				}
				if err := os.RemoveAll(s.Root + path); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for name, c := range map[string]struct {
		change func(*testing.T, drive.System)
		want   error
		words  string
	}{
		"nothing":               {func(*testing.T, drive.System) {}, nil, ""},
		"another address":       {set("devnum", "9"), nil, ""},
		"mounted since":         {func(t *testing.T, s drive.System) { addMount(t, s, "8:17", "/media/x") }, nil, ""},
		"another sequence":      {set(disk+"diskseq", "77"), block.ErrChanged, "disk sequence number"},
		"another size":          {set(disk+"size", "120164353"), block.ErrChanged, "size"},
		"no size":               {set(disk+"size", "0"), block.ErrChanged, "size"},
		"another serial":        {set("serial", "4C530001230405117323"), block.ErrChanged, "serial"},
		"another vendor":        {set("idVendor", "0782"), block.ErrChanged, "USB ID"},
		"another product":       {set("idProduct", "0782"), block.ErrChanged, "USB ID"},
		"another revision":      {set("bcdDevice", "0200"), block.ErrChanged, "description"},
		"unplugged":             {unplug(), block.ErrGone, "gone"},
		"only the node is left": {unplug("/dev/sdb"), block.ErrGone, "gone"},
		"another kind":          {set("2-1:1.0/host6/target6:0:0/6:0:0:0/type", "5"), block.ErrChanged, "its kind, "},
		"serial and size":       {func(t *testing.T, s drive.System) { set("serial", "x")(t, s); set(disk+"size", "8")(t, s) }, block.ErrChanged, "serial, size"},
		"an unreadable size":    {set(disk+"size", "?"), block.ErrChanged, "size"},
	} {
		t.Run(name, func(t *testing.T) {
			s := drivetest.Open(t, "stick")
			d := resolve(t, s, s.Root+"/dev/sdb")
			c.change(t, s)
			err := s.Same(d)
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err != nil && !strings.Contains(err.Error(), c.words) {
				t.Errorf("the error does not say what differs: %v", err)
			}
		})
	}
}

// TestSameOnAnotherPort: the same stick, pulled and put back elsewhere under the
// same name, is not taken for the one that was confirmed, whatever it says.
func TestSameOnAnotherPort(t *testing.T) {
	s := drivetest.Open(t, "twins")
	d := resolve(t, s, s.Root+"/dev/sdb")
	other := resolve(t, s, s.Root+"/dev/sdc")
	if d.Identity != other.Identity {
		t.Fatalf("the twins differ: %+v, %+v", d.Identity, other.Identity)
	}
	d.Path, d.Attachment.Diskseq, d.Attachment.DevNumber = other.Path, other.Attachment.Diskseq, other.Attachment.DevNumber
	var changed *drive.ChangedError
	if err := s.Same(d); !errors.As(err, &changed) || len(changed.What) != 1 || changed.What[0] != "port" {
		t.Errorf("got %v", err)
	}
}

// TestSameOfAnotherRecord: what only the attachment tells counts as well.
func TestSameOfAnotherRecord(t *testing.T) {
	s := drivetest.Open(t, "loop")
	for word, alter := range map[string]func(*drive.Drive){
		"device number": func(d *drive.Drive) { d.Attachment.DevNumber = "7:9" },
		"backing file":  func(d *drive.Drive) { d.Attachment.Backing = "/elsewhere/stick.img" },
	} {
		d := resolve(t, s, s.Root+"/dev/loop0")
		alter(&d)
		if err := s.Same(d); !errors.Is(err, block.ErrChanged) || !strings.Contains(err.Error(), word) {
			t.Errorf("another %s gives %v", word, err)
		}
	}
}

func TestSameImage(t *testing.T) {
	s := drivetest.Open(t, "stick")
	path := s.Root + "/images/stick.img"
	writeFile(t, path, "x")
	d := resolve(t, s, path)
	if err := s.Same(d); err != nil {
		t.Error(err)
	}
	writeFile(t, path, "xy")
	if err := s.Same(d); !errors.Is(err, block.ErrChanged) {
		t.Errorf("another size gives %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := s.Same(d); !errors.Is(err, block.ErrGone) {
		t.Errorf("a removed image gives %v", err)
	}
}

func addMount(t *testing.T, s drive.System, number, point string) {
	t.Helper()
	table, err := os.ReadFile(s.Root + "/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, s.Root+"/proc/self/mountinfo", string(table)+"209 29 "+number+" / "+point+" rw - vfat /dev/x rw\n")
}
