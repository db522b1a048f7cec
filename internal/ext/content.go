package ext

import (
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// content is where the content of an inode lies.
type content struct {
	data   []block.Extent
	size   int64
	whole  bool
	reused bool  // the first block belongs to someone else now
	was    int64 // where that is
}

// content follows the inode to its content. Of a deleted one it takes blocks that
// are free now, and nothing when the first is not.
func (w *walker) content(n inode, deleted bool) content {
	if n.flags&flagEncrypted != 0 {
		w.f.notes.Add("there are encrypted files; their names and contents are taken as they stand")
	}
	limit := maxLogical * w.f.super.blockBytes
	c := content{size: int64(min(n.size, uint64(limit)))}
	switch {
	case !n.filled():
		return content{whole: true}
	case n.within():
		c = n.contentWithin(c.size)
	case n.dir() && deleted:
		c.size = limit // Linux sets it to 0
		w.follow(n, deleted, &c)
	default:
		w.follow(n, deleted, &c)
		c.whole = c.whole && n.size <= uint64(limit)
	}
	if !c.whole && !deleted {
		w.f.notes.Add("inode %d: not all of its content can be told", n.number)
	}
	return c
}

// contentWithin is the content of an inode that holds it.
func (n inode) contentWithin(size int64) content {
	c := content{size: size}
	for _, part := range n.inside() {
		part.Offset += n.at
		if part.Length = min(part.Length, size); part.Length > 0 {
			c.data = append(c.data, part)
			size -= part.Length
		}
	}
	c.whole = size == 0
	return c
}

// follow gathers the blocks of c.
func (w *walker) follow(n inode, deleted bool, c *content) {
	bytes := w.f.super.blockBytes
	p, seen := fsys.Pieces{}, false
	m := mapper{w: w, deleted: deleted, end: uint64((c.size + bytes - 1) / bytes)}
	room := w.f.blocks // a file has no block twice
	m.each = func(r run) bool {
		if r.count > room {
			m.broken = true
			return false
		}
		room -= r.count
		if used, known := w.blockBit(r.block); deleted && !seen && known && used {
			c.reused, c.was = true, w.f.extent(r.block, 0, 0).Offset
			return false
		}
		seen = true
		return w.gather(&p, r, c.size, &m)
	}
	m.inode(n)
	if p.Full {
		w.f.notes.Add("a file has more fragments than are followed; the rest of it is left out")
	}
	c.data = p.Extents
	c.whole = !m.broken && !p.Full && !c.reused
}

// gather adds a run to the pieces of a content of size bytes.
func (w *walker) gather(p *fsys.Pieces, r run, size int64, m *mapper) bool {
	bytes := w.f.super.blockBytes
	add := func(from, to uint64) bool {
		p.Left = size - int64(r.logical+from)*bytes
		return from == to || p.Add(w.f.extent(r.block+from, 0, int64(to-from)*bytes)) || !p.Full
	}
	if !m.deleted {
		return add(0, r.count)
	}
	from := uint64(0)
	for i := range r.count {
		if !w.step(1) {
			m.broken = true
			return add(from, i)
		}
		if !w.blockFree(r.block + i) {
			m.broken = true
			if !add(from, i) {
				return false
			}
			from = i + 1
		}
	}
	return add(from, r.count)
}
