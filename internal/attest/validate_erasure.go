package attest

import (
	"fmt"
	"slices"
)

// checkErasure checks that numbers are possible, whatever the verdict. It asks no
// more of a failed run than that: a record of a failure that could not be signed
// would be worse than one with a gap.
func (r Predicate) checkErasure(p *problems) {
	size := r.Drive.SizeBytes
	r.Prescan.check(p, CodePrescan, size)
	for i, o := range r.Passes {
		o.check(p, i+1, size)
	}
	for _, run := range r.Resumes {
		r.checkResumed(p, run)
	}
	if r.Verification != nil {
		r.Verification.check(p, size)
		r.checkShare(p)
	}
	c := r.Capacity
	p.require(c.ProvenBytes == 0 || tellsPlaces(r.order().lastPattern()), CodeCapacity,
		"%d bytes are said to be proven by a pattern that is the same everywhere", c.ProvenBytes)
	p.require(c.AnnouncedBytes == size && c.ProvenBytes >= 0 && c.ProvenBytes <= size, CodeCapacity,
		"the capacity is %d bytes of %d, on a drive of %d", c.ProvenBytes, c.AnnouncedBytes, size)
	if r.Format != nil {
		r.Format.check(p, size)
	}
	if r.Postscan != nil {
		r.Postscan.check(p, CodePostscan, size)
	}
}

func (s Scan) check(p *problems, code string, size int64) {
	p.require(slices.Contains([]string{scanLeftovers, scanClean, scanIncomplete}, s.Verdict), code, "the scan's verdict is %.80q", s.Verdict)
	p.require(!blank(s.Ruleset), code, "the scan does not say by which rules")
	p.require(s.Coverage.BytesRead >= 0, code, "the scan read %d bytes", s.Coverage.BytesRead)
	s.Coverage.Unreadable.check(p, code, size)
	p.require(len(s.Findings) <= MaxFindings && s.Omitted >= 0, code, "the scan lists %d findings and omits %d", len(s.Findings), s.Omitted)
	if why := s.miscounted(); why != "" {
		p.add(code, "the scan's findings are counted wrong: %s", why)
	}
}

// miscounted says how the counts and the listed findings disagree.
func (s Scan) miscounted() string {
	listed, total := count(s.Findings), len(s.Findings)+s.Omitted
	bySeverity := 0
	for _, n := range s.Counts.BySeverity {
		bySeverity += n
	}
	if found := s.Counts.Found(); found != bySeverity || found+s.Counts.Samples != total {
		return fmt.Sprintf("%d by class, %d by severity, %d samples, of %d in all", found, bySeverity, s.Counts.Samples, total)
	}
	if s.Counts.Samples < listed.Samples {
		return fmt.Sprintf("%d samples are counted, %d listed", s.Counts.Samples, listed.Samples)
	}
	for _, of := range []struct{ counted, listed map[string]int }{
		{s.Counts.ByClass, listed.ByClass}, {s.Counts.BySeverity, listed.BySeverity},
	} {
		for name, n := range of.listed {
			if of.counted[name] < n {
				return fmt.Sprintf("%d of %.40q are counted, %d listed", of.counted[name], name, n)
			}
		}
		for name, n := range of.counted {
			if n < 0 || s.Omitted == 0 && n != of.listed[name] {
				return fmt.Sprintf("%d of %.40q are counted, %d listed, none omitted", n, name, of.listed[name])
			}
		}
	}
	return ""
}

// checkResumed checks that an earlier run can be one, and that no pass tells of less
// than it had stored.
func (r Predicate) checkResumed(p *problems, run Run) {
	p.require(r.Version >= 2, CodeResumes, "a record of version %d went on with an earlier run", r.Version)
	p.require(CheckCertificateID(run.CertificateID) == nil && run.CertificateID != r.CertificateID, CodeResumes, "an earlier run has the certificate id %.80q", run.CertificateID)
	p.require(!run.Ended.After(r.Times.Started), CodeResumes, "an earlier run ended after this one started")
	p.require(run.Pass >= 1 && run.Pass <= len(r.order().Passes)+1 && run.Bytes >= 0 && run.Bytes <= r.Drive.SizeBytes, CodeResumes,
		"an earlier run had stored %d bytes of pass %d", run.Bytes, run.Pass)
	for _, o := range r.Passes {
		least := int64(0)
		if o.Number < run.Pass {
			least = r.Drive.SizeBytes
		} else if o.Number == run.Pass {
			least = run.Bytes
		}
		p.require(o.Bytes+o.Failed.Bytes >= least, CodeResumes, "pass %d tells of %d bytes, and an earlier run had stored %d", o.Number, o.Bytes, least)
	}
}

func (o Overwrite) check(p *problems, number int, size int64) {
	p.require(o.Number == number, CodePasses, "pass %d is numbered %d", number, o.Number)
	p.require(!blank(o.Pattern), CodePasses, "pass %d does not say what it wrote", number)
	p.require(o.StoredBytes >= 0 && o.StoredBytes <= o.Bytes, CodePasses, "pass %d stored %d of %d bytes", number, o.StoredBytes, o.Bytes)
	p.require(o.Bytes >= 0 && o.Bytes <= size && o.DurationMs >= 0, CodePasses,
		"pass %d wrote %d bytes in %d ms to a drive of %d", number, o.Bytes, o.DurationMs, size)
	o.Failed.check(p, CodePasses, size)
}

// checkShare checks that a share of the drive is not said to be all of it, nor the
// other way round.
func (r Predicate) checkShare(p *problems) {
	v, size := r.Verification, r.Drive.SizeBytes
	method := MethodFull
	if r.order().ReadBackPercent < 100 {
		method = MethodSampled
	}
	p.require(v.Method == method, CodeVerification, "the read-back is said to be %.80q, by the policy it was %s", v.Method, method)
	possible := v.BytesLeftOut == 0 || method == MethodSampled && v.BytesLeftOut > 0 && v.BytesLeftOut <= size-v.BytesRead
	p.require(possible, CodeVerification, "a read-back that was %s left out %d bytes", method, v.BytesLeftOut)
}

func (v Verification) check(p *problems, size int64) {
	p.require(v.Order == OrderAscending || v.Order == OrderShuffled, CodeVerification,
		"the read-back was in the order %.80q, where this program reads in ascending or shuffled order", v.Order)
	p.require(slices.Contains([]string{CacheDefenceNone, CacheDefenceReset, CacheDefenceReplug}, v.CacheDefence), CodeVerification,
		"the defence against the drive's cache is %.80q", v.CacheDefence)
	p.require(v.CacheDefenceReason == "" || v.CacheDefence == CacheDefenceNone, CodeVerification,
		"there was a defence against the drive's cache, and a reason why there was none")
	p.require(v.BytesMatched >= 0 && v.BytesMatched <= v.BytesRead && v.BytesRead <= size && v.DurationMs >= 0, CodeVerification,
		"the read-back read %d bytes, of which %d matched, in %d ms on a drive of %d", v.BytesRead, v.BytesMatched, v.DurationMs, size)
	v.Unreadable.check(p, CodeVerification, size)
	for _, m := range v.Mismatches {
		p.require(slices.Contains([]string{"never-written", "wrapped", "stale", "corrupt"}, m.Class) && m.SourceOffsetBytes >= 0, CodeVerification,
			"bytes are wrong in the unknown way %.80q", m.Class)
		m.Ranges.check(p, CodeVerification, size)
	}
}

func (f Format) check(p *problems, size int64) {
	p.require(!blank(f.Scheme, f.FileSystem) && f.ClusterBytes > 0, CodeFormat, "the format names no partition table, file system or cluster size")
	p.require(len(f.Label) >= 1 && len(f.Label) <= 11, CodeFormat, "the label %.80q does not have 1 to 11 characters", f.Label)
	p.require(f.StartBytes > 0 && f.StartBytes < size && f.SizeBytes > 0 && f.SizeBytes <= size-f.StartBytes, CodeFormat,
		"the partition of %d bytes at %d does not fit on a drive of %d", f.SizeBytes, f.StartBytes, size)
	p.require(hexID.MatchString(f.VolumeID) && hexID.MatchString(f.DiskSignature), CodeFormat,
		"the volume ID %.80q or the disk signature %.80q is not eight hex digits", f.VolumeID, f.DiskSignature)
}

// check finds ranges that cannot be: outside the drive, out of order, or not
// adding up.
func (r Ranges) check(p *problems, code string, size int64) {
	var end, sum int64
	for _, e := range r.Extents {
		if e.LengthBytes <= 0 || e.OffsetBytes < end || e.OffsetBytes >= size || e.LengthBytes > size-e.OffsetBytes {
			p.add(code, "%d bytes at %d are out of order, or not on a drive of %d", e.LengthBytes, e.OffsetBytes, size)
			return
		}
		end, sum = e.OffsetBytes+e.LengthBytes, sum+e.LengthBytes
	}
	p.require(sum == r.Bytes || r.Truncated && sum < r.Bytes && r.Bytes <= size, code,
		"ranges of %d bytes are said to be %d", sum, r.Bytes)
	p.require(len(r.Extents) <= MaxExtents, code, "%d ranges are listed, more than %d", len(r.Extents), MaxExtents)
}
