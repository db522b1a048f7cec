package scan

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"strings"

	"github.com/panoscrub/panoscrub/internal/rules"
)

const maxContent = 1 << 20 // bytes of one member's content that are searched

// member is what was unpacked and looked into: a member of a ZIP archive, of
// gzip, or what stood there in base64.
type member struct {
	kind      string // "zip", or the encoding
	outermost string // kind of what it all stands in
	name      string // of a member; "" where there is none
	pos, end  int64  // in the view of the outermost: where it starts, and behind its data
	offset    int64  // on the drive, of where it starts
	archives  int    // how many archives it is in
	depth     int
}

const kindZip = "zip"

// memberID is what two sightings in one member of one file share; the zero value
// stands for none.
type memberID struct {
	kind, name string
	pos        int64
}

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
	if !ok || h.encrypted || strings.HasSuffix(h.name, "/") || h.method != zipStored && h.method != zipDeflated {
		return
	}
	content, end := c.unpack(v, h)
	c.within(v, member{kind: kindZip, name: h.name, pos: pos, end: end, offset: v.offset(pos), archives: 1}, content)
}

// room is how much more may be unpacked at once.
func (c *checker) room() int { return max(0, min(maxContent, maxInflated-c.inflated)) }

// spend takes what was unpacked from what may be, and says whether that left
// something out.
func (c *checker) spend(n int, more bool) {
	c.inflated += n
	switch {
	case !more:
	case c.inflated >= maxInflated:
		c.limits.add(limitInflated)
	case n >= maxContent:
		c.limits.add(limitMember)
	}
}

// unpack returns the content of a member, as far as it can be had and the bounds
// allow, and the position behind its data.
func (c *checker) unpack(v *view, h localHeader) (content []byte, end int64) {
	if h.method == zipStored {
		content, end = unpackStored(v, h, c.room())
		c.spend(len(content), false)
		return content, end
	}
	limit := v.size
	if h.compressed != zipUnknown {
		limit = min(h.data+h.compressed, v.size)
	}
	content, end = c.inflate(v, h.data, limit)
	if h.compressed != zipUnknown {
		end = limit
	}
	return content, end
}

// unpackStored needs no bound to say when it hit one: the sweep sees what is
// stored as it sees any other byte.
func unpackStored(v *view, h localHeader, budget int) (content []byte, end int64) {
	if h.compressed != zipUnknown {
		return v.bytes(h.data, int(min(int64(budget), h.compressed))), min(h.data+h.compressed, v.size)
	}
	content = v.bytes(h.data, budget)
	for at := 0; ; at++ {
		next := bytes.Index(content[at:], []byte(zipDescriptor))
		if next < 0 {
			return content, h.data + int64(len(content))
		}
		at += next
		if len(content) >= at+12 && int(binary.LittleEndian.Uint32(content[at+8:])) == at {
			return content[:at], h.data + int64(at)
		}
	}
}

// inflate decompresses the data in [pos, limit), and returns where it ended. A
// DEFLATE stream ends itself, so members whose size is not known are no
// different, and one that is cut short gives what comes before the cut.
func (c *checker) inflate(v *view, pos, limit int64) (content []byte, end int64) {
	room := c.room()
	if room == 0 {
		c.limits.add(limitInflated)
		return nil, pos
	}
	in := &cursor{v: v, pos: pos, end: limit}
	if c.inflater == nil {
		c.inflater = flate.NewReader(in)
	} else if err := c.inflater.(flate.Resetter).Reset(in, nil); err != nil {
		return nil, pos
	}
	var out bytes.Buffer
	n, err := io.Copy(&out, io.LimitReader(c.inflater, int64(room)))
	c.spend(int(n), err == nil && n == int64(room))
	return out.Bytes(), in.pos
}

// cursor reads a view byte by byte, so that a decompressor takes no more than
// its stream, and its place tells where that ended.
type cursor struct {
	v        *view
	pos, end int64
	ready    []byte
}

const cursorBytes = 4 << 10

func (r *cursor) ReadByte() (byte, error) {
	if len(r.ready) == 0 {
		r.ready = r.v.bytes(r.pos, int(min(cursorBytes, r.end-r.pos)))
		if len(r.ready) == 0 {
			return 0, io.ErrUnexpectedEOF
		}
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
