package lab

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"
)

// Disk is a disk of the machine, as it is seen from outside.
type Disk struct {
	File string // its backing file

	guest *Guest
	port  int      // of the USB controller; 0 for the system disk
	id    string   // of its device
	units []string // names of what the emulator stores its bytes in
}

// System is the system disk.
func (g *Guest) System() Disk {
	return Disk{File: g.SystemDisk, guest: g, id: "system", units: []string{"system"}}
}

// Written is what the emulator was asked to do to the bytes of a disk since that was
// made. Commands counts also what it could not do.
type Written struct{ Bytes, Unmapped, Commands int64 }

// unitStats is what the emulator counts for one unit of a disk.
type unitStats struct {
	Unit  string `json:"node-name"`
	Stats struct {
		Written       int64 `json:"wr_bytes"`
		Writes        int64 `json:"wr_operations"`
		FailedWrites  int64 `json:"failed_wr_operations"`
		InvalidWrites int64 `json:"invalid_wr_operations"`
		Unmapped      int64 `json:"unmap_bytes"`
		Unmaps        int64 `json:"unmap_operations"`
		FailedUnmaps  int64 `json:"failed_unmap_operations"`
		InvalidUnmaps int64 `json:"invalid_unmap_operations"`
	} `json:"stats"`
}

// Written asks the emulator.
func (d Disk) Written(t testing.TB) (w Written) {
	t.Helper()
	var all []unitStats
	if err := d.guest.monitor.do("query-blockstats", nil, &all); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, unit := range all {
		if slices.Contains(d.units, unit.Unit) {
			s := unit.Stats
			w.Bytes += s.Written
			w.Unmapped += s.Unmapped
			w.Commands += s.Writes + s.FailedWrites + s.InvalidWrites + s.Unmaps + s.FailedUnmaps + s.InvalidUnmaps
			found++
		}
	}
	if found != len(d.units) {
		t.Fatalf("the emulator counts %d units of %s, not %d: %+v", found, d.id, len(d.units), all)
	}
	return w
}

// Digest is the SHA-256 of the bytes of the backing file.
func (d Disk) Digest(t testing.TB) string {
	t.Helper()
	f, err := os.Open(d.File)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}
