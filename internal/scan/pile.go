package scan

import "github.com/panoscrub/panoscrub/internal/rules"

// pile is a list of sightings in which each thing is listed once. It takes them
// in the order of their positions, or nearly so.
type pile struct {
	list   []sighting
	most   int // sightings of one rule
	seen   map[sightingKey]bool
	last   map[rowKey]int // index in list
	counts map[*rules.Rule]int
}

func newPile(most int) *pile {
	return &pile{most: most, seen: map[sightingKey]bool{}, last: map[rowKey]int{}, counts: map[*rules.Rule]int{}}
}

// sightingKey is what two sightings of one thing share.
type sightingKey struct {
	rule   *rules.Rule
	value  string // of an identifier; for all else, the position tells
	pos    int64
	file   int32
	member memberID
}

func (s *sighting) key() sightingKey {
	k := sightingKey{s.rule, s.value, s.pos, s.file, s.member.id()}
	if s.value != "" {
		k.pos = 0
	}
	return k
}

// rowKey is what sightings share of which one may go on where another ends.
type rowKey struct {
	rule   *rules.Rule
	file   int32
	member memberID
}

// full reports whether there are as many sightings of a rule as there may be.
func (p *pile) full(r *rules.Rule) bool { return p.counts[r] == p.most }

// add lists a sighting unless what it is of is listed. It is false when there
// are as many of the rule as there may be.
func (p *pile) add(s sighting) bool {
	row := rowKey{s.rule, s.file, s.member.id()}
	if at, ok := p.last[row]; ok && p.list[at].absorb(&s) || p.seen[s.key()] {
		return true
	}
	if p.full(s.rule) {
		return false
	}
	p.counts[s.rule]++
	p.seen[s.key()] = true
	p.last[row] = len(p.list)
	p.list = append(p.list, s)
	return true
}

// absorb makes next, which comes later in the same place, part of s if it is:
// the next lines of a log, or what lies within s. A sample hides nothing that is
// none.
func (s *sighting) absorb(next *sighting) bool {
	gap := next.pos - (s.pos + s.length)
	switch {
	case next.pos < s.pos || s.value != "":
		return false
	case s.lines > 0 && gap <= logGap:
		s.lines += next.lines
		s.length = max(s.length, next.pos+next.length-s.pos)
		return true
	}
	return gap < 0 && (next.sample || !s.sample)
}
