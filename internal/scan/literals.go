package scan

import "bytes"

// literals finds a fixed set of byte strings in one pass, or nearly so. It is
// the prefilter of the sweep: whatever it finds is only a candidate.
//
// Strings of at least [longLiteral] bytes are found together by the method of
// Wu and Manber ("A fast algorithm for multi-pattern searching", 1994): a table
// over pairs of bytes says how far the search may skip. Shorter ones would make
// it skip less, so each of those gets its own pass by bytes.Index, which is
// vectorised.
type literals struct {
	short   []literal
	shift   [1 << pairBits]uint8
	tails   [1 << pairBits][]literal // the long ones, by the pair that ends their first longLiteral bytes
	longest int
}

// literal is one byte string and the number its finder knows it by.
type literal struct {
	bytes []byte
	id    int
}

const (
	longLiteral = 4
	pairBits    = 13 // small enough for the table to stay in the fastest cache
	maxSkip     = longLiteral - 1
)

func newLiterals(texts []string) *literals {
	l := &literals{}
	for i := range l.shift {
		l.shift[i] = maxSkip
	}
	for id, text := range texts {
		b := []byte(text)
		l.longest = max(l.longest, len(b))
		if len(b) < longLiteral {
			l.short = append(l.short, literal{b, id})
			continue
		}
		for i := range maxSkip {
			h := pairHash(b[i], b[i+1])
			l.shift[h] = min(l.shift[h], uint8(maxSkip-1-i))
		}
		tail := pairHash(b[maxSkip-1], b[maxSkip])
		l.tails[tail] = append(l.tails[tail], literal{b, id})
	}
	return l
}

func pairHash(a, b byte) uint32 {
	return (uint32(a) | uint32(b)<<8) * 0x9E3779B1 >> (32 - pairBits)
}

// each calls visit for every place in buf where a literal starts before limit;
// its end may lie behind. The places of one literal come in ascending order.
func (l *literals) each(buf []byte, limit int, visit func(id, at int)) {
	l.eachLong(buf, limit, visit)
	for _, lit := range l.short {
		end := min(len(buf), limit+len(lit.bytes)-1)
		for at := 0; at < limit; at++ {
			next := bytes.Index(buf[at:end], lit.bytes)
			if next < 0 {
				break
			}
			at += next
			visit(lit.id, at)
		}
	}
}

func (l *literals) eachLong(buf []byte, limit int, visit func(id, at int)) {
	end := min(len(buf), limit+maxSkip)
	for i := maxSkip; i < end; {
		h := pairHash(buf[i-1], buf[i])
		if skip := l.shift[h]; skip == maxSkip {
			// The usual case adds a constant, so that the next step need not wait
			// for the table: measured, this doubles the speed.
			i += maxSkip
			continue
		} else if skip > 0 {
			i += int(skip)
			continue
		}
		for _, lit := range l.tails[h] {
			if bytes.HasPrefix(buf[i-maxSkip:], lit.bytes) {
				visit(lit.id, i-maxSkip)
			}
		}
		i++
	}
}
