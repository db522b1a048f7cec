package scan

import (
	"bytes"
	"cmp"
	"compress/flate"
	"encoding/binary"
	"io"
	"slices"
	"strings"

	"github.com/panoscrub/panoscrub/internal/rules"
)

// member is what was unpacked and looked into: a member of a ZIP archive, of
// gzip, or what stood there in base64.
type member struct {
	kind      string  // "zip", or the encoding
	outermost string  // kind of what it all stands in
	name      string  // of a member; "" where there is none
	pos       int64   // in the view of the outermost: where that starts
	end       int64   // behind its data, in the view that it is in
	seen      int64   // behind what was looked at, where that is not all
	root      *member // the outermost, where that is another
	offset    int64   // on the drive, of where it starts
	archives  int     // how many archives it is in
	depth     int
}

const kindZip = "zip"

// memberID is what two sightings in one member of one file share; the zero value
// stands for none.
type memberID struct {
	kind, name string
	pos        int64
}

// last is the position behind the data of the outermost.
func (m *member) last() int64 {
	if m.root != nil {
		return m.root.end
	}
	return m.end
}

// covered is the position behind what was looked at of the outermost.
func (m *member) covered() int64 {
	if m.root != nil {
		m = m.root
	}
	return cmp.Or(m.seen, m.end)
}

// locate is where all that is in the member is said to lie: where it starts.
func (m *member) locate(int64) int64 { return m.offset }

func (m *member) id() memberID {
	if m == nil {
		return memberID{}
	}
	return memberID{m.kind, m.name, m.pos}
}

// openMember looks into the archive member whose local header is at pos. It
// needs no central directory, so it finds members of archives that were cut or
// partly overwritten.
func openMember(c *checker, _ *rules.Rule, v *view, pos int64) {
	h, ok := parseLocal(v, pos)
	if !ok || h.encrypted || strings.HasSuffix(h.name, "/") {
		return
	}
	if h.method != zipStored && h.method != zipDeflated {
		if slices.Contains(otherMethods, h.method) {
			c.limits.add(limitMethod)
		}
		return
	}
	in := member{kind: kindZip, name: h.name, pos: pos, end: h.data, offset: v.offset(pos), archives: 1}
	if h.method == zipDeflated {
		limit := v.size
		if h.compressed != zipUnknown {
			limit = min(h.data+h.compressed, v.size)
		}
		c.within(v, &in, func() { c.inflate(v, &in, h.data, limit) })
		if h.compressed != zipUnknown {
			in.end = limit
		}
		return
	}
	content, end := unpackStored(v, h, c.room(maxStored))
	in.end, in.seen = end, h.data+int64(len(content))
	c.inflated += len(content)
	c.within(v, &in, func() { c.look(memberView(content, v.file, in.offset), 0, len(content)) })
}

// otherMethods are those in use that are not read (§4.4.5): Deflate64, bzip2,
// LZMA, Zstandard, XZ, PPMd.
var otherMethods = []uint16{9, 12, 14, 93, 95, 98}

// maxStored is how much of a stored member is looked at as such: the sweep sees
// all of it, as it sees any other byte.
const maxStored = 1 << 20

// room is how much more may be unpacked from this chunk, and at most so much at
// once.
func (c *checker) room(most int) int { return max(0, min(most, maxInflated-c.inflated)) }

// unpackStored needs no bound to say when it hit one: the sweep sees what is
// stored as it sees any other byte.
func unpackStored(v *view, h localHeader, budget int) (content []byte, end int64) {
	if h.compressed != zipUnknown {
		return v.bytes(h.data, int(min(int64(budget), h.compressed))), min(h.data+h.compressed, v.size)
	}
	for look := 4 << 10; ; look *= 4 {
		content = v.bytes(h.data, min(budget, look))
		if size, ok := describedSize(content); ok {
			return content[:size], h.data + int64(size)
		}
		if len(content) < look || look >= maxUndescribed {
			return content, h.data + int64(len(content))
		}
	}
}

// maxUndescribed is how far the end of a stored member is looked for whose size
// stands behind it.
const maxUndescribed = 64 << 10

// describedSize finds the data descriptor that tells the size of what precedes
// it.
func describedSize(content []byte) (size int, ok bool) {
	for at := 0; ; at++ {
		next := bytes.Index(content[at:], []byte(zipDescriptor))
		if next < 0 {
			return 0, false
		}
		at += next
		if len(content) >= at+12 && int(binary.LittleEndian.Uint32(content[at+8:])) == at {
			return at, true
		}
	}
}

// inflate looks into what the data in [pos, limit) decompresses to, and notes
// where it ended. A DEFLATE stream ends itself, so members whose size is not known
// are no different, and one that is cut short gives what comes before the cut.
func (c *checker) inflate(v *view, in *member, pos, limit int64) {
	cursor := &cursor{v: v, pos: pos, end: limit, taken: &c.taken}
	u := &c.unpackers[in.depth]
	if u.inflater == nil {
		u.inflater = flate.NewReader(cursor)
	} else if err := u.inflater.(flate.Resetter).Reset(cursor, nil); err != nil {
		return
	}
	c.stream(v, in, u)
	in.end = cursor.pos
	c.taken -= len(cursor.ready)
	if cursor.short || v.cut && cursor.pos == v.size {
		c.limits.add(limitInflated)
	}
}

// cursor reads a view byte by byte, so that a decompressor takes no more than
// its stream, and its place tells where that ended.
type cursor struct {
	v        *view
	pos, end int64
	ready    []byte
	taken    *int // of what may be unpacked: what gives nothing costs, too
	short    bool // it was used up
}

const cursorBytes = 4 << 10

func (r *cursor) ReadByte() (byte, error) {
	if len(r.ready) == 0 {
		if r.short = *r.taken >= maxInflated; r.short {
			return 0, io.ErrUnexpectedEOF
		}
		r.ready = r.v.bytes(r.pos, int(min(cursorBytes, r.end-r.pos)))
		if len(r.ready) == 0 {
			return 0, io.ErrUnexpectedEOF
		}
		*r.taken += len(r.ready)
	}
	b := r.ready[0]
	r.ready = r.ready[1:]
	r.pos++
	return b, nil
}

func (r *cursor) Read(p []byte) (int, error) {
	for n := range p {
		b, err := r.ReadByte()
		if err != nil {
			return n, err
		}
		p[n] = b
	}
	return len(p), nil
}
