package scan

import (
	"maps"
	"slices"

	"github.com/panoscrub/panoscrub/internal/rules"
)

// What a scan says when it hit a bound. A scan that says any of it is never
// clean.
const (
	limitMore     = "there was more of one kind than is examined or listed: the rest was left out"
	limitInflated = "archives expand to more than is unpacked: the rest was left out"
	limitPacked   = "files that the file system compresses were searched in their first 4 MiB, and in 256 MiB of all of them"
	limitMethod   = "members of ZIP archives that are compressed otherwise than by DEFLATE were not looked at"
	limitNesting  = "archives nested more than once were not opened"
	limitSeams    = "files lie in very many pieces: not every place where two meet was looked at"
	limitIndex    = "there are more pieces of files than are kept in mind: what lies in the rest is reported without its path"
)

// limits is the set of bounds that were hit.
type limits map[string]bool

func (l limits) add(text string) { l[text] = true }

// addFor adds the text unless the rule's sightings are mere background.
func (l limits) addFor(r *rules.Rule, text string) {
	if !r.Background {
		l.add(text)
	}
}

func (l limits) merge(other limits) { maps.Copy(l, other) }

func (l limits) list() []string { return slices.Sorted(maps.Keys(l)) }
