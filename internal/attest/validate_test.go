package attest

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMutations changes a good PASS in one way, and wants the problem that this
// is.
func TestMutations(t *testing.T) {
	type change func(s *Statement, p *Predicate)
	one := NewRanges([]Extent{{OffsetBytes: 512, LengthBytes: 512}})
	for _, c := range []struct {
		name   string
		change change
		want   string
	}{
		{"no subjects", func(s *Statement, _ *Predicate) { s.Subject = nil }, CodeSubjects},
		{"a third subject", func(s *Statement, _ *Predicate) { s.Subject = append(s.Subject, s.Subject[0]) }, CodeSubjects},
		{"subjects swapped", func(s *Statement, _ *Predicate) { slices.Reverse(s.Subject) }, CodeDriveDigest},
		{"drive without a name", func(s *Statement, _ *Predicate) { s.Subject[0].Name = " " }, CodeSubjects},
		{"another drive's digest", func(s *Statement, _ *Predicate) { s.Subject[0].Digest.SHA256 = digestOf(nil) }, CodeDriveDigest},
		{"digest in capitals", func(s *Statement, _ *Predicate) {
			s.Subject[0].Digest.SHA256 = strings.ToUpper(s.Subject[0].Digest.SHA256)
		}, CodeDriveDigest},
		{"another appliance's name", func(s *Statement, _ *Predicate) { s.Subject[1].Name = ApplianceName("other") }, CodeSubjects},
		{"another appliance's digest", func(s *Statement, _ *Predicate) { s.Subject[1].Digest = s.Subject[0].Digest }, CodeApplianceDigest},
		{"another device ID", func(_ *Statement, p *Predicate) { p.Appliance.DeviceID = "other" }, CodeApplianceDigest},
		{"impossible device ID", func(s *Statement, p *Predicate) {
			p.Appliance.DeviceID = "a b"
			*s = New("drive", *p)
		}, CodeAppliance},
		{"device ID from nowhere", func(_ *Statement, p *Predicate) { p.Appliance.Source = "" }, CodeAppliance},
		{"another pattern salt", func(_ *Statement, p *Predicate) { p.Pattern.DriveDigest = digestOf(nil) }, CodeDriveDigest},
		{"another serial", func(_ *Statement, p *Predicate) { p.Drive.Serial = "1" }, CodeDriveDigest},
		{"another size", func(_ *Statement, p *Predicate) { p.Drive.SizeBytes -= 512 }, CodeDriveDigest},
		{"unknown identity schema", func(_ *Statement, p *Predicate) { p.Drive.Schema = "panoscrub/drive/v9" }, CodeDrive},
		{"unknown kind", func(_ *Statement, p *Predicate) { p.Drive.Kind = "other" }, CodeDrive},
		{"nobody confirmed", func(_ *Statement, p *Predicate) { p.Drive.Confirmation = "" }, CodeDrive},
		{"another medium", func(_ *Statement, p *Predicate) { p.MediaType = "paper" }, CodeMedium},
		{"bad certificate ID", func(_ *Statement, p *Predicate) { p.CertificateID = "../x" }, CodeCertificateID},
		{"unknown schema", func(_ *Statement, p *Predicate) { p.Schema = "x" }, CodeSchema},
		{"version 0", func(_ *Statement, p *Predicate) { p.Version = 0 }, CodeSchema},
		{"unknown verdict", func(_ *Statement, p *Predicate) { p.Verdict = "pass" }, CodeVerdict},
		{"PASS with reasons", func(_ *Statement, p *Predicate) { p.Reasons = []string{"x"} }, CodeReasons},
		{"FAIL without reasons", func(_ *Statement, p *Predicate) { p.Verdict = Fail }, CodeReasons},
		{"INCOMPLETE with a blank reason", func(_ *Statement, p *Predicate) { p.Verdict, p.Reasons = Incomplete, []string{" "} }, CodeReasons},
		{"FAIL that is accepted", func(_ *Statement, p *Predicate) { p.Verdict, p.Reasons = Fail, []string{"x"} }, CodeValidation},
		{"FAIL with claims", func(_ *Statement, p *Predicate) { p.Verdict, p.Reasons = Fail, []string{"x"} }, CodeClaims},
		{"Purge", func(_ *Statement, p *Predicate) { p.Method = "purge" }, CodeMethod},
		{"crypto erase", func(_ *Statement, p *Predicate) { p.Technique = "cryptographic erase" }, CodeMethod},
		{"no policy", func(_ *Statement, p *Predicate) { p.Policy = "" }, CodePolicy},
		{"no policy document", func(_ *Statement, p *Predicate) { p.PolicyDocument = nil }, CodePolicy},
		{"another policy's ID", func(_ *Statement, p *Predicate) { p.Policy, p.Validation.Policy = "r1", "r1" }, CodePolicy},
		{"another policy's title", func(_ *Statement, p *Predicate) { p.PolicyDocument.Title = "x" }, CodeValidation},
		{"judged by another document", func(_ *Statement, p *Predicate) { p.Validation.PolicyDigest = digestOf(nil) }, CodeValidation},
		{"judged by no document", func(_ *Statement, p *Predicate) { p.Validation.PolicyDigest = "" }, CodeValidation},
		{"no plan", func(_ *Statement, p *Predicate) { p.Plan.Digest = "" }, CodePlan},
		{"short seed", func(_ *Statement, p *Predicate) { p.Pattern.Seed = "00" }, CodePattern},
		{"unknown pattern", func(_ *Statement, p *Predicate) { p.Pattern.Name, p.Passes[0].Pattern = "zeros", "zeros" }, CodePattern},

		{"a scan that read nothing", func(_ *Statement, p *Predicate) { p.Prescan.Coverage.BytesRead = 0 }, CodePrescan},
		{"a scan after that read nothing", func(_ *Statement, p *Predicate) { p.Postscan.Coverage.BytesRead = 0 }, CodePostscan},
		{"unknown scan verdict", func(_ *Statement, p *Predicate) { p.Prescan.Verdict = "fine" }, CodePrescan},
		{"scan without rules", func(_ *Statement, p *Predicate) { p.Prescan.Ruleset = "" }, CodePrescan},
		{"clean with findings", func(_ *Statement, p *Predicate) { p.Prescan.Verdict = scanClean }, CodePrescan},
		{"leftovers without findings", func(_ *Statement, p *Predicate) {
			p.Prescan = NewScan(scanLeftovers, "x", Coverage{BytesRead: 1}, nil)
		}, CodePrescan},
		{"clean with a gap", func(_ *Statement, p *Predicate) {
			p.Prescan = NewScan(scanClean, "x", Coverage{BytesRead: 1, Unreadable: one}, nil)
		}, CodePrescan},
		{"clean with a limit", func(_ *Statement, p *Predicate) {
			p.Prescan = NewScan(scanClean, "x", Coverage{BytesRead: 1, Limits: []string{"depth"}}, nil)
		}, CodePrescan},
		{"a finding counted twice", func(_ *Statement, p *Predicate) { p.Prescan.Counts.ByClass["log"]++ }, CodePrescan},
		{"a finding in another class", func(_ *Statement, p *Predicate) {
			p.Prescan.Counts.ByClass["log"]--
			p.Prescan.Counts.ByClass["identity"]++
		}, CodePrescan},
		{"samples hidden", func(_ *Statement, p *Predicate) { p.Prescan.Counts.Samples = 0 }, CodePrescan},
		{"findings hidden", func(_ *Statement, p *Predicate) { p.Prescan.Findings = p.Prescan.Findings[:1] }, CodePrescan},
		{"negative omission", func(_ *Statement, p *Predicate) { p.Prescan.Omitted = -1 }, CodePrescan},
		{"too many findings", func(_ *Statement, p *Predicate) { p.Prescan.Findings = make([]Finding, MaxFindings+1) }, CodePrescan},

		{"no pass", func(_ *Statement, p *Predicate) { p.Passes = nil }, CodePasses},
		{"pass 2 is missing", func(_ *Statement, p *Predicate) { p.Passes[0].Number = 2 }, CodePasses},
		{"pass cut off", func(_ *Statement, p *Predicate) { p.Passes[0].Bytes -= 512 }, CodePasses},
		{"pass too long", func(_ *Statement, p *Predicate) { p.Passes[0].Bytes += 512 }, CodePasses},
		{"pass not complete", func(_ *Statement, p *Predicate) { p.Passes[0].Complete = false }, CodePasses},
		{"pass not flushed", func(_ *Statement, p *Predicate) { p.Passes[0].Synced = false }, CodePasses},
		{"pass with failures", func(_ *Statement, p *Predicate) { p.Passes[0].Failed = one }, CodePasses},
		{"pass with hidden failures", func(_ *Statement, p *Predicate) { p.Passes[0].Failed.Truncated = true }, CodePasses},
		{"pass with another pattern", func(_ *Statement, p *Predicate) { p.Passes[0].Pattern = "zeros" }, CodePasses},
		{"pass in negative time", func(_ *Statement, p *Predicate) { p.Passes[0].DurationMs = -1 }, CodePasses},

		{"no read-back", func(_ *Statement, p *Predicate) { p.Verification = nil }, CodeVerification},
		{"sampled", func(_ *Statement, p *Predicate) { p.Verification.Method = "sampling" }, CodeVerification},
		{"unknown order", func(_ *Statement, p *Predicate) { p.Verification.Order = "random" }, CodeVerification},
		{"unknown defence", func(_ *Statement, p *Predicate) { p.Verification.CacheDefence = "hope" }, CodeVerification},
		{"a defence, and why there is none", func(_ *Statement, p *Predicate) {
			p.Verification.CacheDefence, p.Verification.CacheDefenceReason = CacheDefenceReset, "it is a card"
		}, CodeVerification},
		{"read-back cut off", func(_ *Statement, p *Predicate) { p.Verification.BytesRead-- }, CodeVerification},
		{"not all matched", func(_ *Statement, p *Predicate) { p.Verification.BytesMatched-- }, CodeVerification},
		{"more matched than read", func(_ *Statement, p *Predicate) { p.Verification.BytesMatched++ }, CodeVerification},
		{"mismatches", func(_ *Statement, p *Predicate) {
			p.Verification.Mismatches = []Mismatch{{Class: "stale", Ranges: one}}
		}, CodeVerification},
		{"unknown mismatch", func(_ *Statement, p *Predicate) {
			p.Verification.Mismatches = []Mismatch{{Class: "odd", Ranges: one}}
		}, CodeVerification},
		{"unreadable", func(_ *Statement, p *Predicate) { p.Verification.Unreadable = one }, CodeVerification},
		{"read-back not complete", func(_ *Statement, p *Predicate) { p.Verification.Complete = false }, CodeVerification},
		{"read from the cache", func(_ *Statement, p *Predicate) { p.Verification.HostCacheBypassed = false }, CodeVerification},

		{"capacity not proven", func(_ *Statement, p *Predicate) { p.Capacity.ProvenBytes-- }, CodeCapacity},
		{"another capacity announced", func(_ *Statement, p *Predicate) { p.Capacity.AnnouncedBytes-- }, CodeCapacity},
		{"no format", func(_ *Statement, p *Predicate) { p.Format = nil }, CodeFormat},
		{"format not checked", func(_ *Statement, p *Predicate) { p.Format.Checked = false }, CodeFormat},
		{"partition too long", func(_ *Statement, p *Predicate) { p.Format.SizeBytes += 1 << 20 }, CodeFormat},
		{"partition far too long", func(_ *Statement, p *Predicate) { p.Format.SizeBytes = 1<<63 - 1 }, CodeFormat},
		{"partition on the table", func(_ *Statement, p *Predicate) { p.Format.StartBytes = 0 }, CodeFormat},
		{"no label", func(_ *Statement, p *Predicate) { p.Format.Label = "" }, CodeFormat},
		{"long label", func(_ *Statement, p *Predicate) { p.Format.Label = "TWELVE CHARS" }, CodeFormat},
		{"no volume ID", func(_ *Statement, p *Predicate) { p.Format.VolumeID = "" }, CodeFormat},
		{"found after", func(_ *Statement, p *Predicate) { p.Postscan.Verdict = scanLeftovers }, CodePostscan},
		{"finding after", func(_ *Statement, p *Predicate) {
			*p.Postscan = NewScan(scanClean, "x", Coverage{BytesRead: 1}, []Finding{{Class: "log", Severity: "low"}})
		}, CodePostscan},

		{"rejected", func(_ *Statement, p *Predicate) { p.Validation.Decision = Rejected }, CodeValidation},
		{"decided by nobody", func(_ *Statement, p *Predicate) { p.Validation.By = "" }, CodeValidation},
		{"decided without a reason", func(_ *Statement, p *Predicate) { p.Validation.Reason = "" }, CodeValidation},
		{"judged by another policy", func(_ *Statement, p *Predicate) { p.Validation.Policy = "r1" }, CodeValidation},
		{"one claim more", func(_ *Statement, p *Predicate) { p.Claims = append(p.Claims, "Purge") }, CodeClaims},
		{"one exclusion less", func(_ *Statement, p *Predicate) { p.Exclusions = p.Exclusions[1:] }, CodeClaims},
		{"no tool", func(_ *Statement, p *Predicate) { p.Tool.Version = "" }, CodeTool},
		{"no start", func(_ *Statement, p *Predicate) { p.Times.Started = time.Time{} }, CodeTimes},
		{"ended first", func(_ *Statement, p *Predicate) { p.Times.Ended = p.Times.Started.Add(-1) }, CodeTimes},
		{"interrupted", func(_ *Statement, p *Predicate) { p.Interrupted = &Interruption{Cause: "signal"} }, CodeInterrupted},
		{"interrupted by nothing", func(_ *Statement, p *Predicate) { p.Interrupted = &Interruption{} }, CodeInterrupted},
	} {
		s := goldenPass()
		c.change(&s, &s.Predicate)
		problems := s.Validate()
		if !slices.ContainsFunc(problems, func(p Problem) bool { return p.Code == c.want }) {
			t.Errorf("%s: problems %v, want %s", c.name, problems, c.want)
		}
		for _, p := range problems {
			if p.Sentence == "" || strings.Contains(p.Sentence, "%!") || !strings.Contains(p.String(), p.Code) {
				t.Errorf("%s: %+v", c.name, p)
			}
		}
	}
	// Each of the goldens is what a change starts from.
	if p := goldenPass().Validate(); len(p) > 0 {
		t.Errorf("unchanged: %v", p)
	}
}

// TestResumedValidate changes a run that went on with another.
func TestResumedValidate(t *testing.T) {
	for name, change := range map[string]func(*Predicate, *Run){
		"in version 1":          func(p *Predicate, _ *Run) { p.Version = 1 },
		"itself":                func(p *Predicate, r *Run) { r.CertificateID = p.CertificateID },
		"nobody":                func(_ *Predicate, r *Run) { r.CertificateID = "" },
		"later":                 func(p *Predicate, r *Run) { r.Ended = p.Times.Started.Add(time.Second) },
		"in no pass":            func(_ *Predicate, r *Run) { r.Pass = 0 },
		"behind all passes":     func(_ *Predicate, r *Run) { r.Pass = 3 },
		"below nothing":         func(_ *Predicate, r *Run) { r.Bytes = -1 },
		"more than there is":    func(p *Predicate, r *Run) { r.Bytes = p.Drive.SizeBytes + 1 },
		"more than was told":    func(p *Predicate, r *Run) { p.Passes[0].Bytes, p.Passes[0].StoredBytes = r.Bytes-1, 0 },
		"all, and told of less": func(p *Predicate, r *Run) { r.Pass = 2; p.Passes[0].Bytes--; p.Passes[0].StoredBytes = 0 },
	} {
		s := goldenResumed()
		change(&s.Predicate, &s.Predicate.Resumes[0])
		if problems := s.Validate(); !slices.ContainsFunc(problems, func(p Problem) bool { return p.Code == CodeResumes }) {
			t.Errorf("%s: %v", name, problems)
		}
	}
	s := goldenResumed()
	s.Predicate.Passes[0].StoredBytes++
	if problems := s.Validate(); !slices.ContainsFunc(problems, func(p Problem) bool { return p.Code == CodePasses }) {
		t.Errorf("more stored than accepted: %v", problems)
	}
}

// TestPolicyOfAPass puts a PASS under a policy that it does not fulfil.
func TestPolicyOfAPass(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(p *Predicate, policy *Policy)
		want   string // no problem when empty
	}{
		{"nothing", func(*Predicate, *Policy) {}, ""},
		{"a pass that was not made", func(_ *Predicate, policy *Policy) { policy.Passes = append(policy.Passes, PatternKeyed) }, CodePasses},
		{"a pass that was not ordered", func(p *Predicate, _ *Policy) {
			p.Passes = append(p.Passes, p.Passes[0])
			p.Passes[1].Number = 2
		}, CodePasses},
		{"other passes", func(_ *Predicate, policy *Policy) { policy.Passes = []string{PatternComplement} }, CodePasses},
		{"an unknown pattern", func(p *Predicate, policy *Policy) {
			p.Passes[0].Pattern, policy.Passes = "gutmann", []string{"gutmann"}
		}, CodePattern},
		{"a pattern of 17 bytes", func(p *Predicate, policy *Policy) {
			p.Passes[0].Pattern = "fixed-" + strings.Repeat("00", 17)
			policy.Passes = []string{p.Passes[0].Pattern}
		}, CodePattern},
		{"no passes", func(_ *Predicate, policy *Policy) { policy.Passes = nil }, CodePolicy},
		{"no title", func(_ *Predicate, policy *Policy) { policy.Title = "" }, CodePolicy},
		{"a share", func(_ *Predicate, policy *Policy) { policy.ReadBackPercent = 99 }, CodeVerification},
		{"a share, said to be one", func(p *Predicate, policy *Policy) {
			policy.ReadBackPercent, p.Verification.Method = 99, MethodSampled
		}, CodeVerification},
		{"a share, with the rest left out", func(p *Predicate, policy *Policy) {
			policy.ReadBackPercent, p.Verification.Method = 99, MethodSampled
			p.Verification.BytesRead, p.Verification.BytesMatched, p.Verification.BytesLeftOut = p.Drive.SizeBytes-512, p.Drive.SizeBytes-512, 512
		}, CodeVerification},
		{"nothing read", func(_ *Predicate, policy *Policy) { policy.ReadBackPercent = 0 }, CodePolicy},
		{"more than all read", func(_ *Predicate, policy *Policy) { policy.ReadBackPercent = 101 }, CodePolicy},
		{"a format that was not ordered", func(_ *Predicate, policy *Policy) { policy.Format = false }, CodeFormat},
		{"no format, as ordered", func(p *Predicate, policy *Policy) { policy.Format, p.Format, p.Postscan = false, nil, nil }, ""},
		{"another policy", func(_ *Predicate, policy *Policy) { policy.ID = "r1" }, ""},
	} {
		p, policy := goldenPass().Predicate, goldenPolicy()
		c.change(&p, &policy)
		if !tellsPlaces(policy.lastPattern()) {
			p.Capacity.ProvenBytes = 0
		}
		problems := New("drive", under(p, policy)).Validate()
		found := slices.ContainsFunc(problems, func(p Problem) bool { return p.Code == c.want })
		if c.want == "" && len(problems) > 0 || c.want != "" && !found {
			t.Errorf("%s: problems %v, want %q", c.name, problems, c.want)
		}
	}
}

// TestMutationsOfAFailure: what is impossible is a problem in a record of a
// failure as well. Nothing that a PASS rests on is asked of it.
func TestMutationsOfAFailure(t *testing.T) {
	many := make([]Extent, MaxExtents+1)
	for i := range many {
		many[i] = Extent{OffsetBytes: int64(i) * 1024, LengthBytes: 512}
	}
	for _, c := range []struct {
		name   string
		change func(s *Statement, p *Predicate)
		want   string // no problem when empty
	}{
		{"nothing", func(*Statement, *Predicate) {}, ""},
		{"nothing was done", func(_ *Statement, p *Predicate) { p.Passes = nil }, ""},
		{"an unknown pattern", func(s *Statement, p *Predicate) {
			policy := goldenPolicy()
			policy.Passes, p.Capacity.ProvenBytes = []string{"zeros"}, 0
			*s = New("drive", under(*p, policy))
		}, ""},
		{"another pattern than was ordered", func(_ *Statement, p *Predicate) { p.Pattern.Name = "fixed-00" }, CodePattern},
		{"no policy document", func(_ *Statement, p *Predicate) { p.PolicyDocument = nil }, CodePolicy},
		{"an unknown policy document", func(_ *Statement, p *Predicate) { p.PolicyDocument.Schema = "panoscrub/policy/v9" }, CodePolicy},
		{"a share that was to be read", func(s *Statement, p *Predicate) {
			policy := goldenPolicy()
			policy.ReadBackPercent, policy.Format = 50, false
			*s = New("drive", under(*p, policy))
		}, CodeVerification},
		{"a part that was left out", func(_ *Statement, p *Predicate) { p.Verification.BytesLeftOut = 512 }, CodeVerification},
		{"proven by bytes that are the same", func(s *Statement, p *Predicate) {
			policy := goldenPolicy()
			policy.Passes = []string{"fixed-00"}
			*s = New("drive", under(*p, policy))
		}, CodeCapacity},
		{"ended first", func(_ *Statement, p *Predicate) { p.Times.Ended = p.Times.Started.Add(-1) }, ""},
		{"interrupted", func(_ *Statement, p *Predicate) { p.Interrupted = &Interruption{Cause: "signal"} }, ""},
		{"another statement type", func(s *Statement, _ *Predicate) { s.Type = "x" }, CodeSchema},
		{"another predicate type", func(s *Statement, _ *Predicate) { s.PredicateType = "x" }, CodeSchema},
		{"drive without sectors", func(s *Statement, p *Predicate) {
			p.Drive.LogicalSectorBytes = 0
			p.Pattern.DriveDigest = digestOf(p.Drive.Canonical())
			*s = New("drive", *p)
		}, CodeDrive},
		{"pattern without a name", func(_ *Statement, p *Predicate) { p.Pattern.Name = "" }, CodePattern},
		{"interrupted by nothing", func(_ *Statement, p *Predicate) { p.Interrupted = &Interruption{} }, CodeInterrupted},
		{"interrupted before the start", func(_ *Statement, p *Predicate) { p.Interrupted = &Interruption{Cause: "x", Bytes: -1} }, CodeInterrupted},
		{"more proven than there is", func(_ *Statement, p *Predicate) { p.Capacity.ProvenBytes = p.Drive.SizeBytes + 1 }, CodeCapacity},
		{"less proven than nothing", func(_ *Statement, p *Predicate) { p.Capacity.ProvenBytes = -1 }, CodeCapacity},
		{"scan read less than nothing", func(_ *Statement, p *Predicate) { p.Prescan.Coverage.BytesRead = -1 }, CodePrescan},
		{"more findings than a record lists", func(s *Statement, p *Predicate) {
			p.Prescan.Findings = slices.Repeat([]Finding{{Class: "log", Severity: "low"}}, MaxFindings+1)
			p.Prescan.Counts = count(p.Prescan.Findings)
			*s = New("drive", *p)
		}, CodePrescan},
		{"pass without a pattern", func(_ *Statement, p *Predicate) { p.Passes[0].Pattern = "" }, CodePasses},
		{"more matched than read", func(_ *Statement, p *Predicate) { p.Verification.BytesMatched = p.Verification.BytesRead + 1 }, CodeVerification},
		{"more read than there is", func(_ *Statement, p *Predicate) { p.Verification.BytesRead = p.Drive.SizeBytes + 1 }, CodeVerification},
		{"read back in negative time", func(_ *Statement, p *Predicate) { p.Verification.DurationMs = -1 }, CodeVerification},
		{"wrong in an unknown way", func(_ *Statement, p *Predicate) { p.Verification.Mismatches[0].Class = "odd" }, CodeVerification},
		{"wrapped from nowhere", func(_ *Statement, p *Predicate) { p.Verification.Mismatches[0].SourceOffsetBytes = -1 }, CodeVerification},
		{"wrong outside of the drive", func(_ *Statement, p *Predicate) {
			p.Verification.Mismatches[0].Extents[0].OffsetBytes = p.Drive.SizeBytes
		}, CodeVerification},
		{"more ranges than a record lists", func(_ *Statement, p *Predicate) {
			p.Verification.Unreadable = Ranges{Bytes: int64(len(many)) * 512, Extents: many}
		}, CodeVerification},
		{"format without clusters", func(s *Statement, p *Predicate) {
			p.Format = goldenPass().Predicate.Format
			p.Format.ClusterBytes = 0
			*s = New("drive", *p)
		}, CodeFormat},
	} {
		s := goldenFail()
		c.change(&s, &s.Predicate)
		problems := s.Validate()
		if c.want == "" && len(problems) > 0 || c.want != "" && (len(problems) != 1 || problems[0].Code != c.want) {
			t.Errorf("%s: problems %v, want %q", c.name, problems, c.want)
		}
	}
}

// TestImageThroughTheCache: an image may be read through the page cache, which is
// part of the file, and the record says so.
func TestImageThroughTheCache(t *testing.T) {
	p := goldenPass().Predicate
	p.Drive.Identity = Identity{Schema: IdentitySchema, Kind: "image", SerialQuality: "missing", Name: "a.img", SizeBytes: p.Drive.SizeBytes, LogicalSectorBytes: 512}
	p.Pattern.DriveDigest = digestOf(p.Drive.Canonical())
	p.Verification.HostCacheBypassed = false
	s := New("image a.img", p)
	if problems := s.Validate(); len(problems) > 0 {
		t.Errorf("%v", problems)
	}
	if !strings.Contains(strings.Join(s.Predicate.Exclusions, " "), "this computer's cache") {
		t.Errorf("%q", s.Predicate.Exclusions)
	}
}

func TestRanges(t *testing.T) {
	at := func(pairs ...int64) (out []Extent) {
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, Extent{pairs[i], pairs[i+1]})
		}
		return out
	}
	many := make([]Extent, MaxExtents+5)
	for i := range many {
		many[i] = Extent{OffsetBytes: int64(i) * 1024, LengthBytes: 512}
	}
	const size = 1 << 21
	for _, c := range []struct {
		name string
		r    Ranges
		ok   bool
	}{
		{"none", Ranges{}, true},
		{"two", NewRanges(at(0, 512, 1024, 512)), true},
		{"all", NewRanges(at(0, size)), true},
		{"cut", NewRanges(many), true},
		{"cut, and more lost than there is", Ranges{Bytes: size + 1, Truncated: true}, false},
		{"overlap", NewRanges(at(0, 512, 511, 512)), false},
		{"backwards", NewRanges(at(1024, 512, 0, 512)), false},
		{"beyond the end", NewRanges(at(size-1, 2)), false},
		{"far beyond the end", NewRanges(at(1, 1<<63-1)), false},
		{"negative", NewRanges(at(-512, 512)), false},
		{"empty", NewRanges(at(512, 0)), false},
		{"not adding up", Ranges{Bytes: 513, Extents: at(0, 512)}, false},
		{"nothing lost, but said so", Ranges{Bytes: 512, Extents: at(0, 512), Truncated: true}, true},
	} {
		var p problems
		c.r.check(&p, "x", size)
		if (len(p) == 0) != c.ok {
			t.Errorf("%s: %v", c.name, p)
		}
	}
	r := NewRanges(many)
	if len(r.Extents) != MaxExtents || !r.Truncated || r.Bytes != int64(len(many))*512 {
		t.Errorf("%d extents, %d bytes, truncated: %v", len(r.Extents), r.Bytes, r.Truncated)
	}
}

// TestManyFindings: a record lists some, and counts all.
func TestManyFindings(t *testing.T) {
	all := slices.Repeat([]Finding{{Rule: "x", Class: "log", Severity: "low", State: "live"}}, 5000)
	s := NewScan(scanLeftovers, "rules", Coverage{BytesRead: 1}, all)
	if s.Counts.ByClass["log"] != 5000 || len(s.Findings) != MaxFindings || s.Omitted != 4000 {
		t.Errorf("%d counted, %d listed, %d omitted", s.Counts.ByClass["log"], len(s.Findings), s.Omitted)
	}
	p := goldenPass().Predicate
	p.Prescan = s
	if problems := New("drive", p).Validate(); len(problems) > 0 {
		t.Errorf("%v", problems)
	}
	p.Prescan.Counts.ByClass["log"] = 999
	p.Prescan.Counts.ByClass["identity"] = 4001
	if problems := New("drive", p).Validate(); len(problems) != 1 || problems[0].Code != CodePrescan {
		t.Errorf("%v", problems)
	}
}

// TestRecordAlwaysFits fills a record with all that a hostile drive can put into
// it: it stays small enough to be signed, whatever its text is escaped to.
func TestRecordAlwaysFits(t *testing.T) {
	hostile := strings.Repeat("<\x01", 5000)
	extents := make([]Extent, 5*MaxExtents)
	for i := range extents {
		extents[i] = Extent{OffsetBytes: int64(i)*1_000_000 + 1<<35, LengthBytes: 512}
	}
	lost := NewRanges(extents)
	texts := slices.Repeat([]string{hostile}, 1000)
	findings := slices.Repeat([]Finding{{Class: "log", Severity: "low", Path: hostile, Member: hostile, Hint: hostile}}, 5000)
	p := goldenFail().Predicate
	p.Reasons, p.Appliance.Warnings = texts, texts
	p.Prescan = NewScan(scanLeftovers, "x", Coverage{Unreadable: lost, Limits: texts}, findings)
	p.Postscan = ptr(p.Prescan)
	p.Passes[0].Failed = lost
	p.Passes = append(p.Passes, p.Passes[0])
	p.Passes[1].Number = 2
	p.Verification.Unreadable, p.Verification.Mismatches = lost, nil
	for _, class := range []string{"never-written", "wrapped", "stale", "corrupt"} {
		p.Verification.Mismatches = append(p.Verification.Mismatches, Mismatch{Class: class, Ranges: lost})
	}
	s := New("drive", p)
	doc, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if room := MaxBytes / 4 * 3 * 9 / 10; len(doc) > room { // base64, and the rest of the envelope
		t.Errorf("%d bytes, and there is room for %d", len(doc), room)
	}
	parsed, err := ParseStatement(doc)
	if err != nil || len(parsed.Validate()) > 0 {
		t.Errorf("%v, %v", err, parsed.Validate())
	}
	if n := len(parsed.Predicate.Reasons); n != maxTexts+1 || parsed.Predicate.Reasons[maxTexts] != "… and 950 more" {
		t.Errorf("%d reasons", n)
	}
}

func TestCheckDriveDocument(t *testing.T) {
	s := goldenPass()
	good := s.Predicate.Drive.Canonical()
	another := goldenIdentity()
	another.Serial, another.SizeBytes = "another", 512
	for _, c := range []struct {
		name string
		doc  []byte
		want []string // in the sentences, in order
	}{
		{"good", good, nil},
		{"a line end more", append(bytes.Clone(good), '\n'), []string{"digest"}},
		{"written otherwise", bytes.ReplaceAll(good, []byte("  "), nil), []string{"digest"}},
		{"another drive", another.Canonical(), []string{"digest", "serial", "sizeBytes"}},
		{"empty", nil, []string{"digest", "not an identity document"}},
		{"a field twice", bytes.Replace(good, []byte(`"lun": 0,`), []byte(`"lun": 0, "lun": 0,`), 1), []string{"digest", "twice"}},
		{"another schema", bytes.Replace(good, []byte(IdentitySchema), []byte("x"), 1), []string{"digest", "schema"}},
	} {
		problems := CheckDriveDocument(s, c.doc)
		if len(problems) != len(c.want) {
			t.Errorf("%s: %v, want %v", c.name, problems, c.want)
			continue
		}
		for i, p := range problems {
			if p.Code != CodeDriveDocument || !strings.Contains(p.Sentence, c.want[i]) {
				t.Errorf("%s: %v, want %v", c.name, p, c.want[i])
			}
		}
	}
}
