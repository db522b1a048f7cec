package scan

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"

	"github.com/panoscrub/panoscrub/internal/rules"
)

// TestHostile has drives that were made to take for ever, or all memory. What
// they get is a report that says which bound was hit.
func TestHostile(t *testing.T) {
	key := string(ecPEM(ecKey()))
	bomb := zipOf(t, 8, zipFile{"bomb", make([]byte, 64<<20)})
	tiny := zipOf(t, 8, zipFile{"k", []byte("x")})
	claim := bytes.Clone(tiny)
	for _, field := range []int{18, 22} { // sizes
		binary.LittleEndian.PutUint32(claim[field:], 0xFFFFFFFE)
	}
	claim[6] &^= 1 << 3
	deep := zipOf(t, 8, zipFile{"key", []byte(key)})
	for range 5 {
		deep = zipOf(t, 8, zipFile{"in.zip", deep})
	}
	for _, c := range []struct {
		name    string
		unit    []byte // filled up to the sector's end and repeated
		limit   string
		verdict Verdict
	}{
		{"BEGIN in every sector", []byte("-----BEGIN RSA PRIVATE KEY-----\n"), "", Clean},
		{"a key in every sector", []byte(key), limitMore, Leftovers},
		{"a long body without an end", []byte(key[:60] + strings.Repeat("A", 40<<10)), "", Leftovers},
		{"headers of archives", []byte("PK\x03\x04"), "", Clean},
		{"small members", tiny, "", Clean},
		{"members that claim 4 GiB", claim, "", Clean},
		{"bombs", bomb, limitInflated, Incomplete},
		{"archives in archives", deep, limitNesting, Incomplete},
		{"keys of network configuration", []byte(strings.Repeat(`"PassCode":{`, 40)), limitMore, Incomplete},
		{"names in directories", append([]byte{'A'}, fatArchiveSlot...), "", Clean},
		{"IDs", []byte(deviceID()), "", Leftovers},
	} {
		t.Run(c.name, func(t *testing.T) {
			drive := block.NewMemory(12<<20+100, 512)
			step := (len(c.unit) + 511) / 512 * 512
			for at := 0; at < len(drive.Bytes()); at += step {
				copy(drive.Bytes()[at:], c.unit)
			}
			r := scanned(t, drive)
			if r.Verdict != c.verdict || len(r.Findings) > 2*maxKept || c.limit != "" && !slices.Contains(r.Coverage.Limits, c.limit) || c.limit == "" && len(r.Coverage.Limits) > 0 {
				t.Errorf("verdict %s, %d findings, limits %q", r.Verdict, len(r.Findings), r.Coverage.Limits)
			}
		})
	}
}

// TestInflatedBound has more compressed members in one chunk than are unpacked.
func TestInflatedBound(t *testing.T) {
	member := zipOf(t, 8, zipFile{"zeros", make([]byte, 900<<10)})
	drive := inMemory(bytes.Repeat(member, 40))
	if r := scanned(t, drive); r.Verdict != Incomplete || !slices.Equal(r.Coverage.Limits, []string{limitInflated}) {
		t.Errorf("verdict %s, limits %q", r.Verdict, r.Coverage.Limits)
	}
}

// TestManyFiles has more pieces of files than the index holds.
func TestManyFiles(t *testing.T) {
	x := newFileIndex()
	for i := range int64(maxSpans / 2) {
		x.add([]block.Extent{{Offset: 4096 * i, Length: 512}, {Offset: 4096*i + 1024, Length: 512}}, i%2 == 0)
	}
	if n := x.add([]block.Extent{{Offset: 1 << 40, Length: 512}}, false); n != noFile || !x.full {
		t.Errorf("one too many is number %d", n)
	}
	if s := (scan{out: newCollector(nil), catalog: catalog{files: x}}); !slices.Contains(s.coverage().Limits, limitIndex) {
		t.Error("the report does not say so")
	}
	x.build()
	for _, i := range []int64{0, 1, 77, maxSpans/2 - 1} {
		s, ok := x.find(4096*i + 1024 + 5)
		if !ok || s.file != int32(i) || s.pos != 512 || x.position(s.file, 4096*i+1029) != 517 {
			t.Errorf("file %d: %+v, %v", i, s, ok)
		}
		if _, ok := x.find(4096*i + 600); ok {
			t.Errorf("file %d: found between its pieces", i)
		}
	}
}

// TestManyNames has more archives by name than are listed.
func TestManyNames(t *testing.T) {
	x := catalog{set: newRuleset(rules.Builtin()), files: newFileIndex(), counts: map[*rules.Rule]int{}, limits: limits{}, bins: newBins(nil)}
	for i := range maxNamed + 1 {
		if x.limits[limitMore] {
			t.Fatalf("limit after %d", i)
		}
		x.take(fsys.Entry{Path: fmt.Sprintf("/certificates-omni_%d.zip", i)}, false)
	}
	if len(x.named) != maxNamed || !x.limits[limitMore] {
		t.Errorf("%d names, limits %v", len(x.named), x.limits)
	}
}

// TestOverlappingFiles has deleted files that were one after the other in the
// same place, and a live one that has part of it now.
func TestOverlappingFiles(t *testing.T) {
	x := newFileIndex()
	x.add([]block.Extent{{Offset: 0, Length: 1 << 20}}, true)
	x.add([]block.Extent{{Offset: 4096, Length: 4096}}, true)
	x.add([]block.Extent{{Offset: 6144, Length: 512}}, false)
	x.build()
	for off, want := range map[int64]int32{0: 0, 4096: 1, 6143: 1, 6144: 2, 6656: 1, 8192: 0, 1<<20 - 1: 0} {
		if s, ok := x.find(off); !ok || s.file != want {
			t.Errorf("byte %d: file %d, %v; want %d", off, s.file, ok, want)
		}
	}
	if _, ok := x.find(1 << 20); ok {
		t.Error("found behind all files")
	}
}

// TestMemory scans a large drive full of leftovers, and looks at what it holds.
func TestMemory(t *testing.T) {
	drive := pages{append(append(logLines(40, deviceID()), ecPEM(ecKey())...), randomBytes(1, 3000)...), 160 << 20}
	held := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapSys - m.HeapReleased
	}
	debug.FreeOSMemory()
	before := held()
	r, err := Run(context.Background(), drive, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if grown := int64(held()) - int64(before); grown > 64<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	if len(r.Findings) == 0 || fmt.Sprint(r.Coverage.Limits) != fmt.Sprint([]string{limitMore}) {
		t.Errorf("%d findings, limits %q", len(r.Findings), r.Coverage.Limits)
	}
}

// TestPackedIsBounded has compressed files that claim more than is looked at.
func TestPackedIsBounded(t *testing.T) {
	set := newRuleset(rules.Builtin())
	s := scan{set: set, out: newCollector(set.Rules)}
	asked := 0
	content := make([]byte, maxPacked)
	e := fsys.Entry{Path: "/f", Size: maxPacked, Content: func(int) []byte { asked++; return content }}
	for range 100 {
		s.packed(noFile, e)
	}
	if most := maxPackedAll/maxPacked + 2; asked > most || asked < most-4 || !s.out.limits[limitPacked] {
		t.Errorf("%d were read, limits %v", asked, s.out.limits)
	}
}
