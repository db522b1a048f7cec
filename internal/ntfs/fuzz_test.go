package ntfs

import (
	"slices"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys/fsystest"
)

// busy is a volume with some of everything in its first records.
func busy() *volume {
	dir := ref{7, 1}
	chunk := fixed([]byte{0, 0, 0b10, 'a', 0xFC, 0x0F})
	return newVolume().
		dir(7, root, "d", outside(attrIndexAllocation, indexName, 1024, runs(700, 2)), inside(attrBitmap, indexName, []byte{1})).
		fill(700, indexBlock(1, indexEntry(ref{9, 1}, dir, "f"), indexEntry(ref{40, 1}, dir, "gone.zip"))).
		put(9, rec{1, flagInUse, ref{}, [][]byte{
			inside(attrList, "", slices.Concat(listEntry(attrData, 0, ref{10, 1}), listEntry(attrData, 2, ref{11, 1}))),
			fileName(dir, "f", 3),
		}}).
		put(10, rec{1, flagInUse, ref{9, 1}, [][]byte{part(attrData, "", 0, 2000, runs(710, 2))}}).
		put(11, rec{1, flagInUse, ref{9, 1}, [][]byte{part(attrData, "", 2, 0, runs(720, 2)), inside(attrData, "s", []byte("x"))}}).
		deleted(12, "gone", data(3000, 730, 6)).allocate(732, 2).
		fill(740, chunk).file(13, "packed", packed(data(8000, 740, 1, hole, 7, 750, 8), 3)).
		put(14, rec{2, flagDirectory, ref{}, [][]byte{fileName(dir, "e", 3)}}).
		put(15, rec{2, 0, ref{}, [][]byte{fileName(ref{14, 1}, "h", 3), inside(attrData, "", []byte("secret"))}})
}

// patch overwrites bytes of the volume as the fuzzer says: a byte for what, two
// for where in it, one of value, so that small inputs reach boot sector, records
// and index alike.
func patch(v *volume, patches []byte) {
	for ; len(patches) >= 4; patches = patches[4:] {
		where := [][]byte{v.bytes[:512], v.bytes[700*tCluster:][:1024]}
		for n := range int64(16) {
			where = append(where, v.recordBytes(n))
		}
		b := where[int(patches[0])%len(where)]
		b[(int(patches[1])<<8|int(patches[2]))%len(b)] = patches[3]
	}
}

// FuzzOpenWalk damages volumes. Whatever they say, a walk ends, stays in the
// volume, and reads little more than there is.
func FuzzOpenWalk(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 0, 13, 2, 0, 0, 64, 0xF4})
	f.Add([]byte{2, 0, 0xA8, 0xFF, 11, 0, 56 + 16, 3, 1, 0, 28, 0xFF})
	f.Fuzz(func(t *testing.T, patches []byte) {
		v := busy()
		patch(v, patches)
		fsystest.Survives(t, opener, v.bytes)
	})
}

// FuzzUnpack unpacks what may be no LZNT1 at all.
func FuzzUnpack(f *testing.F) {
	f.Add(fixed([]byte{0, 0, 0b10, 'a', 0xFC, 0x0F}))
	f.Fuzz(func(t *testing.T, b []byte) {
		out, ok := unpack(nil, b, maxUnit)
		if len(out) > maxUnit+2*lzntChunk || ok && len(out) != maxUnit {
			t.Fatalf("%d bytes", len(out))
		}
	})
}
