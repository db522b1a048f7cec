package scan

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/panoscrub/panoscrub/internal/rules"
)

// join makes findings of what names and bytes told: one for each item, however
// many ways it was seen.
type join struct {
	drive     io.ReaderAt
	size      int64
	catalog   *catalog
	sightings []sighting
	owners    map[int32]entry // of the files in which something was seen
	named     map[int32]entry // those of them that their name tells
	findings  []Finding

	archive, certificate *rules.Rule
}

// resolve fetches the names of the files in which something was seen.
func (j *join) resolve(ctx context.Context) {
	wanted := map[int32]bool{}
	for _, s := range j.sightings {
		if s.file != noFile {
			wanted[s.file] = true
		}
	}
	owners, err := j.catalog.entriesOf(ctx, wanted)
	if err != nil {
		// Cancelled. What lies in files without a name would pass for residue.
		j.keep(func(s sighting) bool { return s.file == noFile })
	}
	j.owners = owners
	j.dropLiveFolders(ctx)
	j.named = map[int32]entry{}
	for _, e := range j.catalog.named {
		if e.file != noFile {
			j.named[e.file] = e
		}
	}
}

func (j *join) run() []Finding {
	slices.SortStableFunc(j.sightings, func(a, b sighting) int {
		return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(a.pos, b.pos))
	})
	j.dropKnownNames()
	j.dropInKeyStores()
	j.dropMemberBytes()
	j.dropPieces()
	j.dropContained()
	j.settleAuthorities()
	j.addNamed()
	j.addArchives()
	j.addSightings()
	return number(j.findings)
}

// keep drops the sightings that the function is false for.
func (j *join) keep(f func(s sighting) bool) {
	j.sightings = slices.DeleteFunc(j.sightings, func(s sighting) bool { return !f(s) })
}

// settleAuthorities decides on certificates of authorities: one whose key is on
// the drive is a device's that only calls itself an authority. A key that
// everybody has makes none.
func (j *join) settleAuthorities() {
	keys := map[pairID]bool{}
	for _, s := range j.sightings {
		if s.rule.ID == rules.PrivateKey && s.pair != (pairID{}) && !s.sample {
			keys[s.pair] = true
		}
	}
	for i := range j.sightings {
		if s := &j.sightings[i]; s.rule.ID == rules.Authority && keys[s.pair] {
			s.rule = j.certificate
		}
	}
}

// addSightings adds a finding for each item: of one rule in a member there is
// one, and one for each identifier and for each log in a file, whatever the
// number of places.
func (j *join) addSightings() {
	type item struct {
		rule   *rules.Rule
		value  string
		file   int32
		member memberID
		pos    int64 // where that tells items apart
	}
	groups := map[item][]sighting{}
	var order []item
	rows := map[*rules.Rule]*row{}
	for _, s := range j.sightings {
		k := item{rule: s.rule, value: s.value, file: s.file, member: s.member.id()}
		switch {
		case s.member != nil || s.value != "":
		case s.rule.Background && s.file != noFile:
		case s.rule.Background:
			k.pos = rowOf(rows, s)
		case s.lines == 0 || s.file == noFile:
			k.pos = s.pos
		}
		if _, ok := groups[k]; !ok {
			order = append(order, k)
		}
		groups[k] = append(groups[k], s)
	}
	for _, k := range order {
		// A log that its path tells is one item with the lines in it.
		if e, ok := j.named[k.file]; ok && e.rule == k.rule && k.member == (memberID{}) {
			continue
		}
		j.add(groups[k])
	}
}

// row is where the sightings in free space lie that are one item.
type row struct{ start, end int64 }

// rowGap is how far apart the sightings of a row may be.
const rowGap = 4 << 10

// rowOf tells where the row starts that a sighting belongs to. They come in
// ascending order.
func rowOf(rows map[*rules.Rule]*row, s sighting) int64 {
	r := rows[s.rule]
	if r == nil || s.pos > r.end+rowGap {
		r = &row{start: s.pos}
		rows[s.rule] = r
	}
	r.end = s.pos + s.length
	return r.start
}

// add makes a finding of sightings of one item, in the words of the first that
// counts.
func (j *join) add(of []sighting) {
	s := of[max(0, slices.IndexFunc(of, func(s sighting) bool { return !s.sample }))]
	f := newFinding(s.rule, cmp.Or(s.encoding, containerOf(s), encodingText))
	f.Severity, f.Offset, f.Length, f.Hint, f.Sample = cmp.Or(s.severity, s.rule.Severity), s.offset, s.length, s.hint, true
	lines := 0
	for _, other := range of {
		f.Severity = worse(f.Severity, cmp.Or(other.severity, other.rule.Severity))
		f.Sample = f.Sample && other.sample
		lines += other.lines
	}
	if f.Sample {
		f.Severity = Low
	}
	if f.Sample || f.Severity == Low && s.rule.Severity != Low {
		f.Advice = nothingToDo // the rule's is for what counts
	}
	if lines > 0 {
		f.Hint = logHint(lines)
	} else if len(of) > 1 {
		f.Hint += fmt.Sprintf(", and %d more", len(of)-1)
	}
	j.place(&f, s)
	j.findings = append(j.findings, f)
}

// nothingToDo is the advice on what opens nothing although others of its rule do.
const nothingToDo = "Nothing needs to be done."

var severities = []Severity{Critical, High, Medium, Low}

func worse(a, b Severity) Severity {
	if slices.Index(severities, b) < slices.Index(severities, a) {
		return b
	}
	return a
}

// number sorts findings, the worst first, and gives them their IDs. Those that
// start in the same place stay in the order in which they were seen.
func number(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(slices.Index(severities, a.Severity), slices.Index(severities, b.Severity)),
			cmp.Compare(a.Offset, b.Offset),
			cmp.Compare(a.Rule, b.Rule),
			strings.Compare(a.Path, b.Path),
			strings.Compare(a.Member, b.Member),
		)
	})
	for i := range findings {
		findings[i].ID = fmt.Sprintf("F%d", i+1)
	}
	return findings
}
