package scan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// addNamed adds a finding for each entry that its name tells.
func (j *join) addNamed() {
	for _, e := range j.catalog.named {
		if e.rule == ruleEgressFolder && slices.ContainsFunc(j.catalog.named, func(o entry) bool {
			return o.rule == ruleEgress && inFolder(o.path, e.path)
		}) {
			continue
		}
		if e.reused && j.renamed(e) {
			continue
		}
		j.findings = append(j.findings, Finding{
			Rule: e.rule.id, Class: e.rule.class, Severity: e.rule.severity, Encoding: e.rule.encoding,
			State: e.state(), Path: e.path, Offset: e.start, Length: e.size, Hint: j.namedHint(e),
		})
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
	return j.named[first.file].rule == e.rule || e.rule == ruleArchive && len(j.membersOf(first.file)) > 0
}

func (j *join) namedHint(e entry) string {
	hint := map[*rule]string{
		ruleArchive:      "configuration archive",
		ruleLog:          "log from provisioning",
		ruleEgress:       "encrypted image of the appliance's logs",
		ruleEgressFolder: "folder that the appliance writes its logs to, without an image",
	}[e.rule]
	if device, ok := archiveDevice(base(e.path), e.deleted); ok && device != "" {
		hint += " of device " + device
	}
	switch {
	case e.reused:
		return hint + ", content overwritten"
	case e.rule == ruleArchive:
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
	members := map[*rule]map[memberID]bool{}
	for _, s := range in {
		if members[s.rule] == nil {
			members[s.rule] = map[memberID]bool{}
		}
		members[s.rule][s.member.id()] = true
	}
	var parts []string
	for _, kind := range []struct {
		rule *rule
		name string
	}{{rulePrivateKey, "private key"}, {ruleCertificate, "certificate"}, {ruleAuthority, "certificate of an authority"}, {ruleNetwork, "network configuration"}} {
		if n := len(members[kind.rule]); n == 1 {
			parts = append(parts, kind.name)
		} else if n > 1 {
			parts = append(parts, fmt.Sprintf("%s in %d members", kind.name, n))
		}
	}
	if len(parts) == 0 {
		return ", in which nothing was recognised"
	}
	return ", with " + strings.Join(parts, ", ")
}

// addArchives adds a finding for each archive that is known by its content: one
// with a private key or network configuration among its members.
func (j *join) addArchives() {
	var in []sighting
	for _, s := range j.sightings {
		if e, ok := j.named[s.file]; s.member != nil && !(ok && e.rule == ruleArchive) {
			in = append(in, s)
		}
	}
	slices.SortStableFunc(in, func(a, b sighting) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.member.pos, b.member.pos))
	})
	for len(in) > 0 {
		v := j.viewOf(in[0].file)
		start, end := archiveAround(v, in[0].member.pos)
		n := 1
		for n < len(in) && in[n].file == in[0].file && (in[n].member.pos == in[0].member.pos || in[n].member.pos < end) {
			n++
		}
		j.addArchive(v, start, end, in[:n])
		in = in[n:]
	}
}

func (j *join) addArchive(v *view, start, end int64, in []sighting) {
	grave := slices.ContainsFunc(in, func(s sighting) bool {
		return (s.rule == rulePrivateKey || s.rule == ruleNetwork) && !s.sample
	})
	if !grave {
		return
	}
	f := Finding{
		Rule: ruleArchive.id, Class: ruleArchive.class, Severity: High, Encoding: ruleArchive.encoding,
		State: Unallocated, Offset: v.offset(start), Length: end - start, Hint: "ZIP archive" + holds(in),
	}
	for _, s := range in {
		f.Severity = worse(f.Severity, cmp.Or(s.severity, s.rule.severity))
	}
	if owner, ok := j.owners[v.file]; ok {
		f.Path, f.State, f.Offset = owner.path, owner.state(), owner.start
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
