package attest

import (
	"regexp"
	"slices"
	"strings"
)

// Validate checks that what a statement says fits together, and returns every
// way in which it does not. Of a statement without problems it is certain that
// its verdict follows from its own facts; whether the facts are true is for the
// signer to answer.
//
// A statement is checked by the rules of its version. One that is newer than
// [Version] has the one problem that it cannot be judged.
func (s Statement) Validate() []Problem {
	var p problems
	if v := s.Predicate.Version; v > Version {
		p.add(CodeNewerVersion, "the record has version %d of its format, and this program knows those up to %d", v, Version)
		return p
	}
	s.checkHead(&p)
	s.checkSubjects(&p)
	s.Predicate.checkOrigin(&p)
	s.Predicate.checkOrder(&p)
	s.Predicate.checkErasure(&p)
	s.Predicate.checkOutcome(&p)
	if s.Predicate.Verdict == Pass {
		s.Predicate.checkPass(&p)
	}
	return p
}

var (
	hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)
	hexID     = regexp.MustCompile(`^[0-9a-f]{8}$`)
)

func blank(texts ...string) bool {
	return slices.ContainsFunc(texts, func(s string) bool { return strings.TrimSpace(s) == "" })
}

func (s Statement) checkHead(p *problems) {
	r := s.Predicate
	p.require(s.Type == StatementType && s.PredicateType == PredicateType, CodeSchema,
		"the statement is of the type %.80q about %.80q", s.Type, s.PredicateType)
	p.require(r.Schema == Schema && r.Version >= 1, CodeSchema, "the record is of the schema %.80q, version %d", r.Schema, r.Version)
	if err := CheckCertificateID(r.CertificateID); err != nil {
		p.add(CodeCertificateID, "%v", err)
	}
	switch r.Verdict {
	case Pass:
		p.require(len(r.Reasons) == 0, CodeReasons, "a PASS gives %d reasons against itself", len(r.Reasons))
	case Fail, Incomplete:
		p.require(len(r.Reasons) > 0 && !blank(r.Reasons...), CodeReasons, "the verdict %s does not say why", r.Verdict)
	default:
		p.add(CodeVerdict, "the verdict is %.80q, not PASS, FAIL or INCOMPLETE", r.Verdict)
	}
}

// checkSubjects checks that the subjects are the drive and the appliance that the
// predicate is about.
func (s Statement) checkSubjects(p *problems) {
	r, drive, appliance := s.Predicate, s.DriveSubject(), s.ApplianceSubject()
	p.require(len(s.Subject) == 2, CodeSubjects, "the statement has %d subjects, not a drive and an appliance", len(s.Subject))
	p.require(!blank(drive.Name), CodeSubjects, "the drive's subject has no name")
	name := ApplianceName(r.Appliance.DeviceID)
	p.require(appliance.Name == name, CodeSubjects, "the appliance's subject is %.300q, not %.300q", appliance.Name, name)
	p.require(appliance.Digest.SHA256 == digestOf([]byte(name)), CodeApplianceDigest,
		"the appliance's subject has the digest %.80q, which is not that of its name", appliance.Digest.SHA256)
	p.require(hexDigest.MatchString(drive.Digest.SHA256) && drive.Digest.SHA256 == r.Pattern.DriveDigest, CodeDriveDigest,
		"the drive's subject has the digest %.80q, the pattern was made for %.80q", drive.Digest.SHA256, r.Pattern.DriveDigest)
	if r.Drive.Schema != IdentitySchema {
		p.add(CodeDrive, "the drive's identity is of the schema %.80q, which is not known here", r.Drive.Schema)
		return
	}
	digest := digestOf(r.Drive.Identity.Canonical())
	p.require(drive.Digest.SHA256 == digest, CodeDriveDigest,
		"the drive's subject has the digest %.80q, the drive in the record has %s", drive.Digest.SHA256, digest)
}

// checkOrigin checks what the drive is and where it comes from.
func (r Predicate) checkOrigin(p *problems) {
	if err := CheckDeviceID(r.Appliance.DeviceID); err != nil {
		p.add(CodeAppliance, "%v", err)
	}
	p.require(!blank(r.Appliance.Source), CodeAppliance, "the record does not say where the device ID comes from")
	d := r.Drive
	p.require(slices.Contains([]string{kindUSB, kindSD, kindLoop, kindImage}, d.Kind), CodeDrive, "the drive is of the unknown kind %.80q", d.Kind)
	p.require(d.SizeBytes > 0 && d.LogicalSectorBytes > 0, CodeDrive, "the drive has %d bytes in sectors of %d", d.SizeBytes, d.LogicalSectorBytes)
	p.require(!blank(d.Confirmation), CodeDrive, "the record does not say how the drive was confirmed")
	p.require(r.MediaType == mediaType(d.Kind), CodeMedium, "the medium is said to be %.80q, and is: %s", r.MediaType, mediaType(d.Kind))
	source := mediaSource(r.Appliance.DeviceID)
	p.require(r.MediaSource == source, CodeMedium, "the medium is said to come from %.300q, not %.300q", r.MediaSource, source)
}

// checkOrder checks what was to be done.
func (r Predicate) checkOrder(p *problems) {
	p.require(r.Method == MethodClear && r.Technique == TechniqueOverwrite, CodeMethod,
		"the method is %.80q by %.80q, where this program can only clear by overwriting", r.Method, r.Technique)
	r.checkPolicy(p)
	p.require(hexDigest.MatchString(r.Plan.Digest), CodePlan, "the plan's digest is not one: %.80q", r.Plan.Digest)
	p.require(hexDigest.MatchString(r.Pattern.Seed), CodePattern, "the pattern's seed is not 32 bytes in hex: %.80q", r.Pattern.Seed)
}

// checkOutcome checks who decided what, with which tool, when, and in which words.
func (r Predicate) checkOutcome(p *problems) {
	v := r.Validation
	decision := Rejected
	if r.Verdict == Pass {
		decision = Accepted
	}
	p.require(v.Decision == decision, CodeValidation, "the outcome %s is %.80q, not %s", r.Verdict, v.Decision, decision)
	p.require(!blank(v.By, v.Reason), CodeValidation, "the record does not say who decided about the outcome, or why")
	p.require(!blank(r.Tool.Name, r.Tool.Version, r.Tool.GoVersion, r.Tool.OS, r.Tool.Arch), CodeTool, "the record does not say with which tool it was made")
	p.require(!r.Times.Started.IsZero() && !r.Times.Ended.IsZero(), CodeTimes, "the record does not say when")
	if i := r.Interrupted; i != nil {
		p.require(!blank(i.Cause) && i.Pass >= 0 && i.Bytes >= 0, CodeInterrupted, "the record does not say how the run was interrupted")
	}
	p.require(slices.Equal(r.Claims, Claims(r)), CodeClaims, "the claims are not those that the facts allow")
	p.require(slices.Equal(r.Exclusions, Exclusions(r)), CodeClaims, "the exclusions are not those that the facts ask for")
}
