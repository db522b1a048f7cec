package exfat

import (
	"context"
	"slices"
	"testing"
)

// TestDirectories has directories in use, and what may be wrong with theirs
// places.
func TestDirectories(t *testing.T) {
	d := func(flags int, first uint32, size int64) []slot { return entry("d", aFolder|flags, first, size) }
	fill := func(v *volume, clusters ...uint32) {
		for _, c := range clusters {
			for i := range 16 {
				v.put(c, i, slot{0: 0x20})
			}
		}
	}
	for _, c := range []struct {
		name  string
		build func(v *volume)
		want  []string
		warn  []string
	}{
		{"one piece", func(v *volume) {
			fill(v, 10)
			v.put(rootCluster, 3, d(0, 10, 1024)...).put(11, 0, entry("f", 0, 0, 0)...)
		}, []string{"/d dir 10-11", "/d/f 0"}, nil},
		{"a chain", func(v *volume) {
			fill(v, 10)
			v.put(rootCluster, 3, d(chained, 10, 1024)...).chain(10, 20).put(20, 0, entry("f", 0, 0, 0)...)
		}, []string{"/d dir 10 20", "/d/f 0"}, nil},
		{"a chain longer than its size", func(v *volume) {
			fill(v, 10)
			v.put(rootCluster, 3, d(chained, 10, 512)...).chain(10, 20).put(20, 0, entry("f", 0, 0, 0)...)
		}, []string{"/d dir 10 20", "/d/f 0"}, nil},
		{"nothing", func(v *volume) { v.put(rootCluster, 3, d(0, 0, 0)...) }, []string{"/d dir"}, nil},
		{"one piece without a size", func(v *volume) {
			v.put(rootCluster, 3, d(0, 10, 0)...).put(10, 0, entry("f", 0, 0, 0)...)
		}, []string{"/d dir 10", "/d/f 0"}, nil},
		{"a set across clusters apart", func(v *volume) {
			fill(v, 10)
			set := entry("a name in two pieces", 0, 0, 0)
			v.put(rootCluster, 3, d(chained, 10, 1024)...).chain(10, 20).
				put(10, 14, set[:2]...).put(20, 0, set[2:]...)
		}, []string{"/d dir 10 20", "/d/a name in two pieces 0"}, nil},
		{"a chain that loops", func(v *volume) {
			fill(v, 10, 20)
			v.put(rootCluster, 3, d(chained, 10, 1024)...).chain(10, 20).link(20, 10)
		}, []string{"/d dir 10 20"}, []string{"directories share cluster 10, or loop through it"}},
		{"itself within", func(v *volume) {
			v.put(rootCluster, 3, d(0, 10, 512)...).put(10, 0, d(0, 10, 512)...)
		}, []string{"/d dir 10", "/d/d dir"}, []string{"directories share cluster 10, or loop through it"}},
		{"the root within", func(v *volume) {
			v.put(rootCluster, 3, d(0, rootCluster, 512)...)
		}, []string{"/d dir"}, []string{"directories share cluster 4, or loop through it"}},
		{"a chain that breaks off", func(v *volume) {
			v.put(rootCluster, 3, d(chained, 10, 1024)...).link(10, 0)
		}, []string{"/d dir 10"}, []string{"the chain of a directory breaks off at cluster 10"}},
		{"a bad cluster", func(v *volume) {
			v.put(rootCluster, 3, d(chained, 10, 1024)...).link(10, entryBad)
		}, []string{"/d dir 10"}, []string{"the chain of a directory breaks off at cluster 10"}},
		{"a chain that leaves", func(v *volume) {
			v.put(rootCluster, 3, d(chained, 10, 1024)...).link(10, 202)
		}, []string{"/d dir 10"}, []string{"a directory leaves the volume at cluster 202"}},
		{"one piece that leaves", func(v *volume) {
			v.put(rootCluster, 3, d(0, 201, 1024)...)
		}, []string{"/d dir 201"}, []string{"a directory leaves the volume at cluster 202"}},
		{"no such cluster", func(v *volume) {
			v.put(rootCluster, 3, d(0, 1, 512)...)
		}, []string{"/d dir"}, []string{"a directory leaves the volume at cluster 1"}},
		{"junk behind the end, in one cluster of two", func(v *volume) {
			v.chain(rootCluster, 30).put(rootCluster, 4, slot{0: 0x33}, slot{0: kindGUID}).put(rootCluster, 6, entry("f", deletion, 0, 0)...).
				put(30, 0, entry("g", 0, 0, 0)...)
		}, []string{"/g 0 deleted"}, nil},
		{"a root of two clusters", func(v *volume) {
			v.chain(rootCluster, 30).put(30, 0, entry("f", 0, 0, 0)...)
			for i := 3; i < 16; i++ {
				v.put(rootCluster, i, slot{0: 0x20})
			}
		}, []string{"/f 0"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVolume(t, shape{})
			c.build(v)
			v.want(t, c.want, c.warn...)
		})
	}
}

// TestDeletedDirectories has a tree that was deleted: /d with f, e and e/g.
func TestDeletedDirectories(t *testing.T) {
	whole := []string{"/d dir deleted 10-11", "/d/f 5 deleted 20", "/d/e dir deleted 12", "/d/e/g 5 deleted 21"}
	for _, c := range []struct {
		name  string
		flags int
		size  int64
		alter func(v *volume)
		want  []string
	}{
		{"untouched", 0, 1024, func(*volume) {}, whole},
		{"in one piece, with a chain of another", 0, 1024, func(v *volume) { v.link(10, 50) }, whole},
		{"of a chain", chained, 1024, func(v *volume) { v.link(10, 11).link(11, entryEnd) }, whole},
		{"of a chain that ends", chained, 1024, func(v *volume) { v.link(10, entryEnd) }, append([]string{"/d dir deleted 10"}, whole[1:2]...)},
		{"of a chain that is gone", chained, 1024, func(*volume) {}, whole},
		{"larger than it was", 0, 1 << 40, func(v *volume) { clear(v.at(12)[:512]) }, []string{whole[0], whole[1], "/d/e dir deleted"}},
		{"files that were not deleted one by one", 0, 1024, func(v *volume) {
			v.put(10, 0, entry("f", 0, 20, 5)...)
		}, whole},
		{"taken", 0, 1024, func(v *volume) { v.take(10) }, []string{"/d dir deleted incomplete was 10"}},
		{"its second cluster taken", 0, 1024, func(v *volume) { v.take(11) }, append([]string{"/d dir deleted 10"}, whole[1:2]...)},
		{"its second cluster overwritten", 0, 1024, func(v *volume) { copy(v.at(11), "other data") }, append([]string{"/d dir deleted 10"}, whole[1:2]...)},
		{"its second slot overwritten", 0, 1024, func(v *volume) { copy(v.at(10)[slotBytes:], "other data") }, []string{"/d dir deleted"}},
		{"overwritten", 0, 1024, func(v *volume) { copy(v.at(10), "other data") }, []string{"/d dir deleted"}},
		{"its inner one taken", 0, 1024, func(v *volume) { v.take(12) }, []string{whole[0], whole[1], "/d/e dir deleted incomplete was 12"}},
		{"its file taken", 0, 1024, func(v *volume) { v.take(20) }, []string{whole[0], "/d/f 5 deleted incomplete was 20", whole[2], whole[3]}},
		{"one cluster of two", 0, 512, func(*volume) {}, append([]string{"/d dir deleted 10"}, whole[1:2]...)},
		{"empty", 0, 1024, func(v *volume) { clear(v.at(10)[:512]) }, []string{"/d dir deleted"}},
		{"without its head", 0, 1024, func(v *volume) {
			clear(v.at(rootCluster)[3*slotBytes:][:slotBytes])
		}, whole},
		{"a second name for it", 0, 1024, func(v *volume) {
			v.put(rootCluster, 6, entry("s", aFolder|deletion, 10, 1024)...)
		}, append(slices.Clone(whole), "/s dir deleted")},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVolume(t, shape{}).put(rootCluster, 3, entry("d", aFolder|deletion|c.flags, 10, c.size)...)
			v.put(10, 0, entry("f", deletion, 20, 5)...)
			for i := 3; i < 16; i++ {
				v.put(10, i, slot{0: 0x20})
			}
			v.put(11, 0, entry("e", aFolder|deletion, 12, 512)...).
				put(12, 0, entry("g", deletion, 21, 5)...)
			c.alter(v)
			v.want(t, c.want)
		})
	}
}

// TestBitmap has allocation bitmaps that do not tell.
func TestBitmap(t *testing.T) {
	const missing = "there is no allocation bitmap; where deleted files lay cannot be told"
	const short = "the allocation bitmap cannot be followed to its end"
	for _, c := range []struct {
		name string
		slot slot
		want string
		warn []string
	}{
		{"usual", system(kindBitmap, bitmapCluster, 25), "/gone 5 deleted 150", nil},
		{"longer", system(kindBitmap, bitmapCluster, 1<<40), "/gone 5 deleted 150", nil},
		{"missing", slot{0: kindBitmap}, "/gone 5 deleted incomplete", []string{missing}},
		{"short", system(kindBitmap, bitmapCluster, 18), "/gone 5 deleted incomplete", []string{"the allocation bitmap has 18 bytes instead of 25"}},
		{"just long enough", system(kindBitmap, bitmapCluster, 19), "/gone 5 deleted 150", []string{"the allocation bitmap has 19 bytes instead of 25"}},
		{"nowhere", system(kindBitmap, 999, 25), "/gone 5 deleted incomplete", []string{short}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVolume(t, shape{}).put(rootCluster, 1, c.slot).put(rootCluster, 3, entry("gone", deletion, 150, 5)...)
			v.want(t, []string{c.want}, c.warn...)
		})
	}
}

// TestFragmentedBitmap has a bitmap in pieces of three clusters, and of 100,000
// clusters every third in use.
func TestFragmentedBitmap(t *testing.T) {
	v := newVolume(t, shape{clusters: 100_000, stored: 200})
	v.put(rootCluster, 1, system(kindBitmap, 50, 12_500))
	place := func(n uint32) uint32 { return 50 + n + n/3 }
	for n := range uint32(25) {
		v.link(place(n), place(n+1))
	}
	for c := uint32(3); c < 100_000; c += 3 {
		n := (c - 2) / 8
		v.at(place(n / 512))[n%512] |= 1 << ((c - 2) % 8)
	}
	f := v.open(t)
	w := f.walker(context.Background(), nil)
	for c := uint32(2); c < 100_000; c++ {
		if want := c%3 != 0; (w.use(c) == useFree) != want || w.use(c) == useUnknown {
			t.Fatalf("cluster %d: %v, want free %v", c, w.use(c), want)
		}
	}
	if len(f.Warnings()) > 0 {
		t.Errorf("warnings %q", f.Warnings())
	}
}

// TestBitmapPadding has bits set behind those of the last cluster.
func TestBitmapPadding(t *testing.T) {
	v := newVolume(t, shape{clusters: 197}).put(rootCluster, 3, entry("gone", deletion, 200, 5)...)
	v.at(bitmapCluster)[24] = 0xFF
	v.want(t, []string{"/gone 5 deleted incomplete"})
}
