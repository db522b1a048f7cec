package attest

// checkPass checks everything that a PASS rests on.
func (r Predicate) checkPass(p *problems) {
	p.require(r.Interrupted == nil, CodeInterrupted, "a PASS was interrupted")
	p.require(!r.Times.Ended.Before(r.Times.Started), CodeTimes, "the run ended before it started")
	r.passWritten(p)
	r.passReadBack(p)
	r.passFormatted(p)
	r.passScans(p)
}

// passWritten: every byte was written in every pass, as it was ordered, and the
// drive said so.
func (r Predicate) passWritten(p *problems) {
	size, order := r.Drive.SizeBytes, r.order()
	p.require(r.Pattern.Name == order.lastPattern(), CodePattern, "a PASS rests on the unknown pattern %.80q", r.Pattern.Name)
	p.require(len(r.Passes) > 0 && len(r.Passes) == len(order.Passes), CodePasses, "a PASS with %d passes of %d", len(r.Passes), len(order.Passes))
	for i, o := range r.Passes {
		p.require(i < len(order.Passes) && o.Pattern == order.Passes[i], CodePasses, "pass %d wrote %.80q, which was not ordered", o.Number, o.Pattern)
		p.require(tellsPlaces(o.Pattern) || fixedPattern.MatchString(o.Pattern), CodePattern, "a PASS rests on the unknown pattern %.80q", o.Pattern)
		p.require(o.Complete && o.Bytes == size, CodePasses, "pass %d wrote %d of %d bytes", o.Number, o.Bytes, size)
		p.require(o.Failed.Bytes == 0 && len(o.Failed.Extents) == 0 && !o.Failed.Truncated, CodePasses, "pass %d could not write %d bytes", o.Number, o.Failed.Bytes)
		p.require(o.Synced, CodePasses, "pass %d was not flushed to the drive", o.Number)
	}
}

// passReadBack: every byte was read and is what the last pass wrote there.
func (r Predicate) passReadBack(p *problems) {
	size, v := r.Drive.SizeBytes, r.Verification
	if v == nil {
		p.add(CodeVerification, "a PASS without a read-back")
		return
	}
	p.require(v.Method == MethodFull && v.Complete && v.BytesRead == size && v.BytesMatched == size, CodeVerification,
		"the read-back covered %d of %d bytes, of which %d matched", v.BytesRead, size, v.BytesMatched)
	p.require(len(v.Mismatches) == 0, CodeVerification, "the read-back found bytes that are wrong in %d ways", len(v.Mismatches))
	p.require(v.Unreadable.Bytes == 0 && len(v.Unreadable.Extents) == 0 && !v.Unreadable.Truncated, CodeVerification, "%d bytes could not be read back", v.Unreadable.Bytes)
	// An image is what its file holds, and the host's cache is part of that file.
	p.require(v.HostCacheBypassed || r.Drive.Kind == kindImage, CodeVerification, "the read-back of a drive went through this computer's cache")
	c := r.Capacity
	p.require(c.ProvenBytes == c.AnnouncedBytes || !tellsPlaces(r.Pattern.Name), CodeCapacity, "only %d of %d announced bytes were proven", c.ProvenBytes, c.AnnouncedBytes)
}

// passFormatted: the drive was given back with a file system that was checked, where
// that was ordered.
func (r Predicate) passFormatted(p *problems) {
	p.require((r.Format != nil) == r.order().Format, CodeFormat, "a PASS that has a format: %v, and one was ordered: %v", r.Format != nil, r.order().Format)
	p.require(r.Format == nil || r.Format.Checked, CodeFormat, "the format was not checked")
}

// passScans: the verdicts of the scans fit what they found, and the one after the
// format found nothing.
func (r Predicate) passScans(p *problems) {
	before := r.Prescan
	p.require(before.Coverage.BytesRead > 0, CodePrescan, "the scan before read nothing")
	switch before.Verdict {
	case scanClean:
		p.require(before.Counts.grave() == 0 && before.Coverage.full(), CodePrescan, "the scan before is called clean, with findings above low, or gaps")
	case scanLeftovers:
		p.require(len(before.Findings) > 0, CodePrescan, "the scan before tells of leftovers, and of no finding")
	}
	after := r.Postscan
	if after == nil {
		return
	}
	p.require(after.Verdict == scanClean && len(after.Findings) == 0 && after.Omitted == 0 && after.Coverage.full() && after.Coverage.BytesRead > 0, CodePostscan,
		"the scan after the format is not clean")
}

// full reports whether nothing was left out.
func (c Coverage) full() bool {
	return c.Unreadable.Bytes == 0 && len(c.Limits) == 0
}
