package scan

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strings"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/rules"
)

// What was seen more than once, or is part of something else that was seen, is
// dropped here, so that one finding is left of each item.

// dropLiveFolders drops folders that are in use and hold no more than names that
// are common: those of the appliance's are known by their path.
func (j *join) dropLiveFolders(ctx context.Context) {
	common := func(s sighting) bool {
		return s.rule.ID == rules.ProvisionName && !slices.ContainsFunc(strings.Split(s.value, ", "), func(name string) bool {
			return !slices.Contains(commonNames, name)
		})
	}
	var places []int64
	for _, s := range j.sightings {
		if common(s) {
			places = append(places, s.offset)
		}
	}
	slices.Sort(places)
	live := j.catalog.inLiveFolders(ctx, places)
	j.keep(func(s sighting) bool { return !common(s) || !live[s.offset] })
}

// dropKnownNames drops names that were seen in bytes and that directories tell,
// too: an entry's own record, and what journals and indexes keep of it.
func (j *join) dropKnownNames() {
	known := map[string]bool{}
	for _, e := range j.catalog.named {
		known[strings.ToLower(path.Base(e.path))] = true
		if e.rule.ID == rules.EgressImage {
			known[egressStart], known[egressStart[:exfatPiece]] = true, true
		}
	}
	j.keep(func(s sighting) bool {
		if s.rule.ID != rules.ArchiveName && s.rule.ID != rules.ProvisionName {
			return true
		}
		for name := range strings.SplitSeq(s.value, ", ") {
			if !known[name] {
				return true
			}
		}
		return false
	})
}

// dropInKeyStores drops the encrypted keys that a key store is there to hold.
func (j *join) dropInKeyStores() {
	j.keep(func(s sighting) bool {
		return s.rule.ID != rules.PrivateKey || s.encoding != encodingDER || s.severity != High || !slices.ContainsFunc(j.sightings, func(store sighting) bool {
			return store.rule.ID == rules.KeyStore && store.file == s.file && store.member.id() == s.member.id() &&
				store.pos <= s.pos && s.pos < store.pos+store.length
		})
	})
}

// dropMemberBytes drops what was seen in the bytes of an archive's member and
// was seen by looking into the member, too.
func (j *join) dropMemberBytes() {
	type place struct {
		file int32
		rule *rules.Rule
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
		return at == 0 || pos >= of[at-1].covered()
	})
}

// dropPieces drops the pieces of private keys that were seen as a whole, too:
// several deleted files may claim a place, and only in one of them the pieces of a
// key follow each other. What matters more hides behind nothing that matters less.
func (j *join) dropPieces() {
	whole := map[Severity]*block.Extents{"": {}, High: {}}
	for _, s := range j.sightings {
		if in := whole[s.severity]; in != nil && s.whole && s.member == nil {
			for _, e := range j.catalog.files.extents(s) {
				in.Add(e)
			}
		}
	}
	j.keep(func(s sighting) bool {
		return s.rule.ID != rules.PrivateKey || s.whole || s.member != nil ||
			!whole[""].Contains(s.told) && !(s.severity == High && whole[High].Contains(s.told))
	})
}

// dropContained drops what is part of something longer: an identifier in an ARN,
// the base64 of a key in its PEM block.
func (j *join) dropContained() {
	type place struct {
		file   int32
		member memberID
		rule   *rules.Rule // nil for identifiers, which may lie in those of other rules
	}
	longest := map[place]sighting{}
	order := slices.Clone(j.sightings)
	slices.SortStableFunc(order, func(a, b sighting) int {
		return cmp.Or(cmp.Compare(a.pos, b.pos), cmp.Compare(b.length, a.length))
	})
	contained := map[sightingKey]bool{}
	for _, s := range order {
		p := place{s.file, s.member.id(), s.rule}
		if s.value != "" && !s.rule.Own { // what an operator looks for hides nothing
			p.rule = nil
		}
		if outer, ok := longest[p]; ok && s.pos+s.length <= outer.pos+outer.length && s.key() != outer.key() && (s.sample || !outer.sample) {
			contained[s.key()] = true
			continue
		}
		longest[p] = s
	}
	j.keep(func(s sighting) bool { return !contained[s.key()] })
}
