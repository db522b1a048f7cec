package exfat

import (
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys/fsystest"
)

// busy is a small volume with some of everything in its first clusters.
func busy(t testing.TB, s shape) *volume {
	s.clusters = 60
	return newVolume(t, s).
		put(rootCluster, 3, entry("d", aFolder, 10, 512)...).take(10).
		put(rootCluster, 6, entry("a longer name.pem", chained, 12, 1500)...).chain(12, 14, 15).
		put(rootCluster, 10, entry("gone", deletion|chained, 20, 1500)...).link(20, 22).
		put(rootCluster, 13, entry("e", aFolder|deletion, 30, 512)...).
		put(10, 0, entry("f", aFolder|chained, 16, 512)...).chain(16, 17).
		put(10, 3, entry("lost its head", deletion, 25, 700)[1:]...).
		put(10, 6, entry("behind the end", 0, 26, 700)...).
		put(16, 0, entry("g", 0, 18, 10)...).take(18).
		put(30, 0, entry("h", aFolder|deletion, 31, 512)...).
		put(31, 0, entry("i", deletion, 32, 600)...)
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
	f.Add(byte(1), []byte{0, 108, 12, 0, 109, 3})
	f.Add(byte(2), []byte{0, 92, 255, 0, 93, 255, 0, 94, 255, 0x32, 8, 3})
	f.Fuzz(func(t *testing.T, kind byte, patches []byte) {
		shapes := []shape{{}, {tables: 2, second: true}, {clusterShift: 2}, {sectorShift: 12}}
		v := busy(t, shapes[int(kind)%len(shapes)])
		patch(v.bytes, patches)
		fsystest.Survives(t, opener, v.bytes)
	})
}
