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
	id    string   // of its device
	units []string // names of what the emulator stores its bytes in
}

// System is the system disk.
func (g *Guest) System() Disk { return Disk{g.SystemDisk, g, "system", []string{"system"}} }

// Written is how many bytes the emulator has written to the disk or unmapped
// since it was made.
func (d Disk) Written(t testing.TB) (bytes int64) {
	t.Helper()
	var all []struct {
		Unit  string `json:"node-name"`
		Stats struct {
			Written  int64 `json:"wr_bytes"`
			Unmapped int64 `json:"unmap_bytes"`
		} `json:"stats"`
	}
	if err := d.guest.monitor.do("query-blockstats", nil, &all); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, unit := range all {
		if slices.Contains(d.units, unit.Unit) {
			bytes += unit.Stats.Written + unit.Stats.Unmapped
			found++
		}
	}
	if found != len(d.units) {
		t.Fatalf("the emulator counts %d units of %s, not %d: %+v", found, d.id, len(d.units), all)
	}
	return bytes
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
