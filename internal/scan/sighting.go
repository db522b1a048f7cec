package scan

import "github.com/panoscrub/panoscrub/internal/rules"

// sighting is one thing that a confirmer is sure of, where it was seen. Several
// sightings may be of one item; join makes findings of them.
type sighting struct {
	rule     *rules.Rule
	severity Severity // empty: that of the rule
	encoding string   // empty: text as it is
	hint     string
	sample   bool
	value    string // what tells items of one rule apart: an identifier
	names    Appliance

	file   int32 // number of the file that owns it, or noFile
	pos    int64 // in the view that it was seen in
	offset int64 // on the drive
	length int64
	lines  int     // of a log
	member *member // in which it was seen, or nil

	pair  pairID // of a key or a certificate
	whole bool   // a key from its first line to its last
	tail  bool   // a key's last line told of it
	told  int64  // where on the drive the line is that told of it
}

// checker runs confirmers over the candidates of one chunk of the drive, and
// keeps what they are sure of within bounds.
type checker struct {
	set      *ruleset
	out      *collector // tells which rules have enough
	found    *pile
	reports  int                 // among them what was known
	tries    map[*rules.Rule]int // of confirmers that are slow; nil is for what is unpacked
	inflated int                 // bytes out of archives
	taken    int                 // bytes that were read for them
	member   *member             // that is being looked into, or nil
	limits   limits

	unpackers [maxDepth + 1]unpacker
}

// Bounds for one chunk. A drive that is not made to annoy stays far below them.
const (
	maxSightings = 512      // of one rule
	maxTries     = 16 << 10 // of a rule whose confirmer takes a microsecond
	maxSlowTries = 2 << 10  // of one that takes fifty
	maxInflated  = 32 << 20 // bytes out of archives
)

func newChecker(set *ruleset, out *collector) *checker {
	c := &checker{set: set, out: out}
	c.reset()
	return c
}

// reset makes the checker ready for the next chunk.
func (c *checker) reset() {
	c.found, c.limits = newPile(maxSightings), limits{}
	c.tries, c.inflated, c.taken = map[*rules.Rule]int{}, 0, 0
}

// outcome is what came of the chunk so far.
func (c *checker) outcome() outcome { return outcome{found: c.found.list, limits: c.limits} }

// try reports whether a confirmer may run once more on this chunk, of at most so
// many times.
func (c *checker) try(r *rules.Rule, most int) bool {
	c.tries[r]++
	if c.tries[r] > most {
		c.limits.add(limitMore)
		return false
	}
	return true
}

// look confirms the candidates that start in [from, until) of what v has in
// memory.
func (c *checker) look(v *view, from, until int) {
	c.set.literals.each(v.loaded[from:], until-from, func(id, at int) {
		c.confirm(v, id, v.at+int64(from+at))
	})
}

// confirm runs the confirmers of the literal with number id on what is at pos.
// Rules of which enough is known rest: what they would find is dropped anyway.
func (c *checker) confirm(v *view, id int, pos int64) {
	for _, f := range c.set.byLiteral[id] {
		switch r := f.rule; {
		case r == nil && f.wide:
			narrow, at := v.narrow(pos)
			f.look(c, nil, narrow, at)
		case r == nil:
			f.look(c, nil, v, pos)
		case c.out.full[r].Load():
		case c.found.full(r):
			c.limits.addFor(r, limitMore)
		case f.wide:
			narrow, at := v.narrow(pos)
			f.look(c, r, narrow, at)
		default:
			f.look(c, r, v, pos)
		}
	}
}

// report lists a sighting at pos of v.
func (c *checker) report(v *view, pos int64, s sighting) {
	if w := v.wide; w != nil {
		pos, s.length, s.encoding = w.outwards(pos), 2*s.length, w.encoding()
		v = w.outer
	}
	s.file, s.pos, s.offset, s.member = v.file, pos, v.offset(pos), c.member
	if s.told = s.offset; s.tail {
		s.told = v.offset(pos + s.length - 1)
	}
	c.reports++
	if !c.found.add(s) {
		c.limits.addFor(s.rule, limitMore)
	}
}
