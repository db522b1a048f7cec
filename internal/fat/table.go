package fat

import (
	"sync"

	"github.com/panoscrub/panoscrub/internal/fsys"
)

// The table of a large drive takes many megabytes, so it is read in pages, of
// which a few are kept: pageBytes*pageSlots bytes in all.
const (
	pageBytes = 32 << 10
	pageSlots = 32
)

// linkKind is what a table entry says of its cluster.
type linkKind int

const (
	linkFree   linkKind = iota
	linkNext            // the chain goes on
	linkEnd             // the chain ends here
	linkBad             // the cluster is marked bad
	linkBroken          // a value that leads nowhere
	linkLost            // the entry cannot be read from any copy
)

// link is one entry of the table.
type link struct {
	kind linkKind
	next uint32 // for linkNext; it may lie outside the volume
}

// table reads entries through a small cache of pages.
type table struct {
	src     *fsys.Source
	bits    int
	bytes   int64
	offsets []int64 // of the copies, the one in force first

	mu    *sync.Mutex
	pages []page
}

type page struct {
	number int64 // -1 for an empty slot
	data   []byte
	lost   [pageBytes / fsys.Unit]bool
}

func newTable(src *fsys.Source, b Boot) table {
	t := table{src: src, bytes: b.TableBytes, mu: new(sync.Mutex), pages: make([]page, pageSlots)}
	switch b.Type {
	case FAT12:
		t.bits = 12
	case FAT16:
		t.bits = 16
	default:
		t.bits = 32
	}
	t.offsets = append(t.offsets, b.TableOffset+int64(b.ActiveCopy)*b.TableBytes)
	if b.Mirrored && b.Copies == 2 {
		t.offsets = append(t.offsets, b.TableOffset+b.TableBytes)
	}
	for i := range t.pages {
		t.pages[i].number = -1
	}
	return t
}

// next decodes the entry of cluster c.
func (t *table) next(c uint32) link {
	t.mu.Lock()
	defer t.mu.Unlock()
	value, ok := t.value(c)
	if !ok {
		return link{kind: linkLost}
	}
	// The last eight values of each width end a chain; the one below them marks
	// a bad cluster. Four bits of FAT32's entries are reserved.
	top := uint32(1)<<min(t.bits, 28) - 1
	switch value &= top; {
	case value == 0:
		return link{kind: linkFree}
	case value > top-8:
		return link{kind: linkEnd}
	case value == top-8:
		return link{kind: linkBad}
	case value == 1:
		return link{kind: linkBroken}
	}
	return link{kind: linkNext, next: value}
}

// value reads the raw entry of cluster c; false when it is unreadable.
func (t *table) value(c uint32) (uint32, bool) {
	switch t.bits {
	case 12:
		low, ok1 := t.octet(int64(c) * 3 / 2)
		high, ok2 := t.octet(int64(c)*3/2 + 1)
		v := low | high<<8
		if c%2 == 1 {
			v >>= 4
		}
		return v & 0xFFF, ok1 && ok2
	case 16:
		b, ok := t.span(int64(c)*2, 2)
		return uint32(le16(b, 0)), ok
	}
	b, ok := t.span(int64(c)*4, 4)
	return le32(b, 0), ok
}

func (t *table) octet(at int64) (uint32, bool) {
	b, ok := t.span(at, 1)
	return uint32(b[0]), ok
}

// span returns n bytes of the table that do not cross a page.
func (t *table) span(at int64, n int) ([]byte, bool) {
	p := &t.pages[at/pageBytes%pageSlots]
	if p.number != at/pageBytes {
		t.load(p, at/pageBytes)
	}
	in := int(at % pageBytes)
	if in+n > len(p.data) {
		return make([]byte, n), false
	}
	return p.data[in : in+n], !p.lost[in/fsys.Unit]
}

// load reads a page from the copy in force, and what cannot be read from the
// other.
func (t *table) load(p *page, number int64) {
	start := number * pageBytes
	size := max(0, min(pageBytes, t.bytes-start))
	if cap(p.data) == 0 {
		p.data = make([]byte, 0, min(pageBytes, t.bytes))
	}
	p.number = number
	p.data = p.data[:min(int(size), cap(p.data))]
	clear(p.lost[:])
	for _, at := range t.src.Read(p.data, t.offsets[0]+start) {
		p.lost[at/fsys.Unit] = !t.rescue(p.data[at:min(at+fsys.Unit, len(p.data))], start+int64(at))
	}
}

// rescue reads one piece of the table from the other copy.
func (t *table) rescue(piece []byte, at int64) bool {
	return len(t.offsets) > 1 && len(t.src.Read(piece, t.offsets[1]+at)) == 0
}
