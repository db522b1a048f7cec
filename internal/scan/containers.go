package scan

import (
	"encoding/base64"
	"math"

	"github.com/panoscrub/panoscrub/internal/rules"
)

const (
	maxArchives = 2 // an archive in an archive is opened, one in that is not
	maxDepth    = 4 // of anything within anything
	gzipMagic   = "\x1F\x8B\x08"
)

// containers are looked into by what they begin with: members of ZIP archives,
// gzip, and base64 of text with a PEM block, of a ZIP archive, or of gzip.
var containers map[string]confirmer

func init() {
	containers = map[string]confirmer{zipLocal: openMember, gzipMagic: openGzip}
	for shift := range 3 {
		literal, open := base64Of(pemBegin, shift)
		containers[literal] = open
	}
	for _, next := range "ABC" { // versions 1.0, 2.0 and 4.5 follow the signature
		containers[base64.StdEncoding.EncodeToString([]byte(zipLocal))[:5]+string(next)] = openBase64(0, 0)
	}
	containers["H4sIA"+"AAA"] = openBase64(0, 0) // gzip without a name and a time, as programs write it
	containers["H4sICA"] = openBase64(0, 0)      // and with a name, as gzip does
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

// within looks into content that was unpacked from v.
func (c *checker) within(v *view, in member, content []byte) {
	if outer := c.member; outer != nil {
		in.pos, in.end, in.offset = outer.pos, outer.end, outer.offset
		in.depth, in.archives = outer.depth+1, outer.archives+in.archives
		in.outermost, in.name = outer.outermost, joinNames(outer.name, in.name)
	} else {
		in.outermost = in.kind
	}
	if in.archives > maxArchives || in.depth > maxDepth {
		c.limits.add(limitNesting)
		return
	}
	outer := c.member
	c.member = &in
	c.look(memberView(content, v.file, in.offset), int64(len(content)))
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
		if start < 0 {
			return
		}
		room := c.room()
		if room == 0 {
			c.limits.add(limitInflated)
			return
		}
		text := v.bytes(start, base64.StdEncoding.EncodedLen(min(room, firstLook)))
		body, end := armorBody(text, 0)
		if end == len(text) && room > firstLook {
			text = v.bytes(start, base64.StdEncoding.EncodedLen(room))
			body, end = armorBody(text, 0)
		}
		content := decodeBase64(body)
		if len(content) <= drop {
			return
		}
		c.spend(len(content), end == len(text) && start+int64(end) < v.size)
		c.within(v, member{kind: encodingBase64, pos: start, end: start + int64(end), offset: v.offset(start)}, content[drop:])
	}
}

// firstLook is how much is decoded before it is known that there is more.
const firstLook = 12 << 10

// openGzip looks into a gzip member (RFC 1952).
func openGzip(c *checker, _ *rules.Rule, v *view, pos int64) {
	name, data, ok := gzipHeader(v, pos)
	if !ok {
		return
	}
	content, end := c.inflate(v, data, v.size)
	if len(content) > 0 {
		c.within(v, member{kind: encodingGzip, name: name, pos: pos, end: end, offset: v.offset(pos)}, content)
	}
}

// gzipHeader reads the header at pos, with enough distrust that it turns up
// nowhere by chance, and returns where the data starts.
func gzipHeader(v *view, pos int64) (name string, data int64, ok bool) {
	const bytes, flagExtra, flagName, flagComment, flagCheck = 10, 4, 8, 16, 2
	b := v.bytes(pos, bytes+2+maxMemberName)
	if len(b) < bytes+8 || b[3]&0xE0 != 0 || b[8] != 0 && b[8] != 2 && b[8] != 4 || b[9] > 13 && b[9] != 255 {
		return "", 0, false
	}
	at := bytes
	if b[3]&flagExtra != 0 {
		at += 2 + int(b[10]) + int(b[11])<<8
	}
	for _, flag := range []byte{flagName, flagComment} {
		if b[3]&flag == 0 {
			continue
		}
		start := at
		for at < len(b) && b[at] >= ' ' {
			at++
		}
		if at >= len(b) || b[at] != 0 {
			return "", 0, false
		}
		if flag == flagName {
			name = string(b[start:at])
		}
		at++
	}
	if b[3]&flagCheck != 0 {
		at += 2
	}
	return name, pos + int64(at), true
}
