package scan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/panoscrub/panoscrub/internal/rules"
)

// addNamed adds a finding for each entry that its name tells.
func (j *join) addNamed() {
	for _, e := range j.catalog.named {
		if e.rule.ID == rules.ManagedLogs && slices.ContainsFunc(j.catalog.named, func(o entry) bool {
			return o.rule.ID == rules.EgressImage && inFolder(o.path, e.path)
		}) {
			continue
		}
		if e.reused && j.renamed(e) {
			continue
		}
		f := newFinding(e.rule, "")
		f.State, f.Path, f.Offset, f.Length, f.Hint = e.state(), e.path, e.start, e.size, j.namedHint(e)
		j.findings = append(j.findings, f)
	}
}

// newFinding is a finding of a rule, of which it remains to say where it is.
func newFinding(r *rules.Rule, encoding string) Finding {
	if encoding == "" && len(r.Text) > 0 {
		encoding = encodingText
	}
	return Finding{
		Rule: r.ID, Class: r.Class, Severity: r.Severity, Advice: r.Advice, Hint: r.Hint,
		Encoding: cmp.Or(encoding, encodingBinary),
	}
}

// renamed reports whether the deleted entry is what renaming left of a file that
// is found otherwise: a live file has its clusters, from the first on.
func (j *join) renamed(e entry) bool {
	files := &j.catalog.files
	first, ok := files.find(e.was)
	if !ok || files.files[first.file].deleted || first.offset != e.was || first.pos != 0 || files.size(first.file) != e.size {
		return false
	}
	return j.named[first.file].rule == e.rule || e.rule.ID == rules.Archive && len(j.membersOf(first.file)) > 0
}

func (j *join) namedHint(e entry) string {
	hint := e.rule.Hint
	if e.device != "" {
		hint += " of device " + clean(e.device)
	}
	if e.original != "" {
		hint += ", thrown away"
	}
	if e.former {
		hint += inFormer
	}
	switch {
	case e.reused:
		return hint + ", content overwritten"
	case e.rule.ID == rules.Archive:
		return hint + holds(j.membersOf(e.file))
	}
	return hint
}

// membersOf returns what was seen in the members of a file.
func (j *join) membersOf(file int32) (in []sighting) {
	for _, s := range j.sightings {
		if s.member != nil && s.file == file && file != noFile {
			in = append(in, s)
		}
	}
	return in
}

// holds says what was seen in an archive's members.
func holds(in []sighting) string {
	members := map[string]map[memberID]bool{} // by the rule
	for _, s := range in {
		if members[s.rule.ID] == nil {
			members[s.rule.ID] = map[memberID]bool{}
		}
		members[s.rule.ID][s.member.id()] = true
	}
	var parts []string
	for _, kind := range []struct{ id, name string }{
		{rules.PrivateKey, "private key"},
		{rules.Certificate, "certificate"},
		{rules.Authority, "certificate of an authority"},
		{rules.Network, "network configuration"},
		{rules.KeyStore, "key store"},
		{rules.CloudKey, "AWS access key"},
	} {
		if n := len(members[kind.id]); n == 1 {
			parts = append(parts, kind.name)
		} else if n > 1 {
			parts = append(parts, fmt.Sprintf("%s in %d members", kind.name, n))
		}
		delete(members, kind.id)
	}
	parts = append(parts, slices.Sorted(maps.Keys(members))...)
	if len(parts) == 0 {
		return ", in which nothing was recognised"
	}
	return ", with " + strings.Join(parts, ", ")
}

// addArchives adds a finding for each archive that is known by its content: one
// with network configuration among its members, or a private key among a few:
// programs and sources in archives have keys for their tests, which are findings
// of their own.
func (j *join) addArchives() {
	var in []sighting
	for _, s := range j.sightings {
		if e, ok := j.named[s.file]; s.member != nil && s.member.archives > 0 && !(ok && e.rule.ID == rules.Archive) {
			in = append(in, s)
		}
	}
	slices.SortStableFunc(in, func(a, b sighting) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.member.pos, b.member.pos))
	})
	for len(in) > 0 {
		v := j.viewOf(in[0].file)
		start, end := j.archiveOf(v, in[0].member)
		n := 1
		for n < len(in) && in[n].file == in[0].file && (in[n].member.pos == in[0].member.pos || in[n].member.pos < end) {
			n++
		}
		j.addArchive(v, start, end, in[:n])
		in = in[n:]
	}
}

// archiveOf tells where the archive of a member lies, or what holds the archive.
func (j *join) archiveOf(v *view, m *member) (start, end int64) {
	if m.outermost != kindZip {
		return m.pos, m.last()
	}
	return archiveAround(v, m.pos)
}

// fewMembers is more than a configuration archive has.
const fewMembers = 64

// hasFewMembers reports whether the archive in [start, end) has no more; what holds
// an archive in another encoding counts as one.
func hasFewMembers(v *view, start, end int64) bool {
	for range fewMembers + 1 {
		next, ok := nextHeader(v, start)
		if !ok || next >= end {
			return true
		}
		start = next
	}
	return false
}

func (j *join) addArchive(v *view, start, end int64, in []sighting) {
	has := func(rule string) bool {
		return slices.ContainsFunc(in, func(s sighting) bool { return s.rule.ID == rule && !s.sample })
	}
	if !has(rules.Network) && !(has(rules.PrivateKey) && hasFewMembers(v, start, end)) {
		return
	}
	f := newFinding(j.archive, "")
	f.Severity, f.State, f.Offset, f.Length, f.Hint = High, Unallocated, v.offset(start), end-start, "ZIP archive"+holds(in)
	if outermost := in[0].member.outermost; outermost != kindZip {
		f.Encoding, f.Hint = outermost, "ZIP archive in "+outermost+holds(in)
	}
	for _, s := range in {
		f.Severity = worse(f.Severity, cmp.Or(s.severity, s.rule.Severity))
	}
	if owner, ok := j.owners[v.file]; ok {
		f.Path, f.State, f.Offset = owner.path, owner.stateInside(), owner.start
		f.Hint += owner.remark()
	}
	j.findings = append(j.findings, f)
}

// viewOf reads the file with the given number, or the drive where it lies in one
// piece or there is none, as the sweep did.
func (j *join) viewOf(file int32) *view {
	if file == noFile || len(j.catalog.files.of(file)) == 1 {
		return &view{file: file, r: j.drive, size: j.size}
	}
	return j.catalog.files.view(j.drive, file)
}

// inFolder reports whether the entry at a path is in the folder at another.
func inFolder(p, folder string) bool { return strings.HasPrefix(p, folder+"/") }
