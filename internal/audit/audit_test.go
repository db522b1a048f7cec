package audit

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/erase"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/scan"
	"github.com/panoscrub/panoscrub/internal/volume"
)

const size = 40 << 20

var identity = drive.Identity{
	Schema: drive.IdentitySchema, Kind: drive.KindUSB, VendorID: "0781", ProductID: "5581", Product: "Ultra",
	Serial: "4C530001230405117322", SerialQuality: drive.SerialUnique, SizeBytes: size, LogicalSectorBytes: 512,
}

// sanitized is a drive as a run under the default policy leaves it, with the
// statement about it.
func sanitized(t *testing.T) (*blocktest.Fake, attest.Statement) {
	t.Helper()
	r2, err := policy.ByID(policy.Default)
	if err != nil {
		t.Fatal(err)
	}
	return sanitizedUnder(t, r2)
}

func sanitizedUnder(t *testing.T, under policy.Policy) (*blocktest.Fake, attest.Statement) {
	t.Helper()
	layout, err := volume.NewLayout(size, 512)
	if err != nil {
		t.Fatal(err)
	}
	volumeFormat := plan.Format{
		Scheme: "mbr", FileSystem: layout.FileSystem, Label: "PANORAMA", StartBytes: layout.StartBytes,
		SizeBytes: layout.PartitionBytes, PartitionType: layout.PartitionType, DiskSignature: 0x11, VolumeID: 0x22,
	}
	if !under.Reformat {
		volumeFormat = plan.Format{}
	}
	p, err := plan.Make(plan.Input{
		CertificateID: "ps-20261124-k3v9q2m7xd", Drive: drive.Drive{Path: "/dev/sdb", Identity: identity}, Policy: under,
		Findings: scan.Report{Verdict: scan.Clean, SizeBytes: size, Coverage: scan.Coverage{BytesRead: size}},
		Seed:     bytes.Repeat([]byte{7}, policy.SeedBytes),
		Format:   volumeFormat,
	})
	if err != nil {
		t.Fatal(err)
	}
	dev := blocktest.NewFake(size, 512, blocktest.Faults{})
	statement := attest.Statement{Predicate: attest.Predicate{
		Verdict: attest.Pass,
		Drive:   attest.Drive{Identity: attest.Identity{Serial: identity.Serial, VendorID: identity.VendorID, ProductID: identity.ProductID, Product: identity.Product, SizeBytes: size}},
		Pattern: attest.Pattern{Seed: p.Seed, DriveDigest: identity.Digest()},
	}}
	for i, pattern := range p.Passes {
		if _, err := erase.Overwrite(t.Context(), dev, p, i+1, nil, nil); err != nil {
			t.Fatal(err)
		}
		statement.Predicate.Passes = append(statement.Predicate.Passes, attest.Overwrite{Number: i + 1, Pattern: string(pattern)})
	}
	if under.Reformat {
		format(t, dev, volume.Spec{Layout: layout, Label: "PANORAMA", DiskSignature: 0x11, VolumeID: 0x22})
		statement.Predicate.Format = &attest.Format{Label: "PANORAMA", VolumeID: "00000022", DiskSignature: "00000011"}
	}
	return dev, statement
}

func format(t *testing.T, dev block.Device, spec volume.Spec) {
	t.Helper()
	if err := volume.Make(t.Context(), dev, spec, nil); err != nil {
		t.Fatal(err)
	}
}

func codes(problems []attest.Problem) (out []string) {
	for _, p := range problems {
		out = append(out, p.Code)
	}
	return out
}

// TestContents changes one thing on a sanitized drive at a time.
func TestContents(t *testing.T) {
	pristine, statement := sanitized(t)
	v, err := volume.Check(pristine)
	if err != nil {
		t.Fatal(err)
	}
	spec := volume.Spec{Layout: v.Layout, Label: "PANORAMA", DiskSignature: 0x11, VolumeID: 0x22}
	for _, c := range []struct {
		name   string
		change func(*blocktest.Fake)
		want   []string
	}{
		{"nothing", func(*blocktest.Fake) {}, nil},
		{"a byte in free space", func(f *blocktest.Fake) { flip(f, size-5_000_001) }, []string{"contents-changed"}},
		{"a byte before the partition", func(f *blocktest.Fake) { flip(f, 1000) }, []string{"contents-changed"}},
		{"the last byte", func(f *blocktest.Fake) { flip(f, size-1) }, []string{"contents-changed"}},
		{"a sector that cannot be read", func(f *blocktest.Fake) {
			f.SetFaults(blocktest.Faults{ReadErrors: block.Extents{{Offset: size - 4096, Length: 512}}})
		}, []string{"unreadable"}},
		{"another label", func(f *blocktest.Fake) { spec := spec; spec.Label = "HOLIDAYS"; format(t, f, spec) }, []string{"renamed"}},
		{"formatted again", func(f *blocktest.Fake) {
			spec := spec
			spec.VolumeID, spec.DiskSignature = 0x33, 0x44
			format(t, f, spec)
		}, []string{"formatted-since", "partitioned-since"}},
		{"no partition table", func(f *blocktest.Fake) { f.Poke(make([]byte, 512), 0) }, []string{"volume-damaged"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dev, _ := sanitized(t)
			c.change(dev)
			problems, err := Contents(t.Context(), dev, statement, nil)
			if err != nil || !slices.Equal(codes(problems), c.want) {
				t.Errorf("problems %v, error %v, want %v", problems, err, c.want)
			}
		})
	}
}

// TestPolicies audits a drive after each policy: as it was left, after one bit of it
// has changed, and where there is no file system after somebody made one.
func TestPolicies(t *testing.T) {
	bare := policy.Policy{
		Schema: policy.Schema, ID: "bare", Title: "bare", Own: true, Passes: []policy.Pattern{policy.Keyed, policy.Complement, policy.Fixed(1, 2, 3)}, ReadBackPercent: 100,
	}
	for _, p := range append(policy.Builtin(), bare) {
		dev, statement := sanitizedUnder(t, p)
		if problems, err := Contents(t.Context(), dev, statement, nil); err != nil || len(problems) > 0 {
			t.Errorf("%s: %v, %v", p.ID, problems, err)
		}
		flip(dev, size-5_000_001)
		if problems, err := Contents(t.Context(), dev, statement, nil); err != nil || !slices.Equal(codes(problems), []string{"contents-changed"}) {
			t.Errorf("%s: after one bit has changed: %v, %v", p.ID, problems, err)
		}
		if p.Reformat {
			continue
		}
		flip(dev, size-5_000_001)
		formatted, _ := sanitized(t)
		dev.Poke(formatted.Peek(0, 512), 0)
		if problems, err := Contents(t.Context(), dev, statement, nil); err != nil || !slices.Equal(codes(problems), []string{"contents-changed"}) {
			t.Errorf("%s: after it was formatted: %v, %v", p.ID, problems, err)
		}
	}
}

// TestUnknownPattern: what a record says was written and nobody knows is no drive as
// attested.
func TestUnknownPattern(t *testing.T) {
	dev, statement := sanitized(t)
	statement.Predicate.Passes[0].Pattern = "gutmann"
	if problems, err := Contents(t.Context(), dev, statement, nil); err == nil {
		t.Errorf("problems %v, and no error", problems)
	}
}

func flip(f *blocktest.Fake, off int64) { f.Poke([]byte{f.Peek(off, 1)[0] ^ 1}, off) }

// TestIdentity compares the statement's drive with others.
func TestIdentity(t *testing.T) {
	_, statement := sanitized(t)
	if problems := Identity(identity, statement); len(problems) > 0 {
		t.Fatalf("the same drive: %v", problems)
	}
	for name, change := range map[string]func(*drive.Identity){
		"serial":  func(id *drive.Identity) { id.Serial = "4C530001230405117323" },
		"size":    func(id *drive.Identity) { id.SizeBytes -= 512 },
		"INQUIRY": func(id *drive.Identity) { id.InquiryRevision = "1.01" },
	} {
		other := identity
		change(&other)
		problems := Identity(other, statement)
		if len(problems) != 1 || problems[0].Code != "another-drive" {
			t.Errorf("another %s: %v", name, problems)
		}
	}
	if got := fmt.Sprint(Identity(drive.Identity{}, statement)); len(got) == 0 {
		t.Error("no drive at all passes")
	}
}
