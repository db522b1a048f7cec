//go:build unix

package drive_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/drive/drivetest"
)

// reasons is why a target is refused, in the order given.
func reasons(d drive.Drive) []drive.Reason {
	var out []drive.Reason
	for _, r := range d.Refusals {
		out = append(out, r.Reason)
	}
	return out
}

func resolve(t *testing.T, s drive.System, target string) drive.Drive {
	t.Helper()
	d, err := s.Resolve(target)
	if err != nil {
		t.Fatalf("resolving %s: %v", target, err)
	}
	return d
}

func symlink(t *testing.T, target, from string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(from), 0o755), os.Symlink(target, from)); err != nil {
		t.Fatal(err)
	}
}

func writeFile(t *testing.T, path, data string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(data), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func TestResolveNodes(t *testing.T) {
	s := drivetest.Open(t, "stick")
	elsewhere := t.TempDir()
	symlink(t, "../../sdb", s.Root+"/dev/disk/by-id/usb-SanDisk_Ultra-0:0")
	symlink(t, "../../sdb1", s.Root+"/dev/disk/by-id/usb-SanDisk_Ultra-0:0-part1")
	symlink(t, s.Root+"/dev/sdb", elsewhere+"/stick.img")
	symlink(t, s.Root+"/dev/sdb1", elsewhere+"/part.img")
	for _, c := range []struct {
		target, path string
		reasons      []drive.Reason
		hint         string
	}{
		{s.Root + "/dev/sdb", "/dev/sdb", nil, ""},
		{s.Root + "/dev/./disk/../sdb", "/dev/sdb", nil, ""},
		{s.Root + "/dev/disk/by-id/usb-SanDisk_Ultra-0:0", "/dev/sdb", nil, ""},
		{s.Root + "/dev/sdb1", "/dev/sdb1", []drive.Reason{drive.ReasonPartition}, "/dev/sdb:"},
		{s.Root + "/dev/disk/by-id/usb-SanDisk_Ultra-0:0-part1", "/dev/sdb1", []drive.Reason{drive.ReasonPartition}, "/dev/sdb:"},
		{elsewhere + "/stick.img", "/dev/sdb", []drive.Reason{drive.ReasonAlias}, "/dev/sdb itself"},
		{elsewhere + "/part.img", "/dev/sdb1", []drive.Reason{drive.ReasonAlias, drive.ReasonPartition}, "/dev/sdb1 itself"},
		{s.Root + "/dev/nvme0n1p1", "/dev/nvme0n1p1", []drive.Reason{drive.ReasonNotUSB, drive.ReasonPartition, drive.ReasonSystem, drive.ReasonMounted}, ""},
	} {
		d := resolve(t, s, c.target)
		if d.Path != s.Root+c.path || !slices.Equal(reasons(d), c.reasons) {
			t.Errorf("%s: got %s, refused for %v, want %s, %v", c.target, d.Path, reasons(d), c.path, c.reasons)
			continue
		}
		if c.hint != "" && !strings.Contains(d.Refusals[0].Hint(), s.Root+c.hint) {
			t.Errorf("%s: the hint does not name the device: %s", c.target, d.Refusals[0].Hint())
		}
	}
}

// TestResolveAgreesWithList: what a list says of a drive is what is said when it
// is named.
func TestResolveAgreesWithList(t *testing.T) {
	for _, tree := range []string{"twins", "luks-lvm", "garbage", "loop", "nvme-system"} {
		s := drivetest.Open(t, tree)
		drives, err := s.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, listed := range drives {
			if listed.Attachment.DevNumber == "eight" {
				continue // cannot be looked up by a number that it does not have
			}
			if got, want := told(s, []drive.Drive{resolve(t, s, listed.Path)}), told(s, []drive.Drive{listed}); got != want {
				t.Errorf("%s: resolved as\n%slisted as\n%s", tree, got, want)
			}
		}
	}
}

func TestResolveUnattachedLoop(t *testing.T) {
	s := drivetest.Open(t, "loop")
	if got := reasons(resolve(t, s, s.Root+"/dev/loop6")); !slices.Equal(got, []drive.Reason{drive.ReasonNotUSB, drive.ReasonEmpty}) {
		t.Errorf("a loop device with nothing attached is refused for %v", got)
	}
}

func TestNodeMustLeadToTheDrive(t *testing.T) {
	for name, spoil := range map[string]func(node string) error{
		"no node":            os.Remove,
		"another's node":     func(node string) error { return errors.Join(os.Remove(node), os.Symlink("nvme0n1", node)) },
		"not a node at all":  func(node string) error { return errors.Join(os.Remove(node), os.Mkdir(node, 0o755)) },
		"a link to nowhere":  func(node string) error { return errors.Join(os.Remove(node), os.Symlink("gone", node)) },
		"a link to another1": func(node string) error { return errors.Join(os.Remove(node), os.Symlink("sdb1", node)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := drivetest.Open(t, "stick")
			if err := spoil(s.Root + "/dev/sdb"); err != nil {
				t.Fatal(err)
			}
			drives, err := s.List()
			if err != nil {
				t.Fatal(err)
			}
			if got := reasons(drives[0]); !slices.Equal(got, []drive.Reason{drive.ReasonUnknown}) {
				t.Errorf("refused for %v", got)
			}
		})
	}
}

func TestResolveMissing(t *testing.T) {
	s := drivetest.Open(t, "stick")
	symlink(t, "nowhere", s.Root+"/dangling")
	for _, target := range []string{"", s.Root + "/dev/sdq", s.Root + "/gone.img", s.Root + "/dangling", s.Root + "/expect/below"} {
		d, err := s.Resolve(target)
		if err == nil || d.Path != "" {
			t.Errorf("%q: found %+v, %v", target, d, err)
		}
		if !strings.HasSuffix(target, "below") && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v does not say that it is missing", target, err)
		}
	}
}

func TestResolveImage(t *testing.T) {
	s := drivetest.Open(t, "stick")
	path := s.Root + "/images/\x1b[2Jstick.img"
	writeFile(t, path, strings.Repeat("x", 513))
	d := resolve(t, s, path)
	if err := d.Refused(); err != nil {
		t.Fatal(err)
	}
	want := drive.Identity{
		Schema: drive.IdentitySchema, Kind: drive.KindImage, Name: "\x1b[2Jstick.img",
		SizeBytes: 513, LogicalSectorBytes: 512, SerialQuality: drive.SerialMissing,
	}
	if d.Identity != want || d.Path != path || d.ConfirmToken() != "" || d.Name() != `image \x1b[2Jstick.img 513 bytes` {
		t.Errorf("got %+v, token %q, name %q", d, d.ConfirmToken(), d.Name())
	}
}

// TestImagesWithoutKernelTree: images are worked on where /sys and /proc are not.
func TestImagesWithoutKernelTree(t *testing.T) {
	s := drive.System{Root: t.TempDir()}
	writeFile(t, s.Root+"/a.img", "x")
	if err := resolve(t, s, s.Root+"/a.img").Refused(); err != nil {
		t.Error(err)
	}
	if _, err := s.List(); err == nil {
		t.Error("drives were listed without a kernel's tree")
	}
}

func TestRefusedFiles(t *testing.T) {
	s := drivetest.Open(t, "loop")
	folder := t.TempDir()
	writeFile(t, folder+"/empty", "")
	writeFile(t, folder+"/protected", "x")
	writeFile(t, s.Root+"/images/stick.img", "x")
	if err := errors.Join(os.Chmod(folder+"/protected", 0o444), syscall.Mkfifo(folder+"/pipe", 0o600),
		os.Link(s.Root+"/images/stick.img", folder+"/hardlink.img")); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", folder+"/socket")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, c := range []struct {
		path             string
		writing, reading []drive.Reason
		words            string
	}{
		{folder, []drive.Reason{drive.ReasonNotRegular}, []drive.Reason{drive.ReasonNotRegular}, "a directory"},
		{folder + "/pipe", []drive.Reason{drive.ReasonNotRegular}, []drive.Reason{drive.ReasonNotRegular}, "a pipe"},
		{folder + "/socket", []drive.Reason{drive.ReasonNotRegular}, []drive.Reason{drive.ReasonNotRegular}, "a socket"},
		{"/dev/null", []drive.Reason{drive.ReasonNotRegular}, []drive.Reason{drive.ReasonNotRegular}, "a character device"},
		{folder + "/empty", []drive.Reason{drive.ReasonEmpty}, []drive.Reason{drive.ReasonEmpty}, "no bytes"},
		{folder + "/protected", []drive.Reason{drive.ReasonReadOnly}, nil, "r--r--r--"},
		{folder + "/hardlink.img", []drive.Reason{drive.ReasonAlias}, []drive.Reason{drive.ReasonAlias}, "/dev/loop0"},
	} {
		d := resolve(t, s, c.path)
		for purpose, want := range map[drive.Purpose][]drive.Reason{drive.Writing: c.writing, drive.Reading: c.reading} {
			var refused *drive.RefusedError
			err := d.RefusedFor(purpose)
			if want == nil {
				if err != nil {
					t.Errorf("%s: refused: %v", c.path, err)
				}
				continue
			}
			if !errors.As(err, &refused) || !slices.Equal(reasons(drive.Drive{Refusals: refused.Refusals}), want) {
				t.Errorf("%s: purpose %v: got %v, want %v", c.path, purpose, err, want)
			} else if !strings.Contains(err.Error(), c.words) || !strings.Contains(err.Error(), c.path) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: the error says too little or too much: %v", c.path, err)
			}
		}
	}
}

func TestImageOnADrive(t *testing.T) {
	for _, c := range []struct {
		tree, path string
		want       []drive.Reason
	}{
		{"mounted", "media/ann/PANO /backup/stick.img", []drive.Reason{drive.ReasonOnDrive}},
		{"mounted", "home/ann/stick.img", nil},
		{"luks-lvm", "srv/data/stick.img", []drive.Reason{drive.ReasonOnDrive}},
		{"luks-lvm", "srv/database/stick.img", nil},
		{"raid", "home/ann/stick.img", nil},     // the system's own
		{"sd-system", "home/pi/stick.img", nil}, // likewise
		{"stick", "dev/shm/stick.img", nil},     // not among the nodes
		{"btrfs", "srv/pool/stick.img", []drive.Reason{drive.ReasonOnDrive}},
	} {
		s := drivetest.Open(t, c.tree)
		path := filepath.Join(s.Root, c.path)
		writeFile(t, path, "x")
		d := resolve(t, s, path)
		if !slices.Equal(reasons(d), c.want) {
			t.Errorf("%s %s: refused for %v, want %v", c.tree, c.path, reasons(d), c.want)
		}
		if err := d.RefusedFor(drive.Reading); err != nil {
			t.Errorf("%s %s: looking is refused: %v", c.tree, c.path, err)
		}
	}
}

// TestHugeAttribute: a file of the kernel's that goes on and on is not a size.
func TestHugeAttribute(t *testing.T) {
	s := drivetest.Open(t, "stick")
	set("2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb/size", strings.Repeat("0", 1<<20)+"8")(t, s)
	if got := reasons(resolve(t, s, s.Root+"/dev/sdb")); !slices.Equal(got, []drive.Reason{drive.ReasonUnknown}) {
		t.Errorf("refused for %v", got)
	}
}

// TestSourceWithoutANode: a container may show the kernel's tables without the
// nodes that they name.
func TestSourceWithoutANode(t *testing.T) {
	s := drivetest.Open(t, "usb-ssd")
	if err := os.Remove(s.Root + "/dev/sdb1"); err != nil {
		t.Fatal(err)
	}
	if got := reasons(resolve(t, s, s.Root+"/dev/sdb")); !slices.Equal(got, []drive.Reason{drive.ReasonSwap}) {
		t.Errorf("refused for %v", got)
	}
}

// TestFileAmongNodes: what "dd of=/dev/sdq" leaves behind when there is no such
// drive is not taken for an image.
func TestFileAmongNodes(t *testing.T) {
	s := drivetest.Open(t, "stick")
	writeFile(t, s.Root+"/dev/sdq", "x")
	if got := reasons(resolve(t, s, s.Root+"/dev/sdq")); !slices.Equal(got, []drive.Reason{drive.ReasonUnknown}) {
		t.Errorf("refused for %v", got)
	}
}

// TestShadowedMount: a file lies on what was mounted last at a place.
func TestShadowedMount(t *testing.T) {
	s := drivetest.Open(t, "mounted")
	table, err := os.ReadFile(s.Root + "/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, s.Root+"/proc/self/mountinfo", string(table)+"209 201 0:77 / /media/ann/PANO\\040 rw - tmpfs tmpfs rw\n")
	writeFile(t, s.Root+"/media/ann/PANO /stick.img", "x")
	if got := reasons(resolve(t, s, s.Root+"/media/ann/PANO /stick.img")); got != nil {
		t.Errorf("refused for %v", got)
	}
}
