package ext

import (
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// cacheBytes is the memory for blocks that were read, for one walk.
const cacheBytes = 2 << 20

// cache keeps the blocks of the file system's structures that were read last. What
// is in use of a block stays valid when the cache lets go of it.
type cache struct {
	slots []cached
}

type cached struct {
	number uint64
	data   []byte // nil for an empty slot
	lost   []int  // offsets of what could not be read, in pieces of fsys.Unit
}

func newCache(blockBytes int64) cache {
	return cache{make([]cached, max(16, cacheBytes/blockBytes))}
}

// slot is where block b is kept, if it is. Structures that recur in each group
// spread over the slots, as b's multiples of the golden ratio do.
func (c cache) slot(b uint64) *cached {
	return &c.slots[b*0x9E3779B97F4A7C15>>32%uint64(len(c.slots))]
}

// span returns n bytes from byte at of block b, within one block. It is false,
// and zeros stand for what is missing, when some of it does not exist or cannot
// be read.
func (w *walker) span(b uint64, at, n int64) ([]byte, bool) {
	if b >= w.f.blocks || w.over != nil {
		return make([]byte, n), false
	}
	c := w.cache.slot(b)
	if c.data == nil || c.number != b {
		data := make([]byte, w.f.super.blockBytes)
		*c = cached{b, data, w.read(data, w.f.extent(b, 0, 0).Offset)}
	}
	whole := w.over == nil
	return c.data[at : at+n], whole && !fsys.Lost(c.lost, int(at), int(at+n))
}

// read fills p from the drive, as [fsys.Source.Read] does, and counts it.
func (w *walker) read(p []byte, off int64) (lost []int) {
	if w.bytes -= int64(len(p)); w.bytes < 0 {
		w.limit("reading all structures takes many times what the volume has; the rest is left out")
		return nil
	}
	return w.f.src.Read(p, off)
}
