package evidence

import (
	"fmt"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/erase"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/scan"
	"github.com/panoscrub/panoscrub/internal/volume"
)

// Statement says a case in the wire format.
func (c Case) Statement() attest.Statement {
	verdict, reasons := c.Verdict()
	p := attest.Predicate{
		CertificateID:  c.CertificateID,
		Verdict:        verdict,
		Reasons:        reasons,
		Drive:          c.drive(),
		Appliance:      c.appliance(),
		Policy:         c.Plan.Policy.ID,
		PolicyDocument: c.policy(),
		Plan:           attest.Plan{Digest: c.Plan.Digest(), Text: c.Plan.Text()},
		Pattern:        attest.Pattern{Name: string(c.Plan.Last()), Seed: c.Plan.Seed, DriveDigest: c.Plan.Target.IdentityDigest},
		Prescan:        scanned(c.Before),
		Passes:         c.passes(),
		Verification:   c.verification(),
		Capacity:       attest.Capacity{AnnouncedBytes: c.Plan.Target.SizeBytes},
		Format:         formatted(c.Volume),
		Validation:     c.validation(verdict),
		Persons:        attest.Persons{Operator: attest.Person{Name: c.Stated.Operator}},
		WorkOrder:      c.Stated.WorkOrder,
		Tool:           c.Tool,
		Host:           c.Host,
		Access:         c.Access,
		Times:          attest.NewTimes(c.Started, c.Ended),
	}
	for _, run := range c.Plan.Resumes {
		p.Resumes = append(p.Resumes, attest.Run{CertificateID: run.CertificateID, Ended: run.Ended, Pass: run.Pass, Bytes: run.Bytes})
	}
	if r := c.Erasure.ReadBack; r != nil && c.Plan.Last().TellsPlaces() {
		p.Capacity.ProvenBytes = r.Matched
	}
	if c.After != nil {
		after := scanned(*c.After)
		p.Postscan = &after
	}
	if i := c.Interruption; i != nil {
		p.Interrupted = &attest.Interruption{
			Cause: i.Cause, RecoveredFromJournal: i.Recovered,
			Stage: c.Reached.Stage, Pass: c.Reached.Pass, Bytes: c.Reached.Bytes,
		}
	}
	return attest.New(c.Drive.Name(), p)
}

func (c Case) policy() *attest.Policy {
	p := c.Plan.Policy
	return &attest.Policy{
		Schema: p.Schema, ID: p.ID, Title: p.Title, Own: p.Own, Passes: patternNames(p.Passes), ReadBackPercent: p.ReadBackPercent, Format: p.Reformat,
	}
}

func patternNames(patterns []policy.Pattern) (names []string) {
	for _, p := range patterns {
		names = append(names, string(p))
	}
	return names
}

func (c Case) drive() attest.Drive {
	id, at := c.Drive.Identity, c.Drive.Attachment
	return attest.Drive{
		Identity: attest.Identity{
			Schema: id.Schema, Kind: string(id.Kind), VendorID: id.VendorID, ProductID: id.ProductID, Revision: id.Revision,
			Manufacturer: id.Manufacturer, Product: id.Product, Serial: id.Serial, SerialQuality: string(id.SerialQuality),
			InquiryVendor: id.InquiryVendor, InquiryModel: id.InquiryModel, InquiryRevision: id.InquiryRevision,
			Name: id.Name, LUN: id.LUN, SizeBytes: id.SizeBytes, LogicalSectorBytes: id.LogicalSectorBytes,
		},
		Attachment: attest.Attachment{
			Node: at.Node, Diskseq: at.Diskseq, PortPath: at.PortPath, SpeedMbps: at.SpeedMbps, USBVersion: at.USBVersion,
			Driver: at.Driver, LUNs: at.LUNs, PhysicalSectorBytes: at.PhysicalSectorBytes, SameSerial: at.SameSerial,
		},
		AssetTag:     c.Stated.AssetTag,
		Confirmation: c.Confirmation,
	}
}

// appliance is the device ID as the operator stated it, with what the drive had
// to say about it.
func (c Case) appliance() attest.Appliance {
	a := attest.Appliance{DeviceID: c.Stated.ApplianceID, Source: attest.SourceOperator}
	if !attest.LooksLikeDeviceID(a.DeviceID) {
		a.Warnings = append(a.Warnings, "it does not have the form of the device IDs that the service gave out")
	}
	for _, known := range c.Before.Appliance {
		if a.DeviceName == "" {
			a.DeviceName = known.DeviceName
		}
		if known.DeviceID != "" && known.DeviceID != a.DeviceID {
			a.Warnings = append(a.Warnings, fmt.Sprintf("the drive told of another device ID, %s (from the %s)", known.DeviceID, known.Source))
		}
	}
	return a
}

// passes are the passes that ended, and the one that a process died in, as far as
// the journal knew of it.
func (c Case) passes() []attest.Overwrite {
	out := []attest.Overwrite{}
	for _, p := range c.Erasure.Passes {
		out = append(out, attest.Overwrite{
			Number: p.Number, Pattern: string(p.Pattern), Bytes: p.Bytes, Failed: ranges(p.Failed),
			StoredBytes: p.Stored, Complete: p.Complete, Synced: p.Synced, DurationMs: p.Duration.Milliseconds(),
		})
	}
	if died := c.diedIn(); died != nil {
		out = append(out, attest.Overwrite{Number: died.Number, Pattern: string(died.Pattern), Bytes: died.Bytes, StoredBytes: died.Stored, Failed: ranges(nil)})
	}
	return out
}

// diedIn is the pass that was under way when the process died. How far it was tells of
// bytes that were tried: of those that were accepted, what was stored is known, and what
// earlier runs had stored.
func (c Case) diedIn() *erase.Pass {
	n := len(c.Erasure.Passes)
	if c.Interruption == nil || !c.Interruption.Recovered || c.Reached.Pass != n+1 || n >= len(c.Plan.Passes) {
		return nil
	}
	stored := max(c.Reached.Stored, c.Plan.Done(n+1))
	return &erase.Pass{Number: n + 1, Pattern: c.Plan.Passes[n], Bytes: stored, Stored: stored}
}

func (c Case) validation(verdict string) attest.Validation {
	v := attest.Validation{By: c.Tool.Name, Policy: c.Plan.Policy.ID, PolicyDigest: c.Plan.Policy.Digest()}
	if verdict == attest.Pass {
		v.Decision, v.Reason = attest.Accepted, "everything that the policy asks for was done and verified"
	} else {
		v.Decision, v.Reason = attest.Rejected, "the verdict is "+verdict
	}
	return v
}

// verification tells of the read-back. A share of the drive is never said to be all
// of it: the policy decides, whatever was left out.
func (c Case) verification() *attest.Verification {
	r := c.Erasure.ReadBack
	if r == nil {
		return nil
	}
	defence := erase.Defence{Kind: erase.NoDefence, Because: "nothing is known to have been done"}
	if d := c.Erasure.Defence; d != nil {
		defence = *d
	}
	v := &attest.Verification{
		Method: attest.MethodFull, Order: string(r.Order), BytesRead: r.Bytes, BytesMatched: r.Matched,
		Mismatches: []attest.Mismatch{}, Unreadable: ranges(r.Unreadable), Complete: r.Complete,
		HostCacheBypassed: r.Direct, CacheDefence: string(defence.Kind), CacheDefenceReason: defence.Because,
		DurationMs: r.Duration.Milliseconds(),
	}
	if c.Plan.Sampled() {
		v.Method, v.BytesLeftOut = attest.MethodSampled, r.Excepted
	}
	for _, m := range r.Mismatches {
		listed := ranges(m.Extents)
		listed.Bytes, listed.Truncated = m.Bytes, m.Truncated
		v.Mismatches = append(v.Mismatches, attest.Mismatch{Class: string(m.Class), Ranges: listed, SourceOffsetBytes: m.Source})
	}
	return v
}

func formatted(v *volume.Volume) *attest.Format {
	if v == nil {
		return nil
	}
	return &attest.Format{
		Scheme: "mbr", FileSystem: v.FileSystem, Label: v.Label, StartBytes: v.StartBytes, SizeBytes: v.PartitionBytes,
		ClusterBytes: int64(v.ClusterBytes), VolumeID: fmt.Sprintf("%08x", v.VolumeID), DiskSignature: fmt.Sprintf("%08x", v.DiskSignature),
		Checked: v.Empty(), Note: v.Note,
	}
}

func scanned(r scan.Report) attest.Scan {
	findings := make([]attest.Finding, 0, len(r.Findings))
	for _, f := range r.Findings {
		findings = append(findings, attest.Finding{
			Rule: f.Rule, Class: string(f.Class), Severity: string(f.Severity), State: string(f.State), Path: f.Path, Member: f.Member,
			OffsetBytes: f.Offset, LengthBytes: f.Length, Hint: f.Hint, Sample: f.Sample,
		})
	}
	coverage := attest.Coverage{BytesRead: r.Coverage.BytesRead, Unreadable: ranges(r.Coverage.Unreadable), Limits: r.Coverage.Limits}
	return attest.NewScan(string(r.Verdict), r.Ruleset, coverage, findings)
}

func ranges(extents block.Extents) attest.Ranges {
	all := make([]attest.Extent, 0, len(extents))
	for _, e := range extents {
		all = append(all, attest.Extent{OffsetBytes: e.Offset, LengthBytes: e.Length})
	}
	return attest.NewRanges(all)
}
