package fat

import (
	"sync"

	"github.com/panoscrub/panoscrub/internal/fsys"
)

// pageBytes*pageSlots bytes are kept of the table.
const (
	pageBytes = 32 << 10
	pageSlots = 32
	// sparePageLoads bounds how often a walk may read pages again, which a chain
	// that jumps to and fro could demand without end.
	sparePageLoads = 1 << 17
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

// table reads entries from the copy that is in force, and what cannot be read of
// it from the other.
type table struct {
	src     *fsys.Source
	notes   *fsys.Notes
	bits    int
	bytes   int64
	offsets []int64 // of the copies, the one in force first

	mu    sync.Mutex
	pages *fsys.Pages
	loads int64 // that may still be made
}

func newTable(src *fsys.Source, notes *fsys.Notes, b Boot) *table {
	t := &table{src: src, notes: notes, bytes: b.TableBytes}
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
	t.begin()
	return t
}

// begin forgets what was read, so that each walk finds the same bounds.
func (t *table) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pages = fsys.NewPages(t.bytes, pageBytes, pageSlots, t.load)
	t.loads = 4*t.bytes/pageBytes + sparePageLoads
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
		b, ok := t.pages.At(int64(c)*2, 2)
		return uint32(le16(b, 0)), ok
	}
	b, ok := t.pages.At(int64(c)*4, 4)
	return le32(b, 0), ok
}

func (t *table) octet(at int64) (uint32, bool) {
	b, ok := t.pages.At(at, 1)
	return uint32(b[0]), ok
}

// load reads a page.
func (t *table) load(page []byte, at int64) (lost []int, ok bool) {
	if t.loads--; t.loads < 0 {
		t.notes.Add("the table would have to be read again and again; some files are not followed to their end")
		return nil, false
	}
	for _, l := range t.src.Read(page, t.offsets[0]+at) {
		if !t.rescue(page[l:min(l+fsys.Unit, len(page))], at+int64(l)) {
			lost = append(lost, l)
		}
	}
	return lost, true
}

// rescue reads one piece of the table from the other copy.
func (t *table) rescue(piece []byte, at int64) bool {
	return len(t.offsets) > 1 && len(t.src.Read(piece, t.offsets[1]+at)) == 0
}
