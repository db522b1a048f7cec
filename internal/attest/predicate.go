package attest

import (
	"encoding/json"
	"time"
)

// Verdicts.
const (
	Pass       = "PASS"       // everything that the policy asks for was done and proven
	Fail       = "FAIL"       // something went wrong; the drive must not be trusted
	Incomplete = "INCOMPLETE" // the run did not reach its end, or its policy proves too little
)

// Values of [Predicate.Method] and [Predicate.Technique].
const (
	MethodClear        = "clear"     // NIST SP 800-88r2, section 3.1.1
	TechniqueOverwrite = "overwrite" // through the host interface
)

// Values of [Predicate.Access].
const (
	AccessDirect = "direct" // it opened the drive's node, with the rights of whoever ran it
	AccessHelper = "helper" // a helper with root's rights opened it, and worked at it
	AccessUDisks = "udisks" // UDisks2 opened it for a user without rights
)

// Values of [Validation.Decision].
const (
	Accepted = "accepted"
	Rejected = "rejected"
)

// Predicate is what happened to one drive.
type Predicate struct {
	Schema  string `json:"schema"`  // Schema
	Version int    `json:"version"` // of the schema, from 1
	// CertificateID names this record: see [NewCertificateID].
	CertificateID string `json:"certificateId"`
	Verdict       string `json:"verdict"` // PASS, FAIL or INCOMPLETE
	// Reasons says why the verdict is not PASS, in words. Empty for PASS, and
	// never empty otherwise.
	Reasons []string `json:"reasons"`

	Drive Drive `json:"drive"`
	// MediaType is what kind of medium the drive is. [Media Type]
	MediaType string `json:"mediaType"`
	// MediaSource says which machine the drive was used with. [Media Source]
	MediaSource string    `json:"mediaSource"`
	Appliance   Appliance `json:"appliance"`

	Method    string `json:"method"`    // "clear" [Sanitization Method]
	Technique string `json:"technique"` // "overwrite" [Sanitization Technique]
	Policy    string `json:"policy"`    // the ID of the policy that was carried out: "r2"
	// PolicyDocument is that policy; absent in version 1, which had r2 alone.
	PolicyDocument *Policy `json:"policyDocument,omitempty"`
	Plan           Plan    `json:"plan"`
	Pattern        Pattern `json:"pattern"`

	// Prescan is what was found before the first write.
	Prescan Scan `json:"prescan"`
	// Passes are the overwriting passes as they were carried out, in order. A
	// pass that was never begun is not there.
	Passes []Overwrite `json:"passes"`
	// Resumes are the earlier runs that this one went on with, the oldest first;
	// absent when it began anew. The read-back covers what they wrote like the rest.
	Resumes []Run `json:"resumes,omitempty"`
	// Verification is the read-back after the last pass; absent when it was not
	// reached. [Verification Method]
	Verification *Verification `json:"verification,omitempty"`
	Capacity     Capacity      `json:"capacity"`
	// Format is the file system that the drive was given back with, made after
	// the verification; absent when none was made.
	Format *Format `json:"format,omitempty"`
	// Postscan is what was found after the format; absent when it was not reached.
	Postscan   *Scan      `json:"postscan,omitempty"`
	Validation Validation `json:"validation"`

	// Claims is everything that this record claims, and Exclusions what it does
	// not, in words. Both follow from the other fields: see [Claims].
	Claims     []string `json:"claims"`
	Exclusions []string `json:"exclusions"`

	Persons   Persons `json:"persons"`
	WorkOrder string  `json:"workOrder"` // as the operator gave it; may be empty
	Tool      Tool    `json:"tool"`
	Host      Host    `json:"host"`
	// Access says how the program reached the drive: one of the values of Access;
	// absent in the first records.
	Access string `json:"access,omitempty"`
	Times  Times  `json:"times"`
	// Interrupted says how the run ended early; absent when it did not.
	Interrupted *Interruption `json:"interrupted,omitempty"`
}

// Appliance is the appliance that the drive provisioned.
type Appliance struct {
	// DeviceID is its ID in the Panorama service, 1 to 255 of [a-zA-Z0-9_-].
	DeviceID string `json:"deviceId"`
	// DeviceName is its name, when the drive told it: it is part of the archive's
	// file name. May be empty.
	DeviceName string `json:"deviceName"`
	// Source says where DeviceID comes from: "operator" when a person stated it.
	// The service has ended and confirms nothing.
	Source string `json:"source"`
	// Warnings say in words what speaks against DeviceID: its form, or another ID
	// that was found on the drive.
	Warnings []string `json:"warnings,omitempty"`
}

// SourceOperator is the [Appliance.Source] of a device ID that a person stated.
const SourceOperator = "operator"

// Plan ties the record to what the operator agreed to.
type Plan struct {
	Digest string `json:"digest"`         // of the canonical plan document
	Text   string `json:"text,omitempty"` // as it was shown
}

// Pattern is what was to stand on the drive after the last pass. Its seed is
// published so that anybody can compute every byte, and audit the drive later.
type Pattern struct {
	Name string `json:"name"` // PatternKeyed, say; see [Policy.Passes]
	Seed string `json:"seed"` // 32 random bytes of this run, in lower-case hex
	// DriveDigest is the digest of the drive's canonical identity document: the
	// salt of the pattern's keys, and the digest of the drive's subject.
	DriveDigest string `json:"driveDigest"`
}

// Validation is the decision about the outcome, apart from the verification that
// it rests on (NIST SP 800-88r2, section 4.5.2).
type Validation struct {
	Decision string `json:"decision"` // "accepted" for PASS, else "rejected"
	By       string `json:"by"`       // who decided: the tool by its policy, or a person
	Policy   string `json:"policy"`   // the ID of the policy by which
	// PolicyDigest is the digest of that policy's document, which is in the record;
	// absent in version 1.
	PolicyDigest string `json:"policyDigest,omitempty"`
	Reason       string `json:"reason"` // in words
}

// Persons are the people involved.
type Persons struct {
	Operator Person `json:"operator"` // who ran the sanitization and its verification
}

// Person is one of them, as they said themselves.
type Person struct {
	Name string `json:"name"` // empty when not stated [Name]
}

// Tool is the program that made the record. [Tool Used]
type Tool struct {
	Name      string `json:"name"`
	Version   string `json:"version"`
	Commit    string `json:"commit"` // of its source, in hex; empty when not known
	GoVersion string `json:"goVersion"`
	OS        string `json:"os"`   // as Go names it: "linux"
	Arch      string `json:"arch"` // as Go names it: "amd64"
}

// Host is the computer that the tool ran on, without its name.
type Host struct {
	Kernel string `json:"kernel"` // release of the operating system's kernel; may be empty
	// BootID is random and made at each start of the computer, so that records of
	// one session can be told to belong together. May be empty.
	BootID string `json:"bootId"`
}

// Times are by the clock of the host, which nobody confirmed. [Date]
type Times struct {
	Started time.Time `json:"started"` // before the first scan
	Ended   time.Time `json:"ended"`   // before the record was signed
}

// NewTimes makes times in UTC. When both were read by one process, ended is as
// long after started as really passed, however the clock was set in between.
func NewTimes(started, ended time.Time) Times {
	return Times{Started: started.UTC(), Ended: started.Add(ended.Sub(started)).UTC()}
}

// MarshalJSON writes both times in UTC, as the format demands.
func (t Times) MarshalJSON() ([]byte, error) {
	type wire Times
	return json.Marshal(wire{Started: t.Started.UTC(), Ended: t.Ended.UTC()})
}

// Interruption is how a run ended before its end.
type Interruption struct {
	Cause string `json:"cause"` // in words: a signal, a drive that went away, a process that died
	// RecoveredFromJournal is true when the process had died and a later one made
	// the record. Times.Ended is then the last time at which it was known to live.
	RecoveredFromJournal bool   `json:"recoveredFromJournal"`
	Stage                string `json:"stage"`          // the last stage that is known to have begun
	Pass                 int    `json:"pass,omitempty"` // of that stage, from 1
	Bytes                int64  `json:"bytes"`          // how far that stage was known to be
}
