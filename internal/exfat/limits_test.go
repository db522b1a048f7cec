package exfat

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys"
)

func wantWarning(t *testing.T, f *FS, text string) {
	t.Helper()
	if w := strings.Join(f.Warnings(), "\n"); !strings.Contains(w, text) {
		t.Errorf("warnings %q, want one with %q", w, text)
	}
}

// TestTooManyEntries has a directory of names that nothing else is left of.
func TestTooManyEntries(t *testing.T) {
	v := newVolume(t, shape{clusterShift: 12, clusters: 40, stored: 3}).put(rootCluster, 3, entry("d", aFolder, 10, 24<<21)...)
	v.fill = entry("x", deletion, 0, 0)[2]
	f := v.open(t)
	if n := len(walk(t, f)); n != fsys.MaxEntries {
		t.Errorf("%d entries", n)
	}
	wantWarning(t, f, "more than 1000000 entries")
}

// TestTooManySlots has three directories as large as the format allows, of which
// two are too much.
func TestTooManySlots(t *testing.T) {
	v := newVolume(t, shape{clusterShift: 16, clusters: 30, stored: 3})
	for i := range 3 {
		v.put(rootCluster, 3+3*i, entry("d", aFolder, uint32(5+8*i), maxDirectory)...)
	}
	v.fill = slot{0: kindGUID}
	f := v.open(t)
	if n := len(walk(t, f)); n != 2 {
		t.Errorf("%d entries", n)
	}
	wantWarning(t, f, "more than 16777216 slots")
}

func TestTooDeep(t *testing.T) {
	v := newVolume(t, shape{clusters: 400}).put(rootCluster, 3, entry("d", aFolder, 10, 512)...)
	for c := uint32(10); c < 10+2*maxDepth; c++ {
		v.put(c, 0, entry("d", aFolder, c+1, 512)...)
	}
	f := v.open(t)
	if n := len(walk(t, f)); n != maxDepth+1 {
		t.Errorf("%d entries", n)
	}
	wantWarning(t, f, "nest deeper than 128")
}

// TestTooLargeDirectory has directories that are larger than what is allowed, in
// one piece and as a chain, and one just as large.
func TestTooLargeDirectory(t *testing.T) {
	for _, c := range []struct {
		flags    int
		size     int64
		clusters uint32
		warn     bool
	}{
		{0, maxDirectory, 8, false},
		{0, maxDirectory + 1, 9, true},
		{chained, maxDirectory, 8, false},
		{chained, maxDirectory, 9, true},
	} {
		v := newVolume(t, shape{clusterShift: 16, clusters: 30, stored: 3}).put(rootCluster, 3, entry("d", aFolder|c.flags, 10, c.size)...)
		for i := range c.clusters {
			v.chain(10 + i)
			if i > 0 {
				v.link(9+i, 10+i)
			}
		}
		f := v.open(t)
		if got := v.marks(walk(t, f)); !slices.Equal(got, []string{"/d dir 10-17"}) {
			t.Errorf("%+v: entries %q", c, got)
		}
		if (len(f.Warnings()) > 0) != c.warn {
			t.Errorf("%+v: warnings %q", c, f.Warnings())
		}
	}
}

// TestScatteredDirectory has one in more pieces than are followed.
func TestScatteredDirectory(t *testing.T) {
	const pieces = maxDirectoryPieces + 10
	v := newVolume(t, shape{clusters: 2*pieces + 20}).put(rootCluster, 3, entry("d", aFolder|chained, 20, 512)...)
	for i := range uint32(pieces) {
		v.link(20+2*i, 22+2*i)
	}
	f := v.open(t)
	if got := walk(t, f); len(got) != 1 || len(got[0].Data) != maxDirectoryPieces+1 {
		t.Errorf("%d entries, %d pieces", len(got), len(got[0].Data))
	}
	wantWarning(t, f, "scattered over more places")
}

// TestScatteredDirectories has directories all over a volume of 2^28 clusters,
// whose table is said to lie in the midst of it, where there are only zeros.
func TestScatteredDirectories(t *testing.T) {
	const directories = maxSeenParts + 100
	v := newVolume(t, shape{clusters: 4000}).put(rootCluster, 3, entry("d", aFolder, 20, directories*96)...)
	for i := range uint32(directories) {
		v.put(20, 3*int(i), entry("e", aFolder, 8192*(i+1), 512)...)
	}
	put64(v.bytes, 72, 1<<32)
	put32(v.bytes, 80, 1<<24)
	put32(v.bytes, 84, 1<<24)
	put32(v.bytes, 92, 1<<28)
	v.seal()
	v.size = v.boot.heap + 1<<28*512
	f := v.open(t)
	if n := len(walk(t, f)); n != directories+1 {
		t.Errorf("%d entries", n)
	}
	wantWarning(t, f, "scattered over more places")
}

// TestTooManySteps has walks whose allowance is nearly used up.
func TestTooManySteps(t *testing.T) {
	v := newVolume(t, shape{}).
		put(rootCluster, 3, entry("a", 0, 0, 0)...).
		put(rootCluster, 6, entry("b", chained, 10, 5000)...).chain(10, 20, 11, 21, 12, 22, 13, 23, 14, 24)
	for name, spend := range map[string]func(w *walker){
		"take too many steps":                         func(w *walker) { w.Steps = 3 },
		"would have to be read again and again; some": func(w *walker) { w.table = newPages(w.f, w.f.boot.table); w.table.loads = 0 },
	} {
		f := v.open(t)
		var last fsys.Entry
		w := f.walker(context.Background(), func(e fsys.Entry) error { last = e; return nil })
		spend(w)
		if err := w.walk(); err != nil || last.Path != "/b" || !last.Incomplete {
			t.Errorf("%s: %v, %+v", name, err, last)
		}
		wantWarning(t, f, name)
	}
}

// TestPageLoads has a chain that jumps to and fro between pages that share a
// place in the cache.
func TestPageLoads(t *testing.T) {
	const apart = pageBytes / entryBytes * pageSlots
	v := newVolume(t, shape{clusters: 2*apart + 100, stored: 200})
	f := v.open(t)
	w := f.walker(context.Background(), nil)
	before := w.table.loads
	for range 10 {
		w.link(50)
		w.link(50 + apart)
	}
	if spent := before - w.table.loads; spent < 19 || spent > 20 {
		t.Errorf("%d loads", spent)
	}
	for range 10 {
		w.link(50)
		w.link(51)
	}
	if spent := before - w.table.loads; spent > 21 {
		t.Errorf("%d loads with those of one page", spent)
	}
}

// TestManyFragments has a file of more pieces than an entry may have.
func TestManyFragments(t *testing.T) {
	const pieces = 1<<16 + 5
	v := newVolume(t, shape{clusters: 2*pieces + 200, stored: 200})
	v.put(rootCluster, 1, system(kindBitmap, 0, 0)).put(rootCluster, 3, entry("f", chained, 100, pieces*512)...)
	for i := range uint32(pieces) {
		v.link(100+2*i, 102+2*i)
	}
	f := v.open(t)
	if got := walk(t, f); len(got) != 1 || len(got[0].Data) != 1<<16 || !got[0].Incomplete {
		t.Errorf("%d entries", len(got))
	}
	wantWarning(t, f, "more fragments than are followed")
}

// TestScatteredBitmap has a bitmap in more pieces than are followed.
func TestScatteredBitmap(t *testing.T) {
	const pieces = maxBitmapPieces + 100
	v := newVolume(t, shape{clusters: pieces * 512 * 8, stored: 200})
	v.put(rootCluster, 1, system(kindBitmap, 20, pieces*512))
	for i := range uint32(pieces) {
		v.link(20+2*i, 22+2*i)
	}
	f := v.open(t)
	walk(t, f)
	wantWarning(t, f, "the allocation bitmap cannot be followed to its end")
}

// TestLargeVolumeStaysSmall looks at clusters all over a volume of 16 TiB with
// clusters of 4 KiB, whose table takes 16 GiB.
func TestLargeVolumeStaysSmall(t *testing.T) {
	const clusters = 0xFFFFFFF0
	v := newVolume(t, shape{clusterShift: 3, stored: 3})
	put64(v.bytes, 72, 1<<36)
	put32(v.bytes, 84, 1<<25)
	put32(v.bytes, 92, clusters)
	v.seal()
	v.size = v.boot.heap + clusters<<12
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f := v.open(t)
	w := f.walker(context.Background(), nil)
	w.bitmap = newPages(f, f.boot.table)
	for c := uint32(1 << 16); c < clusters-1<<20; c += 65_537 {
		if kind, _ := w.link(c); kind != linkNone || w.use(c) != useFree {
			t.Fatalf("cluster %d is not free", c)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 2<<20 {
		t.Errorf("%d bytes are held", held)
	}
	runtime.KeepAlive(w)
}
