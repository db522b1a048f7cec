package scan

import (
	"encoding/base64"
	"math"

	"github.com/panoscrub/panoscrub/internal/rules"
)

const (
	maxArchives = 2 // an archive in an archive is opened, one in that is not
	maxDepth    = 4 // of anything within anything

	// The start of a gzip header, and the flags behind it (RFC 1952 §2.3.1). The
	// combinations that are looked for are those that programs write.
	gzipMagic   = "\x1F\x8B\x08"
	gzipText    = 1 << 0
	gzipCheck   = 1 << 1
	gzipExtra   = 1 << 2
	gzipName    = 1 << 3
	gzipComment = 1 << 4
)

// containers are looked into by what they begin with: members of ZIP archives,
// gzip, and base64 of text with a PEM block, of a ZIP archive, or of gzip.
var containers map[string]confirmer

func init() {
	containers = map[string]confirmer{zipLocal: openMember}
	for _, flags := range []byte{0, gzipExtra, gzipName, gzipComment, gzipName | gzipComment, gzipCheck, gzipText, gzipText | gzipName} {
		containers[gzipMagic+string([]byte{flags})] = openGzip
	}
	for shift := range 3 {
		literal, open := base64Of(pemBegin, shift)
		containers[literal] = open
	}
	for _, next := range "ABC" { // versions 1.0, 2.0 and 4.5 follow the signature
		containers[base64.StdEncoding.EncodeToString([]byte(zipLocal))[:5]+string(next)] = openBase64(0, 0)
	}
	containers["H4sIA"] = openBase64(0, 0) // gzip without a name, and a time that may be any
	containers["H4sIC"] = openBase64(0, 0) // and with a name
}

// base64Of is what text becomes in base64 when shift bytes precede it in a group
// of three, as far as that does not depend on what is around it, with what opens
// the base64 that it stands in.
func base64Of(text string, shift int) (string, confirmer) {
	coded := base64.StdEncoding.EncodeToString(append(make([]byte, shift), text...))
	first := int(math.Ceil(float64(8*shift) / 6))
	last := 8 * (shift + len(text)) / 6
	return coded[first:last], openBase64(first, shift)
}

// within looks into what was unpacked from v, by way of look.
func (c *checker) within(v *view, in *member, look func()) {
	outer := c.member
	if in.outermost = in.kind; outer != nil {
		in.pos, in.offset, in.root = outer.pos, outer.offset, outer
		if outer.root != nil {
			in.root = outer.root
		}
		in.depth, in.archives = outer.depth+1, outer.archives+in.archives
		in.outermost, in.name = outer.outermost, joinNames(outer.name, in.name)
	}
	if in.archives > maxArchives || in.depth > maxDepth {
		c.limits.add(limitNesting)
		return
	}
	c.member = in
	look()
	c.member = outer
}

func joinNames(outer, inner string) string {
	if outer == "" || inner == "" {
		return outer + inner
	}
	return outer + "/" + inner
}

// openBase64 makes what decodes base64 whose first group starts so many
// characters before the candidate, and drops so many bytes of it.
func openBase64(back, drop int) confirmer {
	return func(c *checker, _ *rules.Rule, v *view, pos int64) {
		start := pos - int64(back)
		if start < 0 || !c.try(nil, maxTries) || !c.worthDecoding(v, start, drop) {
			return
		}
		body, end, whole := c.base64At(v, start)
		content := decodeBase64(body)
		if !whole {
			c.limits.add(limitInflated)
		}
		if len(content) <= drop {
			return
		}
		c.inflated += len(content)
		in := member{kind: encodingBase64, pos: start, end: start + int64(end), offset: v.offset(start)}
		if w := v.wide; w != nil {
			in.pos, in.end = w.outwards(in.pos), w.outwards(in.end)
			in.offset = w.outer.offset(in.pos)
		}
		c.within(v, &in, func() { c.look(memberView(content[drop:], v.file, in.offset), 0, len(content)-drop) })
	}
}

// base64At reads the base64 at start, little of it at first, since most of what
// looks like some is short.
func (c *checker) base64At(v *view, start int64) (body []byte, end int, whole bool) {
	most := base64.StdEncoding.EncodedLen(c.room(maxBase64))
	for look := 4 << 10; ; look *= 4 {
		text := v.bytes(start, min(most, look))
		if body, end = armorBody(nil, text, 0, len(text)); end < len(text) {
			return body, end, true
		}
		if start+int64(end) >= v.size {
			return body, end, !v.cut
		}
		if look >= most {
			return body, end, false
		}
	}
}

// maxBase64 is how much is decoded at once: the archives that are kept so have a
// few kilobytes.
const maxBase64 = 1 << 20

// peekChars is how much of base64 tells what it is of.
const peekChars = 400

// worthDecoding reports whether the base64 at start begins with something that
// will be looked into, which saves decoding all of what only looks so.
func (c *checker) worthDecoding(v *view, start int64, drop int) bool {
	body, _ := armorBody(make([]byte, 0, peekChars), v.bytes(start, 2*peekChars), 0, peekChars)
	content := decodeBase64(body)
	if len(content) <= drop {
		return false
	}
	peek := &view{loaded: content[drop:], size: int64(len(content) - drop)}
	if label, ok := armorLabel(peek.loaded); ok {
		return promising(peek.loaded, len(pemBegin)+len(label)+len(pemDash))
	}
	// Of a header whose name goes on behind what was decoded the size is unknown.
	peek.size = v.size
	_, isMember := parseLocal(peek, 0)
	_, _, isGzip := gzipHeader(peek, 0)
	return isMember || isGzip
}

// openGzip looks into a gzip member (RFC 1952).
func openGzip(c *checker, _ *rules.Rule, v *view, pos int64) {
	name, data, ok := gzipHeader(v, pos)
	if !ok || !c.try(nil, maxTries) {
		return
	}
	in := member{kind: encodingGzip, name: name, pos: pos, end: data, offset: v.offset(pos)}
	c.within(v, &in, func() { c.inflate(v, &in, data, v.size) })
}

// gzipHeader reads the header at pos, with enough distrust that it turns up
// nowhere by chance, and returns where the data starts.
func gzipHeader(v *view, pos int64) (name string, data int64, ok bool) {
	const bytes = 10
	b := v.bytes(pos, bytes+2+maxMemberName)
	if len(b) < bytes+8 || b[3]&0xE0 != 0 || b[8] != 0 && b[8] != 2 && b[8] != 4 || b[9] > 13 && b[9] != 255 {
		return "", 0, false
	}
	at := bytes
	if b[3]&gzipExtra != 0 {
		at += 2 + int(b[10]) + int(b[11])<<8
	}
	for _, flag := range []byte{gzipName, gzipComment} {
		if b[3]&flag == 0 {
			continue
		}
		start := at
		for at < len(b) && b[at] != 0 {
			at++
		}
		if at >= len(b) {
			return "", 0, false
		}
		if flag == gzipName {
			name = string(b[start:at])
		}
		at++
	}
	if b[3]&gzipCheck != 0 {
		at += 2
	}
	return name, pos + int64(at), true
}
