package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/scan"
)

const stickBytes = 61_530_439_680

func finding(class scan.Class, severity scan.Severity) scan.Finding {
	return scan.Finding{Class: class, Severity: severity}
}

// stick is the input for a plan that is as usual as can be.
func stick() Input {
	r2, err := policy.ByID(policy.Default)
	if err != nil {
		panic(err)
	}
	return Input{
		CertificateID: "20261124-093011-k7q2m5xw",
		Drive: drive.Drive{
			Path: "/dev/sdb",
			Identity: drive.Identity{
				Schema: drive.IdentitySchema, Kind: drive.KindUSB, VendorID: "0781", ProductID: "5581",
				Manufacturer: "SanDisk", Product: "Ultra", Serial: "4C530001230405117322", SerialQuality: drive.SerialUnique,
				SizeBytes: stickBytes, LogicalSectorBytes: 512,
			},
			Attachment: drive.Attachment{SpeedMbps: "480"},
		},
		Findings: scan.Report{
			Verdict: scan.Leftovers, SizeBytes: stickBytes,
			Findings: []scan.Finding{
				finding(scan.Log, scan.Low),
				finding(scan.Credential, scan.High),
				finding(scan.Configuration, scan.High),
				finding(scan.Credential, scan.Critical),
				finding(scan.Credential, scan.Critical),
			},
		},
		Policy: r2,
		Format: Format{
			Scheme: "mbr", FileSystem: "fat32", Label: "PANORAMA", StartBytes: 1 << 20, SizeBytes: stickBytes - 1<<20,
			PartitionType: 0x0c, DiskSignature: 0x1234567, VolumeID: 0x89abcdef,
		},
		Seed: bytes.Repeat([]byte{0xa5}, policy.SeedBytes),
	}
}

func mustMake(t *testing.T, in Input) Plan {
	t.Helper()
	p, err := Make(in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMakeSaysWhatWillBeDone(t *testing.T) {
	in := stick()
	p := mustMake(t, in)
	if want := (Target{
		Path: "/dev/sdb", Name: "SanDisk Ultra 61.5 GB, serial 4C530001230405117322", IdentityDigest: in.Drive.Identity.Digest(),
		SizeBytes: stickBytes, SectorBytes: 512, Kind: drive.KindUSB,
	}); p.Target != want {
		t.Errorf("target is %+v, want %+v", p.Target, want)
	}
	if !reflect.DeepEqual(p.Passes, []policy.Pattern{policy.Keyed}) || p.ReadBackPercent != 100 || p.Policy.ID != "r2" {
		t.Errorf("policy is %+v", p.Policy)
	}
	if p.Schema != "panoscrub/plan/v2" || p.CertificateID != in.CertificateID || p.Format != in.Format || p.Seed != strings.Repeat("a5", 32) {
		t.Errorf("plan is %+v", p)
	}
	if want := []Count{{scan.Credential, scan.Critical, 2}, {scan.Credential, scan.High, 1}, {scan.Configuration, scan.High, 1}, {scan.Log, scan.Low, 1}}; !reflect.DeepEqual(p.Before.Counts, want) {
		t.Errorf("counts are %v, want %v", p.Before.Counts, want)
	}
}

// TestMakeRefuses gives every kind of input from which no plan may come.
func TestMakeRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*Input){
		"no certificate id":          func(in *Input) { in.CertificateID = "" },
		"no path":                    func(in *Input) { in.Drive.Path = "" },
		"no bytes":                   func(in *Input) { in.Drive.Identity.SizeBytes, in.Findings.SizeBytes = 0, 0 },
		"negative size":              func(in *Input) { in.Drive.Identity.SizeBytes, in.Findings.SizeBytes = -512, -512 },
		"odd sector size":            func(in *Input) { in.Drive.Identity.LogicalSectorBytes = 520 },
		"no sector size":             func(in *Input) { in.Drive.Identity.LogicalSectorBytes = 0 },
		"half a sector":              func(in *Input) { in.Drive.Identity.SizeBytes++; in.Findings.SizeBytes++ },
		"findings of another":        func(in *Input) { in.Findings.SizeBytes -= 512 },
		"no findings":                func(in *Input) { in.Findings = scan.Report{} },
		"no seed":                    func(in *Input) { in.Seed = nil },
		"a short seed":               func(in *Input) { in.Seed = in.Seed[1:] },
		"a long seed":                func(in *Input) { in.Seed = append(in.Seed, 1) },
		"a seed of zeros":            func(in *Input) { in.Seed = make([]byte, policy.SeedBytes) },
		"no policy":                  func(in *Input) { in.Policy = policy.Policy{} },
		"a built-in policy, changed": func(in *Input) { in.Policy.ReadBackPercent = 99 },
		"an own policy, impossible":  func(in *Input) { in.Policy = own("gutmann") },
		"a format that is not made":  func(in *Input) { in.Policy = own(policy.Keyed); in.Policy.Reformat = false },
		"no scheme":                  func(in *Input) { in.Format.Scheme = "" },
		"no file system":             func(in *Input) { in.Format.FileSystem = "" },
		"no label":                   func(in *Input) { in.Format.Label = "" },
		"a long label":               func(in *Input) { in.Format.Label = "PANORAMA STICK" },
		"partition at zero":          func(in *Input) { in.Format.StartBytes = 0 },
		"partition behind end":       func(in *Input) { in.Format.StartBytes = stickBytes },
		"no partition":               func(in *Input) { in.Format.SizeBytes = 0 },
		"partition over the end":     func(in *Input) { in.Format.SizeBytes++ },
		"partition that overflows": func(in *Input) {
			in.Format.StartBytes, in.Format.SizeBytes = stickBytes-512, 1<<63-1
		},
		"negative speed": func(in *Input) { in.Speed.WriteBytesPerSecond = -1 },
	} {
		in := stick()
		spoil(&in)
		if p, err := Make(in); !errors.Is(err, ErrInput) || !reflect.DeepEqual(p, Plan{}) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	in := stick()
	in.Drive.Refusals = []drive.Refusal{{Reason: drive.ReasonMounted, About: []string{"/media/site7"}}}
	var refused *drive.RefusedError
	if _, err := Make(in); !errors.As(err, &refused) {
		t.Errorf("a plan for a refused drive: error is %v", err)
	}
}

func TestImageMayHaveAnOddSize(t *testing.T) {
	in := stick()
	in.Drive.Identity.Kind = drive.KindImage
	in.Drive.Identity.SizeBytes++
	in.Findings.SizeBytes++
	if p := mustMake(t, in); !p.Target.Image() {
		t.Error("the target is not said to be an image")
	}
}

// own is an operator's policy.
func own(passes ...policy.Pattern) policy.Policy {
	return policy.Policy{Schema: policy.Schema, ID: "site", Title: "our site's", Own: true, Passes: passes, ReadBackPercent: 100, Reformat: true}
}

func TestEveryPolicyMakesAPlan(t *testing.T) {
	for _, p := range append(policy.Builtin(), own(policy.Keyed, policy.Complement, policy.Fixed(7))) {
		in := stick()
		in.Policy = p
		made := mustMake(t, in)
		if want := made.Estimate.WriteSeconds*int64(len(p.Passes)) + made.Estimate.ReadSeconds; made.Estimate.Seconds != want {
			t.Errorf("%s: %d passes take %d s, want %d", p.ID, len(p.Passes), made.Estimate.Seconds, want)
		}
	}
}

// TestShareOfTheTime: what is not read back takes no time.
func TestShareOfTheTime(t *testing.T) {
	in := stick()
	whole := mustMake(t, in).Estimate.ReadSeconds
	in.Policy, in.Format = sampled(10), Format{}
	if got := mustMake(t, in).Estimate.ReadSeconds; got != (whole+9)/10 {
		t.Errorf("%d s for a tenth of %d s", got, whole)
	}
	for _, c := range []struct{ bytes, percent, want int64 }{
		{1, 1, 1}, {100, 1, 1}, {101, 1, 2}, {1<<63 - 1, 100, 1<<63 - 1}, {199, 50, 100},
	} {
		if got := share(c.bytes, int(c.percent)); got != c.want {
			t.Errorf("%d %% of %d are %d, want %d", c.percent, c.bytes, got, c.want)
		}
	}
}

// sampled is a policy that reads a share back.
func sampled(percent int) policy.Policy {
	p := own(policy.Keyed)
	p.ReadBackPercent, p.Reformat = percent, false
	return p
}

func TestPlanIsPure(t *testing.T) {
	a, b := mustMake(t, stick()), mustMake(t, stick())
	if !bytes.Equal(a.Canonical(), b.Canonical()) || a.Text() != b.Text() {
		t.Error("the same input gave two plans")
	}
}

// TestDigestCoversEveryField changes each field of a plan, however deep, and
// wants another digest; and wants the digest to survive the journal.
func TestDigestCoversEveryField(t *testing.T) {
	p := mustMake(t, stick())
	p.Format.Note = "a note"
	var back Plan
	if err := json.Unmarshal(p.Canonical(), &back); err != nil || !reflect.DeepEqual(back, p) || back.Digest() != p.Digest() {
		t.Fatalf("the plan came back as %+v, %v", back, err)
	}
	if len(p.Digest()) != 64 {
		t.Fatalf("the digest is %q", p.Digest())
	}
	seen := map[string]string{p.Digest(): "nothing changed"}
	changed := 0
	eachLeaf(reflect.ValueOf(&p).Elem(), "Plan", func(path string) {
		changed++
		if twin, ok := seen[p.Digest()]; ok {
			t.Errorf("a change of %s gave the digest of: %s", path, twin)
		}
		seen[p.Digest()] = path
	})
	if changed < 30 {
		t.Errorf("only %d fields were changed", changed)
	}
}

// eachLeaf changes one leaf of v at a time, calls f, and changes it back.
func eachLeaf(v reflect.Value, path string, f func(path string)) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			eachLeaf(v.Field(i), path+"."+v.Type().Field(i).Name, f)
		}
		return
	case reflect.Slice:
		for i := range v.Len() {
			eachLeaf(v.Index(i), path+"[]", f)
		}
		return
	}
	old := reflect.New(v.Type()).Elem()
	old.Set(v)
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Uint8, reflect.Uint32:
		v.SetUint(v.Uint() + 1)
	case reflect.Bool:
		v.SetBool(!v.Bool())
	default:
		panic("a leaf of kind " + v.Kind().String())
	}
	f(path)
	v.Set(old)
}

func TestBeforeTellsWhatWasNotCovered(t *testing.T) {
	for name, tell := range map[string]func(*scan.Report){
		"unreadable": func(r *scan.Report) { r.Coverage.Unreadable = block.Extents{{Offset: 512, Length: 512}} },
		"a limit":    func(r *scan.Report) { r.Coverage.Limits = []string{"too many entries"} },
	} {
		in := stick()
		tell(&in.Findings)
		if p := mustMake(t, in); p.Before.Covered || !strings.Contains(unwrapped(p), "there may be more") {
			t.Errorf("%s: the plan says %s", name, p.Text())
		}
	}
}
