package rules

import "slices"

// ruleName is a form of names with the rule that it is of.
type ruleName struct {
	*Name
	rule *Rule
}

// index sorts the forms of names by what they mean, the gravest first, and makes
// the sieve of them.
func (s *Set) index() {
	for _, severity := range severities {
		for _, r := range s.Rules {
			for _, n := range r.Names {
				if r.Severity == severity {
					s.byName = append(s.byName, ruleName{n, r})
				}
			}
		}
	}
	s.sieve.starts = map[uint32][]int{}
	for _, f := range s.byName {
		s.sieve.add(f.keys)
	}
}

// sieve tells which forms a name may have, for all of them in one pass over it:
// a form has keys, of which one must stand in the name, and the sieve knows their
// first four bytes. There are a few forms for each of a million names, if any.
type sieve struct {
	marks  [1 << (markBits - 6)]uint64 // the hashes of starts
	starts map[uint32][]int            // forms by the first bytes of their keys
	always []bool                      // by form: those with a key that is too short
}

const (
	startBytes = 4
	markBits   = 16
)

// add takes in the form with the next number.
func (v *sieve) add(keys []string) {
	form := len(v.always)
	short := slices.ContainsFunc(keys, func(key string) bool { return len(key) < startBytes })
	if v.always = append(v.always, short); short {
		return
	}
	for _, key := range keys {
		start := startOf(key)
		v.starts[start] = append(v.starts[start], form)
		mark := markOf(start)
		v.marks[mark/64] |= 1 << (mark % 64)
	}
}

// likely tells of each form whether a folded name may have it.
func (v *sieve) likely(name string) []bool {
	likely, ours := v.always, false
	for i := range len(name) - startBytes + 1 {
		start := startOf(name[i:])
		if mark := markOf(start); v.marks[mark/64]>>(mark%64)&1 == 0 {
			continue
		}
		for _, form := range v.starts[start] {
			if !ours {
				likely, ours = slices.Clone(likely), true
			}
			likely[form] = true
		}
	}
	return likely
}

func startOf(text string) uint32 {
	return uint32(text[0]) | uint32(text[1])<<8 | uint32(text[2])<<16 | uint32(text[3])<<24
}

func markOf(start uint32) uint32 { return start * 0x9E3779B1 >> (32 - markBits) }
