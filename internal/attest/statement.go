// Package attest is the wire format of a record: an in-toto Statement v1 with a
// predicate of ours, as plain structs, with the checks that its claims agree with
// each other.
//
// The comments of [Predicate] and of the types in it are the reference of the
// format: meaning, unit, and in brackets the field of NIST SP 800-88r2's
// certificate of sanitization. Every number is an integer, every size and offset
// is in bytes, every digest is SHA-256 in lower-case hex, every time is RFC 3339
// in UTC. Readers ignore fields that they do not know.
//
// Text in a statement may come from a drive or from a person. It is hostile
// until shown through package human.
package attest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

const (
	// PayloadType is the DSSE payload type of a statement.
	PayloadType = "application/vnd.in-toto+json"
	// StatementType is the in-toto type of a statement.
	StatementType = "https://in-toto.io/Statement/v1"
	// PredicateType names our predicate. A change that an old reader would
	// misunderstand makes a new type.
	PredicateType = "https://github.com/panoscrub/panoscrub/sanitization/v1"
	// Schema names the predicate where it stands by itself.
	Schema = "panoscrub/sanitization/v1"
	// Version counts what was added to the predicate. Statements of every version
	// up to this one can be validated; those of a later one cannot be judged.
	Version = 2
)

// Statement ties a predicate to the two things that it is about.
type Statement struct {
	Type string `json:"_type"` // StatementType
	// Subject holds the drive and the appliance, in this order.
	Subject       []Subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     Predicate `json:"predicate"`
}

// Subject is a thing that a statement is about. Only its digest identifies it.
type Subject struct {
	Name   string `json:"name"` // for people
	Digest Digest `json:"digest"`
}

// Digest is an in-toto digest set.
type Digest struct {
	SHA256 string `json:"sha256"`
}

// DriveSubject is the drive: its digest is that of the canonical identity
// document, which stands beside the record.
func (s Statement) DriveSubject() Subject { return s.subject(0) }

// ApplianceSubject is the appliance: its digest is that of its name,
// "panorama:<device ID>".
func (s Statement) ApplianceSubject() Subject { return s.subject(1) }

func (s Statement) subject(i int) Subject {
	if i >= len(s.Subject) {
		return Subject{}
	}
	return s.Subject[i]
}

// New makes the statement of a predicate. It fills in what follows from the
// rest: the schema and its version, the subjects, the kind and the source of the
// medium, the method and its technique, the claims and the exclusions. driveName
// describes the drive to people.
func New(driveName string, p Predicate) Statement {
	p.Schema, p.Version = Schema, Version
	p.MediaType, p.MediaSource = mediaType(p.Drive.Kind), mediaSource(p.Appliance.DeviceID)
	p.Method, p.Technique = MethodClear, TechniqueOverwrite
	p.Reasons, p.Appliance.Warnings = listed(bounded(p.Reasons)), bounded(p.Appliance.Warnings)
	p.Passes = listed(p.Passes)
	p.Claims = Claims(p)
	p.Exclusions = Exclusions(p)
	appliance := ApplianceName(p.Appliance.DeviceID)
	return Statement{
		Type: StatementType,
		Subject: []Subject{
			{Name: driveName, Digest: Digest{SHA256: p.Pattern.DriveDigest}},
			{Name: appliance, Digest: Digest{SHA256: digestOf([]byte(appliance))}},
		},
		PredicateType: PredicateType,
		Predicate:     p,
	}
}

// ApplianceName is the name of the appliance's subject.
func ApplianceName(deviceID string) string { return "panorama:" + deviceID }

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Bounds on lists of texts for people.
const (
	maxTexts     = 50
	maxTextBytes = 500
)

// bounded cuts a list of texts, and each text, to a size that a record has room
// for, and says so where it did.
func bounded(texts []string) []string {
	if more := len(texts) - maxTexts; more > 0 {
		texts = append(slices.Clone(texts[:maxTexts]), fmt.Sprintf("… and %d more", more))
	}
	var out []string
	for _, text := range texts {
		if len(text) > maxTextBytes {
			text = strings.ToValidUTF8(text[:maxTextBytes], "") + "…"
		}
		out = append(out, text)
	}
	return out
}

// listed makes an absent list an empty one, so that JSON shows [] for it.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
