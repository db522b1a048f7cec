package attest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden records anew")

const testDeviceID = "device-k7w3examplezq5n2hbt6yj4cda"

func goldenIdentity() Identity {
	return Identity{
		Schema: IdentitySchema, Kind: "usb", VendorID: "0781", ProductID: "5581", Revision: "0100",
		Manufacturer: "SanDisk", Product: "Ultra", Serial: "4C530001230405117322", SerialQuality: "unique",
		InquiryVendor: "SanDisk", InquiryModel: "Ultra", InquiryRevision: "1.00",
		SizeBytes: 61_530_439_680, LogicalSectorBytes: 512,
	}
}

func goldenPolicy() Policy {
	return Policy{Schema: PolicySchema, ID: "r2", Title: "one keyed pass, every byte read back", Passes: []string{PatternKeyed}, ReadBackPercent: 100, Format: true}
}

// under puts a predicate under a policy, as evidence does.
func under(p Predicate, policy Policy) Predicate {
	p.PolicyDocument, p.Policy, p.Pattern.Name = &policy, policy.ID, policy.lastPattern()
	p.Validation.Policy, p.Validation.PolicyDigest = policy.ID, digestOf(policy.Canonical())
	return p
}

// goldenPass is a run on a stick that had leftovers on it, one of them twice as
// documentation's sample.
func goldenPass() Statement {
	id := goldenIdentity()
	start := time.Date(2026, 11, 24, 9, 30, 15, 250_000_000, time.UTC)
	return New("SanDisk Ultra 61.5 GB, serial 4C530001230405117322", under(Predicate{
		CertificateID: "ps-20261124-k3v9q2m7xd",
		Verdict:       Pass,
		Drive: Drive{
			Identity: id,
			Attachment: Attachment{
				Node: "sdb", Diskseq: "17", PortPath: "2-1.4", SpeedMbps: "5000", USBVersion: "3.20",
				Driver: "usb-storage", LUNs: 1, PhysicalSectorBytes: 512,
			},
			AssetTag: "A-1042", Confirmation: "typed",
		},
		Appliance: Appliance{DeviceID: testDeviceID, DeviceName: "site7", Source: SourceOperator},
		Plan:      Plan{Digest: strings.Repeat("5a", 32), Text: "Overwrite SanDisk Ultra 61.5 GB with one keyed pass."},
		Pattern:   Pattern{Seed: strings.Repeat("0123456789abcdef", 4), DriveDigest: digestOf(id.Canonical())},
		Prescan: NewScan("leftovers", "2026.1", Coverage{BytesRead: id.SizeBytes}, []Finding{
			{Rule: "private-key", Class: "credential", Severity: "critical", State: "live", Path: "/certificates-omni_site7.zip", Member: "keys/private.pem", OffsetBytes: 5_242_880, LengthBytes: 1722, Hint: "RSA private key, 1679 bytes"},
			{Rule: "provisioning-log", Class: "log", Severity: "medium", State: "deleted", Path: "/panorama/occ.log", OffsetBytes: 9_437_184, LengthBytes: 40_960, Hint: "log of the appliance's controller"},
			{Rule: "device-id", Class: "identity", Severity: "low", State: "unallocated", OffsetBytes: 77_000_704, LengthBytes: 33, Hint: "device ID", Sample: true},
		}),
		Passes: []Overwrite{{Number: 1, Pattern: PatternKeyed, Bytes: id.SizeBytes, Failed: NewRanges(nil), Complete: true, Synced: true, DurationMs: 2_051_014}},
		Verification: &Verification{
			Method: MethodFull, Order: OrderAscending, BytesRead: id.SizeBytes, BytesMatched: id.SizeBytes,
			Mismatches: []Mismatch{}, Unreadable: NewRanges(nil), Complete: true, HostCacheBypassed: true,
			CacheDefence: CacheDefenceNone, DurationMs: 480_706,
		},
		Capacity: Capacity{AnnouncedBytes: id.SizeBytes, ProvenBytes: id.SizeBytes},
		Format: &Format{
			Scheme: "mbr", FileSystem: "fat32", Label: "PANORAMA", StartBytes: 1 << 20, SizeBytes: 61_529_391_104,
			ClusterBytes: 32_768, VolumeID: "1f2e3d4d", DiskSignature: "0a1b2c3d", Checked: true,
		},
		Postscan:   ptr(NewScan("clean", "2026.1", Coverage{BytesRead: 15_024_128}, nil)),
		Validation: Validation{Decision: Accepted, By: "panoscrub", Reason: "every byte was read back as written, and the new volume is whole"},
		Persons:    Persons{Operator: Person{Name: "Ada Example"}},
		WorkOrder:  "WO-7781",
		Tool:       Tool{Name: "panoscrub", Version: "1.0.0", Commit: "436bd55", GoVersion: "go1.26.8", OS: "linux", Arch: "amd64"},
		Host:       Host{Kernel: "6.12.48", BootID: "3f2a1c54-8a1e-4a53-9d0c-1c7f1a2b3c4d"},
		Times:      NewTimes(start, start.Add(49*time.Minute)),
	}, goldenPolicy()))
}

// goldenLegacy is a run by passes that prove less, whose drive was given back
// without a file system, under an operator's policy.
func goldenLegacy() Statement {
	p := under(goldenPass().Predicate, Policy{
		Schema: PolicySchema, ID: "site-legacy", Title: "what our site asks for", Own: true,
		Passes: []string{PatternKeyed, PatternComplement, "fixed-92494a"}, ReadBackPercent: 100,
	})
	p.CertificateID = "ps-20261124-kegacy2345"
	first := p.Passes[0]
	p.Passes = nil
	for i, pattern := range p.PolicyDocument.Passes {
		first.Number, first.Pattern = i+1, pattern
		p.Passes = append(p.Passes, first)
	}
	p.Capacity.ProvenBytes = 0
	p.Format, p.Postscan = nil, nil
	return New("SanDisk Ultra 61.5 GB, serial 4C530001230405117322", p)
}

// goldenSampled is a run of which a share was read back.
func goldenSampled() Statement {
	p := goldenPass().Predicate
	p = under(p, Policy{Schema: PolicySchema, ID: "site-quick", Title: "a tenth", Own: true, Passes: []string{PatternKeyed}, ReadBackPercent: 10})
	p.CertificateID, p.Verdict = "ps-20261124-sampwed234", Incomplete
	p.Reasons = []string{"no more than 10 % of the drive was to be read back: the rest is not proven"}
	v := *p.Verification
	v.Method = MethodSampled
	v.BytesRead, v.BytesMatched, v.BytesLeftOut = 6_153_044_992, 6_153_044_992, p.Drive.SizeBytes-6_153_044_992
	p.Verification, p.Capacity.ProvenBytes = &v, v.BytesMatched
	p.Format, p.Postscan = nil, nil
	p.Validation.Decision, p.Validation.Reason = Rejected, "the verdict is INCOMPLETE"
	return New("SanDisk Ultra 61.5 GB, serial 4C530001230405117322", p)
}

// goldenReset is the same run with a reset of the drive before its read-back.
func goldenReset() Statement {
	p := goldenPass().Predicate
	p.CertificateID = "ps-20261125-k3v9q2m7xd"
	v := *p.Verification
	v.Order, v.CacheDefence = OrderShuffled, CacheDefenceReset
	p.Verification = &v
	return New("SanDisk Ultra 61.5 GB, serial 4C530001230405117322", p)
}

// goldenResumed is a run that went on where another had ended.
func goldenResumed() Statement {
	p := goldenReset().Predicate
	p.CertificateID = "ps-20261125-kesumed234"
	p.Resumes = []Run{{CertificateID: "ps-20261124-k3v9q2m7xd", Ended: p.Times.Started.Add(-time.Hour), Pass: 1, Bytes: 4 << 30}}
	p.Passes = slices.Clone(p.Passes)
	p.Passes[0].StoredBytes = p.Drive.SizeBytes
	return New("SanDisk Ultra 61.5 GB, serial 4C530001230405117322", p)
}

// goldenFail is a drive that has half the room that it announces, and that could
// not be written in one place.
func goldenFail() Statement {
	p := goldenPass().Predicate
	size := p.Drive.SizeBytes
	p.CertificateID, p.Verdict = "ps-20261124-abcdefghij", Fail
	p.Reasons = []string{"pass 1 could not write 65536 bytes", "30765219840 bytes read back are wrong: wrapped"}
	p.Passes[0].Failed = NewRanges([]Extent{{OffsetBytes: 1 << 30, LengthBytes: 65_536}})
	p.Passes[0].Bytes = size - 65_536
	v := *p.Verification
	v.Mismatches = []Mismatch{{Class: "wrapped", Ranges: NewRanges([]Extent{{OffsetBytes: 0, LengthBytes: size / 2}}), SourceOffsetBytes: size / 2}}
	v.Unreadable = NewRanges([]Extent{{OffsetBytes: 1 << 30, LengthBytes: 65_536}})
	v.BytesRead = size - 65_536
	v.BytesMatched = size - 65_536 - size/2
	p.Verification = &v
	p.Capacity.ProvenBytes = v.BytesMatched
	p.Format, p.Postscan = nil, nil
	p.Validation.Decision, p.Validation.Reason = Rejected, "the read-back does not match what was written"
	return New("SanDisk Ultra 61.5 GB, serial 4C530001230405117322", p)
}

// goldenIncomplete is a run on an image whose process was killed in its first pass.
func goldenIncomplete() Statement {
	p := goldenPass().Predicate
	p.CertificateID, p.Verdict = "ps-20261124-zyxwvutsrq", Incomplete
	p.Reasons = []string{"the program ended without finishing"}
	p.Drive = Drive{
		Identity:     Identity{Schema: IdentitySchema, Kind: "image", SerialQuality: "missing", Name: "stick.img", SizeBytes: 512_000_100, LogicalSectorBytes: 512},
		Confirmation: "--yes",
	}
	p.Pattern.DriveDigest = digestOf(p.Drive.Identity.Canonical())
	p.Prescan = NewScan("incomplete", "2026.1", Coverage{BytesRead: 511_999_588, Unreadable: NewRanges([]Extent{{OffsetBytes: 512, LengthBytes: 512}})}, nil)
	p.Passes, p.Verification, p.Format, p.Postscan = nil, nil, nil, nil
	p.Capacity = Capacity{AnnouncedBytes: 512_000_100}
	p.Validation.Decision, p.Validation.Reason = Rejected, "the run did not reach its end"
	p.Persons, p.WorkOrder = Persons{}, ""
	p.Interrupted = &Interruption{Cause: "the program ended without finishing", RecoveredFromJournal: true, Stage: "overwrite", Pass: 1, Bytes: 134_217_728}
	return New("image stick.img 512 MB", p)
}

func goldens() map[string]Statement {
	return map[string]Statement{
		"pass": goldenPass(), "reset": goldenReset(), "fail": goldenFail(), "incomplete": goldenIncomplete(),
		"legacy": goldenLegacy(), "sampled": goldenSampled(), "resumed": goldenResumed(),
	}
}

func ptr[T any](v T) *T { return &v }

func encoded(t testing.TB, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestEarlierVersions reads records as earlier versions of the program signed them:
// they stay valid as they are, word for word.
func TestEarlierVersions(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("testdata", "v*", "*.json"))
	if err != nil || len(paths) < 3 {
		t.Fatalf("%d records, %v", len(paths), err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := ParseStatement(data)
		if problems := s.Validate(); err != nil || len(problems) > 0 || s.Predicate.Version >= Version {
			t.Errorf("%s: version %d, %v, %v", path, s.Predicate.Version, err, problems)
		}
		// What only a later version has is no part of it.
		later := under(s.Predicate, goldenPolicy())
		if s.Predicate = later; len(s.Validate()) == 0 {
			t.Errorf("%s is valid with a policy document", path)
		}
	}
}

// TestGolden pins the wire format: records that were signed must be read for
// ever. A change to a golden file is a change of the format.
func TestGolden(t *testing.T) {
	for name, statement := range goldens() {
		path := filepath.Join("testdata", name+".json")
		got := encoded(t, statement)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: the statement is no longer what it was; now:\n%s", name, got)
		}
		parsed, err := ParseStatement(want)
		if err != nil || !reflect.DeepEqual(parsed, statement) {
			t.Errorf("%s: does not survive its own JSON: %v", name, err)
		}
		if problems := parsed.Validate(); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}
