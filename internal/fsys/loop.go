package fsys

// LoopFinder tells when a chain comes back to where it was, after at most three
// times the links in it, by Brent's method: it keeps one place in mind, and
// takes another after each power of two.
type LoopFinder struct {
	kept         uint32
	count, until int
}

// Passes takes the next place of the chain, and reports whether it is one that
// the chain has passed before.
func (l *LoopFinder) Passes(c uint32) bool {
	if l.count > 0 && c == l.kept {
		return true
	}
	if l.count++; l.count > l.until {
		l.kept, l.until = c, 2*l.count
	}
	return false
}
