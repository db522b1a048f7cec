package scan

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
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
	j.dropDirectorySlots()
	j.dropMemberBytes()
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

// dropDirectorySlots drops archive names in slots whose entry was walked.
func (j *join) dropDirectorySlots() {
	j.keep(func(s sighting) bool {
		return s.rule != ruleArchiveName || !slices.ContainsFunc(j.catalog.named, s.slotsOf)
	})
}

// slotsOf reports whether the long name that was seen belongs to an entry. The
// entry's own slot follows; where the name ends with a sector, it may stand at
// the start of any other.
func (s sighting) slotsOf(e entry) bool {
	const sector = 512
	end := s.offset + s.length
	slot := e.record.End() - slotBytes
	if slot >= s.offset && slot <= end {
		return true
	}
	if end%sector != 0 || slot%sector != 0 {
		return false
	}
	device, ok := archiveDevice(base(e.path), e.deleted)
	return ok && device == s.names.DeviceName
}

// dropMemberBytes drops what was seen in the bytes of an archive's member and
// was seen by looking into the member, too.
func (j *join) dropMemberBytes() {
	type place struct {
		file int32
		rule *rule
	}
	members := map[place][]*member{}
	for _, s := range j.sightings {
		if s.member != nil {
			p := place{s.file, s.rule}
			members[p] = append(members[p], s.member)
		}
	}
	for _, of := range members {
		slices.SortFunc(of, func(a, b *member) int { return cmp.Compare(a.pos, b.pos) })
	}
	j.keep(func(s sighting) bool {
		pos := s.pos
		if s.member != nil {
			pos = s.member.pos
		}
		of := members[place{s.file, s.rule}]
		at, _ := slices.BinarySearchFunc(of, pos, func(m *member, pos int64) int { return cmp.Compare(m.pos, pos) })
		return at == 0 || pos >= of[at-1].end
	})
}

// dropContained drops identifiers that are part of a longer one.
func (j *join) dropContained() {
	type place struct {
		file   int32
		member memberID
	}
	longest := map[place]sighting{}
	order := slices.Clone(j.sightings)
	slices.SortStableFunc(order, func(a, b sighting) int {
		return cmp.Or(cmp.Compare(a.pos, b.pos), cmp.Compare(b.length, a.length))
	})
	contained := map[sightingKey]bool{}
	for _, s := range order {
		if s.value == "" {
			continue
		}
		p := place{s.file, s.member.id()}
		if outer, ok := longest[p]; ok && s.pos+s.length <= outer.pos+outer.length {
			contained[s.key()] = true
			continue
		}
		longest[p] = s
	}
	j.keep(func(s sighting) bool { return !contained[s.key()] })
}

// settleAuthorities decides on certificates of authorities: in an archive they
// are part of what was handed out; one whose key is on the drive is a device's
// that only calls itself an authority; any other is no leftover.
func (j *join) settleAuthorities() {
	keys := map[pairID]bool{}
	for _, s := range j.sightings {
		if s.rule == rulePrivateKey && s.pair != (pairID{}) {
			keys[s.pair] = true
		}
	}
	for i := range j.sightings {
		if s := &j.sightings[i]; s.rule == ruleAuthority && keys[s.pair] {
			s.rule = ruleCertificate
		}
	}
	j.keep(func(s sighting) bool { return s.rule != ruleAuthority || s.member != nil })
}

// addSightings adds a finding for each item: of one rule in a member there is
// one, and one for each identifier and for each log in a file, whatever the
// number of places.
func (j *join) addSightings() {
	type item struct {
		rule   *rule
		value  string
		file   int32
		member memberID
		pos    int64 // where that tells items apart
	}
	groups := map[item][]sighting{}
	var order []item
	for _, s := range j.sightings {
		k := item{rule: s.rule, value: s.value, file: s.file, member: s.member.id()}
		if s.member == nil && s.value == "" && (s.lines == 0 || s.file == noFile) {
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

// add makes a finding of sightings of one item.
func (j *join) add(of []sighting) {
	s := of[0]
	f := Finding{
		Rule: s.rule.id, Class: s.rule.class, Severity: cmp.Or(s.severity, s.rule.severity),
		Encoding: s.rule.encoding, Offset: s.offset, Length: s.length, Hint: s.hint, Sample: true,
	}
	lines := 0
	for _, other := range of {
		f.Severity = worse(f.Severity, cmp.Or(other.severity, other.rule.severity))
		f.Sample = f.Sample && other.sample
		lines += other.lines
	}
	if f.Sample {
		f.Severity = Low
	}
	if lines > 0 {
		f.Hint = logHint(lines)
	} else if len(of) > 1 {
		f.Hint += fmt.Sprintf(", and %d more", len(of)-1)
	}
	j.place(&f, s)
	j.findings = append(j.findings, f)
}

// place fills in where the item of a sighting lies.
func (j *join) place(f *Finding, s sighting) {
	f.State = Unallocated
	if owner, ok := j.owners[s.file]; ok {
		f.Path, f.State = owner.path, owner.state()
		f.Offset = owner.start
		if at := j.catalog.files.position(s.file, s.offset); at > 0 && s.member == nil {
			f.Hint += fmt.Sprintf(", from byte %d of the file", at)
		}
	}
	if s.member != nil {
		f.Member, f.Offset, f.Length = clean(s.member.name), s.member.offset, s.member.end-s.member.pos
	}
}

func (e entry) state() State {
	if e.deleted {
		return Deleted
	}
	return Live
}

func base(path string) string { return entryName{path: path}.base() }

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
