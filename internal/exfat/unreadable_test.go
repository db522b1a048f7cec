package exfat

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// TestLostAmidst has a set that a lost sector cuts, and behind it one that was
// cut before: they do not become one.
func TestLostAmidst(t *testing.T) {
	v := newVolume(t, shape{clusterShift: 2})
	for i := 3; i < 14; i++ {
		v.put(rootCluster, i, slot{0: 0x20})
	}
	v.put(rootCluster, 14, entry("a name in two pieces", 0, 0, 0)...).
		put(rootCluster, 32, entry("other", 0, 0, 0)[2:]...).put(rootCluster, 33, entry("f", 0, 0, 0)...)
	at := v.offset(rootCluster) + 512
	f := openBytes(t, testtool.Failing(v, at, at+512), v.size)
	if got := v.marks(walk(t, f)); !slices.Equal(got, []string{"/? 0", "/other deleted name", "/f 0"}) {
		t.Errorf("entries %q", got)
	}
}

// TestUnreadable has a bad sector in each structure. What cannot be read is
// reported, and is not taken for empty or free.
func TestUnreadable(t *testing.T) {
	v := newVolume(t, shape{clusters: 12 << 10})
	v.put(rootCluster, 1, system(kindBitmap, 30, 1536)).chain(30, 31, 32)
	clear(v.at(bitmapCluster)[:512])
	v.put(rootCluster, 3, entry("first", chained, 40, 1000)...).link(40, 300).link(300, entryEnd).
		put(rootCluster, 6, entry("d", aFolder|chained, 50, 1024)...).chain(50, 51).
		put(rootCluster, 9, entry("gone", deletion, 60, 10)...).
		put(rootCluster, 12, entry("far", deletion, 9000, 10)...)
	v.at(30)[(40-2)/8] |= 1 << ((40 - 2) % 8)
	set := entry("a name in two pieces", 0, 0, 0)
	v.put(50, 0, entry("e", 0, 0, 0)...)
	for i := 3; i < 14; i++ {
		v.put(50, i, slot{0: 0x20})
	}
	v.put(50, 14, set[:2]...).put(51, 0, set[2:]...).put(51, 2, entry("g", 0, 0, 0)...)
	whole := []string{
		"/first 1000 40 300", "/d dir 50-51", "/d/e 0", "/d/a name in two pieces 0", "/d/g 0", "/gone 10 deleted 60", "/far 10 deleted 9000",
	}
	but := func(i int, lines ...string) []string { return slices.Replace(slices.Clone(whole), i, i+1, lines...) }
	v.want(t, whole)
	const (
		backup    = "the boot region is damaged; its backup is used"
		breaksOff = "the chain of a directory breaks off at cluster "
		unread    = "a directory cannot be read in full: sector at byte "
		slots     = "an entry in use has less slots than it should"
		head      = "an entry in use has lost its head"
		bitmap    = "the allocation bitmap cannot be followed to its end"
		larger    = "a file is larger than the clusters that can be told of it"
		missing   = "there is no allocation bitmap; where deleted files lay cannot be told"
	)
	for _, c := range []struct {
		name string
		at   int64
		want []string
		warn []string
	}{
		{"boot sector", 0, whole, []string{backup}},
		{"boot code", 3 * 512, whole, []string{backup}},
		{"checksum", 11 * 512, whole, []string{backup}},
		{
			"table", v.boot.table.Offset,
			[]string{"/first 1000 incomplete 40", "/d dir 50", "/d/e 0", "/d/? 0", "/gone 10 deleted 60", "/far 10 deleted incomplete"},
			[]string{breaksOff + "4", bitmap, larger, breaksOff + "50", slots},
		},
		{"first sector of the bitmap", v.offset(30), but(5, "/gone 10 deleted incomplete"), nil},
		{"last sector of the bitmap", v.offset(32), but(6, "/far 10 deleted incomplete"), nil},
		{
			"first part of a directory", v.offset(50),
			[]string{whole[0], whole[1], "/d/a name in two pieces deleted name", whole[4], whole[5], whole[6]},
			[]string{unread + itoa(v.offset(50)), head},
		},
		{
			"second part of a directory", v.offset(51),
			[]string{whole[0], whole[1], whole[2], "/d/? 0", whole[5], whole[6]},
			[]string{unread + itoa(v.offset(51)), slots},
		},
		{"the root", v.offset(rootCluster), nil, []string{missing, unread + itoa(v.offset(rootCluster))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := openBytes(t, testtool.Failing(bytes.NewReader(v.bytes), c.at, c.at+512), int64(len(v.bytes)))
			if got := v.marks(walk(t, f)); !slices.Equal(got, c.want) || !slices.Equal(f.Warnings(), c.warn) {
				t.Errorf("entries %q, want %q; warnings %q", got, c.want, f.Warnings())
			}
			if want := (block.Extents{{Offset: c.at, Length: 512}}); !slices.Equal(f.Unreadable(), want) {
				t.Errorf("unreadable %v, want %v", f.Unreadable(), want)
			}
		})
	}
	t.Run("everything", func(t *testing.T) {
		_, err := Open(testtool.Failing(bytes.NewReader(v.bytes), 0, 1<<40), 0, int64(len(v.bytes)))
		if !errors.Is(err, testtool.ErrMedium) || errors.Is(err, ErrNotExFAT) {
			t.Errorf("error %v", err)
		}
	})
}
