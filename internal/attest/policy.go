package attest

import (
	"regexp"
	"slices"
)

// PolicySchema names the policy document that this version can recompute.
const PolicySchema = "panoscrub/policy/v1"

// Names of the patterns that a PASS can rest on. A third kind is "fixed-" and up to
// 16 bytes in lower-case hex, which are repeated over the whole drive.
const (
	// PatternKeyed is a stream under a key of the run, different in every sector:
	// package policy describes it to the byte.
	PatternKeyed = "aes-256-ctr-tagged"
	// PatternComplement is the complement of the keyed pass before.
	PatternComplement = "aes-256-ctr-tagged-complement"
)

var fixedPattern = regexp.MustCompile(`^fixed-([0-9a-f]{2}){1,16}$`)

// tellsPlaces reports whether a pattern is different in every sector, so that the
// read-back shows that each sector held its own data.
func tellsPlaces(pattern string) bool { return pattern == PatternKeyed || pattern == PatternComplement }

// Policy is what was to be done, and what had to be seen for the outcome to be
// accepted. Its JSON, encoded as [Policy.Canonical] does, is the policy document.
type Policy struct {
	Schema string   `json:"schema"` // PolicySchema
	ID     string   `json:"id"`     // a name for what follows, and no claim about any standard
	Title  string   `json:"title"`  // for people
	Own    bool     `json:"own"`    // an operator's, not built into the tool
	Passes []string `json:"passes"` // names of patterns, each over the whole drive, in order
	// ReadBackPercent is how much of the drive was to be read back after the last
	// pass. With less than 100 there is no PASS.
	ReadBackPercent int  `json:"readBackPercent"`
	Format          bool `json:"format"` // the drive was to be given back with a file system
}

// Canonical is the policy document, in the form of [Identity.Canonical].
func (p Policy) Canonical() []byte { return canonical(p) }

// order is the policy that a record was made under. Version 1 had one way to come to
// a PASS, and did not write it down.
func (r Predicate) order() Policy {
	if r.PolicyDocument != nil {
		return *r.PolicyDocument
	}
	return Policy{ID: r.Policy, Passes: slices.Repeat([]string{PatternKeyed}, len(r.Passes)), ReadBackPercent: 100, Format: true}
}

// lastPattern is what was to stand on the drive after the last pass.
func (p Policy) lastPattern() string {
	if len(p.Passes) == 0 {
		return ""
	}
	return p.Passes[len(p.Passes)-1]
}

// checkPolicy checks that the record says what was ordered, and by which document
// the outcome was judged.
func (r Predicate) checkPolicy(p *problems) {
	p.require(!blank(r.Policy), CodePolicy, "the record names no policy")
	p.require(r.Validation.Policy == r.Policy, CodeValidation,
		"the outcome was judged by the policy %.80q, the drive treated by %.80q", r.Validation.Policy, r.Policy)
	doc := r.PolicyDocument
	if r.Version < 2 {
		p.require(!blank(r.Pattern.Name), CodePattern, "the pattern has no name")
		p.require(doc == nil && r.Validation.PolicyDigest == "", CodePolicy, "a record of version %d holds a policy document", r.Version)
		return
	}
	if doc == nil || doc.Schema != PolicySchema {
		p.add(CodePolicy, "the record holds no policy document of the schema %s", PolicySchema)
		return
	}
	p.require(doc.ID == r.Policy, CodePolicy, "the policy document is of %.80q, the drive was treated by %.80q", doc.ID, r.Policy)
	p.require(doc.ReadBackPercent >= 1 && doc.ReadBackPercent <= 100, CodePolicy, "the policy has %d %% read back", doc.ReadBackPercent)
	p.require(!blank(doc.Title), CodePolicy, "the policy has no title")
	p.require(len(doc.Passes) > 0 && !blank(doc.Passes...), CodePolicy, "the policy does not say what to write")
	p.require(r.Pattern.Name == doc.lastPattern(), CodePattern, "the pattern is %.80q, the policy's last %.80q", r.Pattern.Name, doc.lastPattern())
	digest := digestOf(doc.Canonical())
	p.require(r.Validation.PolicyDigest == digest, CodeValidation,
		"the outcome was judged by a policy with the digest %.80q, the one in the record has %s", r.Validation.PolicyDigest, digest)
}

// policyExclusions says what the policy leaves open.
func (r Predicate) policyExclusions() (out []string) {
	if r.Version < 2 {
		return nil
	}
	order := r.order()
	out = append(out, "The policy's name, "+order.ID+", stands for what is in this record, and for no compliance with any standard.")
	if r.Verification != nil && order.ReadBackPercent < 100 {
		out = append(out, "Only a share of the drive was read back. Nothing is known of the rest.")
	}
	if !tellsPlaces(order.lastPattern()) {
		out = append(out, "The last pass wrote the same bytes everywhere. That they were read back does not show that the drive has the room that it announces, "+
			"nor that it stored each of them: one that compresses, or only notes what is all alike, answers the same.")
	}
	return out
}
