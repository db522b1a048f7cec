package ntfs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// TestTooDeep has directories in directories.
func TestTooDeep(t *testing.T) {
	const depth = maxDepth + 10
	f := newVolume().open(t)
	w := f.walker(t.Context(), nil)
	dirs := map[int64]directory{} // as if they had been read
	for n := int64(100); n < 100+depth; n++ {
		parent := ref{n - 1, 1}
		if n == 100 {
			parent = root
		}
		dirs[n] = directory{record: record{ref: ref{n, 1}, flags: flagInUse}, name: name{parent: parent, text: "d"}, ok: true}
	}
	w.directories.newer = dirs
	if got := w.below(ref{100 + maxDepth - 1, 1}); got != "/"+strings.Repeat("d/", maxDepth) || len(f.Warnings()) > 0 {
		t.Errorf("%q, %q", got, f.Warnings())
	}
	if got := w.below(ref{100 + maxDepth, 1}); got != fsys.Orphans || len(f.Warnings()) != 1 {
		t.Errorf("%q, %q", got, f.Warnings())
	}
}

// TestResidueTooDeep has deleted directories that only each other's slack names.
func TestResidueTooDeep(t *testing.T) {
	f := newVolume().open(t)
	w := f.walker(t.Context(), nil)
	w.depth = maxDepth
	if err := w.residue(file{}, "/"); err != nil || len(f.Warnings()) != 1 {
		t.Errorf("%v, %q", err, f.Warnings())
	}
}

// TestDirectoriesAreForgotten asks for more directories than are kept.
func TestDirectoriesAreForgotten(t *testing.T) {
	d := directories{}
	for n := range int64(100_000) {
		d.put(n, directory{name: name{parent: ref{n, 0}}})
		if dir, ok := d.get(n / 2 * 2); !ok || dir.name.parent.number != n/2*2 {
			t.Fatalf("directory %d: %+v, %v", n, dir, ok)
		}
		if dir, ok := d.get(7); !ok || dir.name.parent.number != 7 {
			if n >= 7 {
				t.Fatal("one that is asked for all the time was forgotten")
			}
		}
		if kept := len(d.newer) + len(d.older); kept > 2*keptDirectories {
			t.Fatalf("%d are kept", kept)
		}
	}
	if _, ok := d.get(10); ok {
		t.Error("nothing was forgotten")
	}
}

// TestFragments has a deleted file of which each other cluster is in use.
func TestFragments(t *testing.T) {
	v := newVolume().deleted(20, "f", data(200*tCluster, 700, 200))
	for c := 701; c < 900; c += 2 {
		v.allocate(c, 1)
	}
	entries, _ := v.walk(t)
	if n := len(entries[0].Data); n != 100 || !entries[0].Incomplete {
		t.Errorf("%d pieces, incomplete %v", n, entries[0].Incomplete)
	}
	s := stream{runs: make([]run, maxRuns)}
	f := v.open(t)
	if f.addRun(&s, run{}) || len(f.Warnings()) != 1 {
		t.Errorf("%d runs, %q", len(s.runs), f.Warnings())
	}
}

// TestStepsEnd has a walk with no steps left.
func TestStepsEnd(t *testing.T) {
	v := newVolume().deleted(20, "f", data(200*tCluster, 700, 200))
	f := v.open(t)
	w := f.walker(t.Context(), nil)
	w.bitmap, w.steps = w.newBitmap(), 50
	left, taken := w.stillFree(runsOf(700, 200), 200*tCluster)
	s := stream{runs: left}
	if s.end() != 50 || taken >= 0 || len(f.Warnings()) != 1 {
		t.Errorf("%+v, %d, %q", s, taken, f.Warnings())
	}
}

func runsOf(lcn, count int64) []run { return []run{{0, lcn, count}} }

// TestReadsNoMoreThanTheVolume has many directories with the same large index.
func TestReadsNoMoreThanTheVolume(t *testing.T) {
	v := newVolume()
	for n := int64(20); n < tRecords; n++ {
		v.dir(n, root, "d", outside(attrIndexAllocation, indexName, 500*tCluster, runs(520, 500)))
	}
	entries, warnings := v.walk(t)
	if len(entries) >= tRecords-20 || !strings.Contains(strings.Join(warnings, ""), "larger than the volume") {
		t.Errorf("%d entries, %q", len(entries), warnings)
	}
}

// TestWalkEnds has the visitor and the context end a walk.
func TestWalkEnds(t *testing.T) {
	f := newVolume().file(20, "f").open(t)
	if err := f.Walk(t.Context(), func(fsys.Entry) error { return testtool.ErrMedium }); !errors.Is(err, testtool.ErrMedium) {
		t.Errorf("visit's error: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	err := f.Walk(ctx, func(fsys.Entry) error { n++; cancel(); return nil })
	if !errors.Is(err, context.Canceled) || n != 1 {
		t.Errorf("cancelled: %v after %d entries", err, n)
	}
}

// many reads as a volume with an $MFT of very many records, each of them a
// directory in that of half its number.
type many struct {
	v       *volume
	records int64
}

func (m many) ReadAt(p []byte, off int64) (int, error) {
	for done := 0; done < len(p); {
		at := off + int64(done)
		n, within := (at-tMFT*tCluster)/tRecord, (at-tMFT*tCluster)%tRecord
		b := make([]byte, 512)
		switch {
		case at >= tMFT*tCluster && n >= 20 && n < m.records:
			parent := root
			if n >= 40 {
				parent = ref{n / 2, 1}
			}
			m.v.dir(20, parent, fmt.Sprint("a directory with a name, ", n))
			b = m.v.recordBytes(20)[within:]
		case at < int64(len(m.v.bytes)):
			b = m.v.bytes[at:min(int64(len(m.v.bytes)), at+512-at%512)]
		}
		done += copy(p[done:], b)
	}
	return len(p), nil
}

var _ io.ReaderAt = many{}

// TestManyRecordsStaySmall walks an $MFT of 100 MB.
func TestManyRecordsStaySmall(t *testing.T) {
	const records = 100_000
	v := newVolume()
	size := int64(records+1000) * tRecord
	put64(v.bytes, 40, size/512-1)
	put64(v.bytes, 56, 5)
	v.file(0, "$MFT", outside(attrData, "", records*tRecord, runs(tMFT, records*tRecord/tCluster)))
	v.file(6, "$Bitmap")
	f, err := Open(many{v, records}, 0, size)
	if err != nil {
		t.Fatal(err)
	}
	var most, now runtime.MemStats
	n, orphans := 0, 0
	runtime.GC()
	runtime.ReadMemStats(&most)
	before := most.HeapAlloc
	peak := uint64(0)
	err = f.Walk(t.Context(), func(e fsys.Entry) error {
		if strings.HasPrefix(e.Path, fsys.Orphans) {
			orphans++
		}
		if n++; n%10_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc)
		}
		return nil
	})
	if err != nil || n < records-20 || orphans > 0 || peak-min(before, peak) > 4<<20 {
		t.Errorf("%v, %d entries, %d orphans, %d bytes, %q", err, n, orphans, peak-before, f.Warnings())
	}
}

// TestUnreadable has bad sectors in structures. What cannot be read is reported,
// and is not taken for empty.
func TestUnreadable(t *testing.T) {
	gone := indexEntry(ref{40, 1}, ref{23, 1}, "gone")
	v := newVolume().deleted(20, "f", data(512, 700, 1)).file(21, "g", data(512, 701, 1)).file(22, "h").
		dir(23, root, "d", outside(attrIndexAllocation, indexName, 2048, runs(800, 4)), inside(attrBitmap, indexName, []byte{3})).
		fill(800, indexBlock(0, gone)).fill(802, indexBlock(0, indexEntry(ref{40, 1}, ref{23, 1}, "lost")))
	for _, c := range []struct {
		name    string
		cluster int64
		want    []string
		warns   string
	}{
		{"$Bitmap", tBitmap, []string{"/f deleted 700+512", "/g 701+512", "/h", "/d dir 800+2048", "/d/gone deleted name-only", "/d/lost deleted name-only"}, "$Bitmap cannot be read"},
		{"the first half of a record", tMFT + 42, []string{"/f deleted 700+512", "/h", "/d dir 800+2048", "/d/gone deleted name-only", "/d/lost deleted name-only"}, "record 21 cannot be read"},
		{"the second half", tMFT + 43, []string{"/f deleted 700+512", "/g 701+512", "/h", "/d dir 800+2048", "/d/gone deleted name-only", "/d/lost deleted name-only"}, "record 21 cannot be read"},
		{"a block of an index", 802, []string{"/f deleted 700+512", "/g 701+512", "/h", "/d dir 800+2048", "/d/gone deleted name-only"}, "index of directory 23 cannot"},
	} {
		at := c.cluster * tCluster
		f, err := Open(testtool.Failing(bytes.NewReader(v.bytes), at, at+tCluster), 0, int64(len(v.bytes)))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		err = f.Walk(t.Context(), func(e fsys.Entry) error {
			if e.Record.Offset >= tMFT*tCluster+20*tRecord {
				got = append(got, mark(e))
			}
			return nil
		})
		if err != nil || !slices.Equal(got, c.want) || !strings.Contains(strings.Join(f.Warnings(), ""), c.warns) {
			t.Errorf("%s: %v %q, %q", c.name, err, got, f.Warnings())
		}
		if !slices.Equal(f.Unreadable(), block.Extents{{Offset: at, Length: tCluster}}) {
			t.Errorf("%s: %v", c.name, f.Unreadable())
		}
	}
}
