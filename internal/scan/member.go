package scan

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"strings"
)

const (
	maxContent = 1 << 20 // bytes of one member's content that are searched
	maxNesting = 2       // an archive in an archive is opened, one in that is not
)

// member is a member of a ZIP archive in which something was seen.
type member struct {
	name     string
	pos, end int64 // in the view of the archive: local header, and behind the data
	offset   int64 // of the local header on the drive
	nesting  int
}

// memberID is what two sightings in one member of one file share; the zero value
// stands for none.
type memberID struct {
	name string
	pos  int64
}

func (m *member) id() memberID {
	if m == nil {
		return memberID{}
	}
	return memberID{m.name, m.pos}
}

// confirmMember looks into the archive member whose local header is at pos. It
// needs no central directory, so it finds members of archives that were cut or
// partly overwritten.
func confirmMember(c *checker, r *rule, v *view, pos int64) {
	h, ok := parseLocal(v, pos)
	if !ok || h.encrypted || strings.HasSuffix(h.name, "/") || h.method != zipStored && h.method != zipDeflated {
		return
	}
	m := &member{name: h.name, pos: pos, offset: v.offset(pos), nesting: 1}
	if outer := c.member; outer != nil {
		*m = member{name: outer.name + "/" + h.name, pos: outer.pos, end: outer.end, offset: outer.offset, nesting: outer.nesting + 1}
	}
	if m.nesting > maxNesting {
		c.limits.add(limitNesting)
		return
	}
	content, end := c.unpack(v, h)
	if c.member == nil {
		m.end = end
	}
	outer := c.member
	c.member = m
	c.look(memberView(content, v.file, m.offset), int64(len(content)))
	c.member = outer
}

// unpack returns the content of a member, as far as it can be had and the bounds
// allow, and the position behind its data.
func (c *checker) unpack(v *view, h localHeader) (content []byte, end int64) {
	budget := min(maxContent, maxInflated-c.inflated)
	if budget <= 0 {
		c.limits.add(limitInflated)
		return nil, h.data
	}
	if h.method == zipStored {
		content, end = unpackStored(v, h, budget)
	} else {
		content, end = c.inflate(v, h, budget)
	}
	c.inflated += len(content)
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

// inflate decompresses the member's data. A DEFLATE stream ends itself, so
// members whose size is not known are no different, and one that is cut short
// gives what comes before the cut.
func (c *checker) inflate(v *view, h localHeader, budget int) (content []byte, end int64) {
	in := &cursor{v: v, pos: h.data, end: v.size}
	if h.compressed != zipUnknown {
		in.end = min(h.data+h.compressed, v.size)
	}
	if c.inflater == nil {
		c.inflater = flate.NewReader(in)
	} else if err := c.inflater.(flate.Resetter).Reset(in, nil); err != nil {
		return nil, h.data
	}
	var out bytes.Buffer
	n, err := io.Copy(&out, io.LimitReader(c.inflater, int64(budget)))
	switch {
	case err != nil || n < int64(budget):
	case budget < maxContent:
		c.limits.add(limitInflated)
	default:
		c.limits.add(limitMember)
	}
	if h.compressed != zipUnknown {
		return out.Bytes(), in.end
	}
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
