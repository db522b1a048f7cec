package scan

import (
	"cmp"
	"slices"

	"github.com/panoscrub/panoscrub/internal/rules"
)

// Where the drive may tell of its appliance, the best source first.
const (
	fromArchiveName   = "archive name"
	fromConfiguration = "configuration"
	fromLog           = "log"
	fromText          = "text on the drive"
)

var sources = []string{fromArchiveName, fromConfiguration, fromLog, fromText}

// appliances lists what the drive tells of its appliance, each name or ID once
// for each kind of place. Samples from documentation tell nothing.
func (j *join) appliances() []Appliance {
	list := []Appliance{}
	for _, e := range j.catalog.named {
		list = append(list, Appliance{DeviceName: e.device, Source: fromArchiveName})
	}
	for _, s := range j.sightings {
		if s.sample || s.names == (Appliance{}) {
			continue
		}
		a := s.names
		if a.Source = fromArchiveName; s.rule.ID != rules.ArchiveName {
			a.Source = j.sourceOf(s)
		}
		list = append(list, a)
	}
	list = slices.DeleteFunc(list, func(a Appliance) bool { return a.DeviceName == "" && a.DeviceID == "" })
	slices.SortFunc(list, func(a, b Appliance) int {
		return cmp.Or(
			cmp.Compare(slices.Index(sources, a.Source), slices.Index(sources, b.Source)),
			cmp.Compare(a.DeviceName, b.DeviceName),
			cmp.Compare(a.DeviceID, b.DeviceID),
		)
	})
	return slices.Compact(list)
}

// sourceOf says in what kind of place an identifier was seen.
func (j *join) sourceOf(id sighting) string {
	if e, ok := j.named[id.file]; ok && e.rule.ID == rules.ProvisionLog {
		return fromLog
	}
	if id.member != nil || j.near(rules.Network, id) {
		return fromConfiguration
	}
	if j.near(rules.ProvisionLog, id) {
		return fromLog
	}
	return fromText
}

// near reports whether something of the rule was seen in the same file, or in
// the same stretch of free space.
func (j *join) near(rule string, id sighting) bool {
	return slices.ContainsFunc(j.sightings, func(s sighting) bool {
		if s.rule.ID != rule || s.file != id.file || s.member.id() != id.member.id() {
			return false
		}
		return s.file != noFile || id.pos >= s.pos-logGap && id.pos <= s.pos+s.length+logGap
	})
}
