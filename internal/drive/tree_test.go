//go:build unix

package drive_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/drive/drivetest"
)

// TestTrees lists the drives of every machine in testdata/sysfs and compares what
// is told about each with the entry "expect" of the same archive.
func TestTrees(t *testing.T) {
	archives, err := filepath.Glob(filepath.Join(drivetest.Trees(t), "*.txtar"))
	if err != nil || len(archives) < 15 {
		t.Fatalf("found the trees %v, %v", archives, err)
	}
	for _, archive := range archives {
		name := strings.TrimSuffix(filepath.Base(archive), ".txtar")
		t.Run(name, func(t *testing.T) {
			s := drivetest.Open(t, name)
			want, err := os.ReadFile(filepath.Join(s.Root, "expect"))
			if err != nil {
				t.Fatal(err)
			}
			drives, err := s.List()
			if err != nil {
				t.Fatal(err)
			}
			if got := told(s, drives); got != string(want) {
				t.Errorf("told:\n%s\nexpected:\n%s", got, want)
			}
		})
	}
}

// told is what is said about drives, in the form of the trees' "expect".
func told(s drive.System, drives []drive.Drive) string {
	var b strings.Builder
	for _, d := range drives {
		a := d.Attachment
		fmt.Fprintf(&b, "%s: %s, serial %s: %s\n", d.Path, d.Identity.Kind, d.SerialQuality(), d.Name())
		if d.Identity.Kind == drive.KindUSB {
			fmt.Fprintf(&b, "  %s:%s lun %d of %d on port %s, USB %s at %s Mbit/s by %s, removable %s\n",
				d.Identity.VendorID, d.Identity.ProductID, d.Identity.LUN, a.LUNs, a.PortPath, a.USBVersion, a.SpeedMbps, a.Driver, a.Removable)
		}
		if a.Form != "" {
			fmt.Fprintf(&b, "  %s\n", strings.TrimSuffix(strings.Join([]string{string(a.Form), a.FormBecause}, ": "), ": "))
		}
		if a.SameSerial != nil {
			fmt.Fprintf(&b, "  same serial: %v\n", a.SameSerial)
		}
		for _, r := range d.Refusals {
			fmt.Fprintf(&b, "  %s: %s\n", r.Reason, r.Sentence())
		}
	}
	return strings.ReplaceAll(b.String(), s.Root+"/", "/")
}
