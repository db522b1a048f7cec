package fat

import (
	"context"
	"io"
	"strings"
	"testing"
)

// counting counts what is read.
type counting struct {
	io.ReaderAt
	bytes int64
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	c.bytes += int64(len(p))
	return c.ReaderAt.ReadAt(p, off)
}

// busy is a small volume with some of everything in its first clusters.
func busy(t testing.TB, kind string) *volume {
	v := newVolume(t, shape{kind: kind, clusters: map[string]int{FAT12: 60, FAT16: 4100, FAT32: 60}[kind]})
	v.put(0, 0, entry("LABEL", AttrVolume, 0, 0), entry("D", AttrDirectory, 10, 0)).
		put(0, 2, long("certificates-omni_site7.zip", entry("CERTIF~1.ZIP", AttrArchive, 12, 1500))...).
		put(0, 5, deleted(long("gone for good.txt", entry("GONEFO~1.TXT", AttrArchive, 20, 1500))...)...).
		put(0, 8, deleted(entry("E", AttrDirectory, 30, 0))...).
		put(0, 11, entry("BEHIND", 0, 40, 99)).
		chain(10, 11).chain(12, 13, 15).
		dir(10, 0).put(10, 2, entry("F", AttrDirectory, 16, 0), entry("G", 0, 17, 10)).chain(16).chain(17).
		dir(16, 10).put(16, 2, entry("H", 0, 18, 10)).chain(18).
		dir(30, 0).put(30, 2, entry("I", AttrDirectory, 31, 0)).
		dir(31, 30).put(31, 2, deleted(entry("J", 0, 32, 600))...)
	return v
}

// patch overwrites bytes of b as the fuzzer says: two bytes of place, one of
// value, so that small inputs reach boot sector, table and directories alike.
func patch(b, patches []byte) {
	for ; len(patches) >= 3; patches = patches[3:] {
		b[(int(patches[0])<<8|int(patches[1]))%len(b)] = patches[2]
	}
}

// FuzzOpenWalk damages volumes. Whatever they say, a walk ends, stays in the
// volume, and reads little more than there is.
func FuzzOpenWalk(f *testing.F) {
	f.Add(byte(0), []byte{})
	f.Add(byte(1), []byte{0, 13, 64, 0, 14, 0})
	f.Add(byte(2), []byte{0, 44, 3, 0x40, 8, 3, 0, 36, 200})
	f.Fuzz(func(t *testing.T, kind byte, patches []byte) {
		v := busy(t, kinds[int(kind)%len(kinds)])
		patch(v.bytes[:min(len(v.bytes), 1<<16)], patches)
		size := int64(len(v.bytes))
		r := &counting{ReaderAt: sparse(v.bytes)}
		fs, err := Open(r, 0, size)
		if err != nil {
			return
		}
		entries := 0
		err = fs.WalkSlots(context.Background(), func(e Entry) error {
			entries++
			checkEntry(t, e, size)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		fs.Label(context.Background())
		if limit := 64 * size; r.bytes > limit || entries > int(size)/slotBytes {
			t.Errorf("%d entries and %d bytes read from a volume of %d bytes", entries, r.bytes, size)
		}
	})
}

func checkEntry(t *testing.T, e Entry, size int64) {
	t.Helper()
	total := int64(0)
	for _, x := range e.Data {
		if total += x.Length; x.Offset < 0 || x.Length <= 0 || x.End() > size {
			t.Fatalf("%s: data at %v in a volume of %d bytes", mark(e), e.Data, size)
		}
	}
	if !e.Dir && (total > e.Size || total < e.Size && !e.Incomplete) {
		t.Fatalf("%s: %d bytes of data for a size of %d", mark(e), total, e.Size)
	}
	if !strings.HasPrefix(e.Path, "/") || e.NameOnly && len(e.Data) > 0 || e.Reused && len(e.Data) > 0 {
		t.Fatalf("%+v", e)
	}
}
