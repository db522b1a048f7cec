//go:build unix

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/drive/drivetest"
)

// onTree is the program on a machine that is a tree of files.
func onTree(t *testing.T, tree string) (a *app, stdout, stderr *bytes.Buffer) {
	t.Helper()
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	return &app{system: drivetest.Open(t, tree), stdout: stdout, stderr: stderr, now: func() time.Time { return noon }}, stdout, stderr
}

// named finds a drive of the tree.
func named(t *testing.T, a *app, node string) drive.Drive {
	t.Helper()
	d, err := a.system.Resolve(a.system.Root + node)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDrivesText(t *testing.T) {
	for _, c := range []struct {
		tree string
		want []string // in this order
	}{
		{"forms", []string{
			"DRIVE", "/dev/sda  stick  SanDisk Ultra 61.5 GB, serial AA00000000000001", "port 1, bus 2",
			"/dev/sdc  stick", "port 1 of the hub at port 3 of the hub at port 2, bus 2", "/dev/sdh  card ",
			"never by default", "/dev/sdb  disk  SanDisk Extreme", "port 4 of the hub at port 2, bus 2", "/dev/sdd  disk",
			"/dev/sdb: taken for a disk: it says that it is not removable", "/dev/sdf: taken for a disk: its name says so",
			"may not be touched", "/dev/sdg", "no medium",
		}},
		{"twins", []string{"/dev/sdb: it shows the same serial as", "/dev/sdc", "tell them apart"}},
		{"serials", []string{"no serial", "61524148224-902c", "/dev/sdc: its serial is too short or too regular"}},
		{"usb-ssd", []string{"No stick or card here", "may not be touched", "/dev/sdb", "swap"}},
		{"sd-emmc", []string{"/dev/mmcblk1  card  SD card SN512", "-  "}},
	} {
		a, stdout, _ := onTree(t, c.tree)
		drives, err := a.system.List()
		if err != nil {
			t.Fatal(err)
		}
		if err := a.printDrives(drives); err != nil {
			t.Fatal(err)
		}
		rest := strings.ReplaceAll(stdout.String(), a.system.Root, "")
		for _, want := range c.want {
			_, after, found := strings.Cut(rest, want)
			if !found {
				t.Errorf("%s: %q is missing or out of order in\n%s", c.tree, want, stdout)
				break
			}
			rest = after
		}
	}
}

// TestDrivesJSONTellsAll: each fact about a drive is in the document.
func TestDrivesJSONTellsAll(t *testing.T) {
	a, _, _ := onTree(t, "forms")
	doc, err := json.Marshal(driveEntry(named(t, a, "/dev/sdh")))
	if err != nil {
		t.Fatal(err)
	}
	for _, fact := range []string{
		`"kind":"usb"`, `"busNumber":2`, `"vendorId":"058f"`, `"productId":"6366"`, `"revision":"0100"`,
		`"serial":"058F63666485"`, `"serialQuality":"unique"`, `"manufacturer":"Generic"`, `"product":"Mass Storage Device"`,
		`"speedMbps":"5000"`, `"speed":"5 Gbit/s, USB 3"`, `"driver":"usb-storage"`, `"inquiryVendor":"Generic-"`,
		`"inquiryModel":"SD/MMC"`, `"inquiryRevision":"1.00"`, `"sizeBytes":15931539456`, `"logicalSectorBytes":512`,
		`"physicalSectorBytes":512`, `"readOnly":false`, `"lun":1`, `"luns":2`, `"portPath":"2-6"`, `"port":"port 6, bus 2"`,
		`"removable":"yes"`, `"form":"card"`, `"byNameOnly":false`, `"usable":true`,
	} {
		if !strings.Contains(string(doc), fact) {
			t.Errorf("%s is missing in %s", fact, doc)
		}
	}
}

func TestWatchText(t *testing.T) {
	a, stdout, stderr := onTree(t, "stick")
	stick := drive.Sighting{Drive: named(t, a, "/dev/sdb"), New: true}
	system := drive.Sighting{Drive: named(t, a, "/dev/nvme0n1")}
	mounted := stick
	mounted.Refusals = []drive.Refusal{{Reason: drive.ReasonMounted, About: []string{"/media/\x1b[2J"}}}
	show := a.textLooks()
	for _, l := range []drive.Look{
		{Drives: []drive.Sighting{system}, Changes: []drive.Change{{Happening: drive.Present, Sighting: system}}},
		{Changes: []drive.Change{{Happening: drive.Added, Sighting: stick}}},
		{Changes: []drive.Change{{Happening: drive.Changed, Sighting: mounted}, {Happening: drive.Changed, Sighting: system}}},
		{Changes: []drive.Change{{Happening: drive.Removed, Sighting: mounted}}},
	} {
		if err := show(l); err != nil {
			t.Fatal(err)
		}
	}
	_, got, _ := strings.Cut(strings.ReplaceAll(stdout.String(), a.system.Root, ""), "12:00:00")
	want := `  new           /dev/sdb  stick: SanDisk Ultra 61.5 GB, serial 4C530001230405117322, port 1, bus 2
      --confirm 4C530001230405117322
12:00:00  changed, new  /dev/sdb  stick: SanDisk Ultra 61.5 GB, serial 4C530001230405117322, port 1, bus 2
      it is mounted at /media/\x1b[2J
12:00:00  changed       /dev/nvme0n1  disk: Samsung SSD 980 PRO 1TB 1 TB
      it is an NVMe disk, neither a USB drive nor an SD card
      the running system is on it, at /, /boot/efi
      it is mounted at /, /boot/efi
12:00:00  gone          /dev/sdb  stick: SanDisk Ultra 61.5 GB, serial 4C530001230405117322, port 1, bus 2
`
	if got != want || !strings.Contains(stderr.String(), "watching") {
		t.Errorf("printed:\n%s\nwant:\n%s\nand %q", got, want, stderr)
	}
}

// TestWatchJSON follows a tree in which the stick goes, until an interrupt, which
// is no error.
func TestWatchJSON(t *testing.T) {
	a, stdout, stderr := onTree(t, "stick")
	ctx, cancel := context.WithCancelCause(t.Context())
	a.stdout = onWrite{func(line []byte) {
		stdout.Write(line)
		switch strings.Count(stdout.String(), "\n") {
		case 2: // both drives were told
			if err := os.Remove(a.system.Root + "/sys/block/sdb"); err != nil {
				t.Error(err)
			}
		case 3:
			cancel(interruptedError{os.Interrupt})
		}
	}}
	if err := a.watchDrives(ctx, true); err != nil {
		t.Errorf("it ended with %v", err)
	}
	var got []string
	for line := range strings.Lines(stdout.String()) {
		var c changeJSON
		if err := json.Unmarshal([]byte(line), &c); err != nil || c.Schema != "panoscrub/drives-change/v1" || !c.At.Equal(a.now()) {
			t.Errorf("%s: %+v, %v", line, c, err)
		}
		got = append(got, string(c.Event)+" "+c.Drive.Attachment.Node)
	}
	if s := strings.Join(got, ", "); s != "present sdb, present nvme0n1, removed sdb" {
		t.Errorf("told %s", s)
	}
	if n := strings.Count(stderr.String(), "every two seconds"); n != 1 {
		t.Errorf("that it polls was said %d times", n)
	}
}

type onWrite struct{ do func([]byte) }

func (w onWrite) Write(p []byte) (int, error) {
	w.do(p)
	return len(p), nil
}

// TestChallenge: the more there is to lose, the more is to be typed.
func TestChallenge(t *testing.T) {
	forms, _, _ := onTree(t, "forms")
	serials, _, _ := onTree(t, "serials")
	image := drive.Drive{Identity: drive.Identity{Kind: drive.KindImage}}
	for _, c := range []struct {
		d                  drive.Drive
		expected, question string
	}{
		{image, "yes", "this image"},
		{named(t, forms, "/dev/sda"), "0001", "the last 4 characters of AA00000000000001"},
		{named(t, serials, "/dev/sda"), "902c", "the last 4 characters of 61524148224-902c"},
		{named(t, forms, "/dev/sdd"), "575833314433", "not removable, as disks do and few sticks.\nType 575833314433 in full"},
		{named(t, forms, "/dev/sdb"), "AA00000000000002", "This is a USB disk, or may be one"},
	} {
		if expected, question := challenge(c.d); expected != c.expected || !strings.Contains(question, c.question) {
			t.Errorf("%s: %q answers %q", c.d.Name(), expected, question)
		}
	}
}
