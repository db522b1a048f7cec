package evidence

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/erase"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/scan"
	"github.com/panoscrub/panoscrub/internal/verify"
	"github.com/panoscrub/panoscrub/internal/volume"
)

const size = 64 << 20

// passing is a case in which everything went as planned.
func passing(t *testing.T) Case {
	t.Helper()
	d := drive.Drive{
		Path: "/dev/sdb",
		Identity: drive.Identity{
			Schema: drive.IdentitySchema, Kind: drive.KindUSB, VendorID: "0781", ProductID: "5581", Product: "Ultra",
			Serial: "4C530001230405117322", SerialQuality: drive.SerialUnique, SizeBytes: size, LogicalSectorBytes: 512,
		},
	}
	r2, err := policy.ByID(policy.Default)
	if err != nil {
		t.Fatal(err)
	}
	layout, err := volume.NewLayout(size, 512)
	if err != nil {
		t.Fatal(err)
	}
	before := scan.Report{
		Verdict: scan.Leftovers, SizeBytes: size, Ruleset: "rules", Coverage: scan.Coverage{BytesRead: size},
		Findings: []scan.Finding{{ID: "F1", Rule: "private-key", Class: scan.Credential, Severity: scan.Critical, State: scan.Live, Path: "/private.pem", Hint: "a key"}},
	}
	p, err := plan.Make(plan.Input{
		CertificateID: "ps-20261124-k3v9q2m7xd", Drive: d, Findings: before, Policy: r2, Seed: bytes.Repeat([]byte{7}, policy.SeedBytes),
		Format: plan.Format{
			Scheme: "mbr", FileSystem: layout.FileSystem, Label: "PANORAMA", StartBytes: layout.StartBytes,
			SizeBytes: layout.PartitionBytes, PartitionType: layout.PartitionType, DiskSignature: 1, VolumeID: 2,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	started := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	return Case{
		CertificateID: p.CertificateID, Started: started, Ended: started.Add(time.Hour),
		Tool:  attest.Tool{Name: "panoscrub", Version: "1", GoVersion: "go1.26", OS: "linux", Arch: "amd64"},
		Drive: d, Confirmation: "typed", Stated: Stated{ApplianceID: "device-abcdefghijklmnopqrstuvwxya"}, Plan: p, Before: before,
		Erasure: erase.Erasure{
			Passes:   []erase.Pass{{Number: 1, Pattern: policy.Keyed, Bytes: size, Complete: true, Synced: true}},
			Defence:  &erase.Defence{Kind: erase.Reset},
			ReadBack: &verify.Report{Bytes: size, Matched: size, Complete: true, Direct: true, Order: verify.Shuffled},
		},
		Volume: &volume.Volume{
			Layout: layout, Label: "PANORAMA", DiskSignature: 1, VolumeID: 2, ClusterBytes: 512, Clusters: 100, FreeClusters: 99,
		},
		After: &scan.Report{Verdict: scan.Clean, SizeBytes: size, Ruleset: "rules", Coverage: scan.Coverage{BytesRead: 4096}},
	}
}

// own is an operator's policy, which makes no file system.
func own(passes ...policy.Pattern) policy.Policy {
	return policy.Policy{Schema: policy.Schema, ID: "site", Title: "our site's", Own: true, Passes: passes, ReadBackPercent: 100}
}

// TestPolicyDocument: the wire's copy of a policy has the very bytes of its own
// document, which is what the outcome was judged by.
func TestPolicyDocument(t *testing.T) {
	for _, p := range append(policy.Builtin(), own(policy.Keyed, policy.Complement, policy.Fixed(1, 2, 3))) {
		file := passing(t)
		file.Plan.Policy = p
		r := file.Statement().Predicate
		if string(r.PolicyDocument.Canonical()) != string(p.Canonical()) || r.Validation.PolicyDigest != p.Digest() || r.Validation.Policy != p.ID {
			t.Errorf("%s: the wire has\n%s\nthe policy is\n%s", p.ID, r.PolicyDocument.Canonical(), p.Canonical())
		}
	}
}

// TestReasonsAfterZeros: of bytes that are the same everywhere nobody says whose they
// are.
func TestReasonsAfterZeros(t *testing.T) {
	file := passing(t)
	file.Plan.Policy = own(policy.Fixed(0))
	file.Erasure.Passes[0].Pattern = policy.Fixed(0)
	file.Erasure.ReadBack.Matched -= 512
	file.Erasure.ReadBack.Mismatches = []verify.Mismatch{{Class: verify.NeverWritten, Bytes: 512, Extents: sector}}
	file.Volume, file.After = nil, nil
	verdict, reasons := file.Verdict()
	if text := strings.Join(reasons, "\n"); verdict != attest.Fail || strings.Contains(text, "held their own data") || !strings.Contains(text, "did not write") {
		t.Errorf("%s: %s", verdict, text)
	}
}

// TestCapacity: only a pattern that is different in every sector proves any.
func TestCapacity(t *testing.T) {
	file := passing(t)
	if c := file.Statement().Predicate.Capacity; c.ProvenBytes != size {
		t.Errorf("%+v", c)
	}
	file.Plan.Policy = own(policy.Fixed(0))
	if c := file.Statement().Predicate.Capacity; c.ProvenBytes != 0 || c.AnnouncedBytes != size {
		t.Errorf("%+v after zeros", c)
	}
}

var sector = block.Extents{{Offset: 512, Length: 512}}

// TestVerdict takes one thing away from a passing case at a time. Whatever it is,
// the verdict is not PASS, it says why, and the statement is consistent.
func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*Case)
		verdict string
		reason  string
	}{
		{"nothing", func(*Case) {}, attest.Pass, ""},
		{"sectors that could not be written", func(c *Case) {
			c.Erasure.Passes[0].Failed = sector
			c.Erasure.Passes[0].Bytes -= 512
		}, attest.Fail, "512 bytes could not be written, the first at byte 512"},
		{"a flush that failed", func(c *Case) {
			c.Erasure.Passes[0].Synced = false
			c.Problems = []Problem{{Text: "flushing the drive: an I/O error", Fault: true}}
		}, attest.Fail, "flushing"},
		{"a drive that was pulled before it was flushed", func(c *Case) {
			c.Erasure.Passes[0].Synced = false
			c.Problems = []Problem{{Text: "flushing the drive: it has gone"}}
			c.Erasure.ReadBack, c.Volume, c.After = nil, nil, nil
		}, attest.Incomplete, "was not flushed"},
		{"a pass that ended early", func(c *Case) {
			c.Erasure.Passes[0].Complete = false
			c.Erasure.Passes[0].Bytes = size / 2
			c.Erasure.ReadBack, c.Volume, c.After = nil, nil, nil
		}, attest.Incomplete, "was not completed"},
		{"no passes", func(c *Case) {
			c.Erasure = erase.Erasure{}
			c.Volume, c.After = nil, nil
		}, attest.Incomplete, "was not begun"},
		{"no read-back", func(c *Case) { c.Erasure.ReadBack, c.Volume, c.After = nil, nil, nil }, attest.Incomplete, "not read back"},
		{"half a read-back", func(c *Case) {
			*c.Erasure.ReadBack = verify.Report{Bytes: size / 2, Matched: size / 2, Direct: true, Order: verify.Shuffled}
			c.Volume, c.After = nil, nil
		}, attest.Incomplete, "read-back was not completed"},
		{"a wrapped sector", func(c *Case) {
			c.Erasure.ReadBack.Matched -= 512
			c.Erasure.ReadBack.Mismatches = []verify.Mismatch{{Class: verify.Wrapped, Bytes: 512, Extents: sector, Source: size / 2}}
			c.Volume, c.After = nil, nil
		}, attest.Fail, "less memory than it announces"},
		{"an unreadable sector", func(c *Case) {
			c.Erasure.ReadBack.Bytes -= 512
			c.Erasure.ReadBack.Matched -= 512
			c.Erasure.ReadBack.Unreadable = sector
			c.Volume, c.After = nil, nil
		}, attest.Fail, "could not be read back"},
		{"a read-back from this computer's cache", func(c *Case) { c.Erasure.ReadBack.Direct = false }, attest.Incomplete, "cache"},
		{"no volume", func(c *Case) { c.Volume, c.After = nil, nil }, attest.Incomplete, "no new file system"},
		{"no volume, as planned", func(c *Case) {
			c.Plan.Policy = own(policy.Keyed)
			c.Volume, c.After = nil, nil
		}, attest.Pass, ""},
		{"a volume that was not planned", func(c *Case) { c.Plan.Policy = own(policy.Keyed) }, attest.Incomplete, "the policy asks for none"},
		{"a share read back", func(c *Case) {
			c.Plan.Policy = own(policy.Keyed)
			c.Plan.ReadBackPercent = 10
			c.Erasure.ReadBack.Bytes, c.Erasure.ReadBack.Matched, c.Erasure.ReadBack.Excepted = size/10, size/10, size-size/10
			c.Volume, c.After = nil, nil
		}, attest.Incomplete, "no more than 10 % of the drive"},
		{"a share that happens to be all", func(c *Case) {
			c.Plan.Policy = own(policy.Keyed)
			c.Plan.ReadBackPercent = 99
			c.Volume, c.After = nil, nil
		}, attest.Incomplete, "no more than 99 % of the drive"},
		{"a share with a wrong sector", func(c *Case) {
			c.Plan.Policy = own(policy.Keyed)
			c.Plan.ReadBackPercent = 10
			*c.Erasure.ReadBack = verify.Report{
				Bytes: size / 10, Matched: size/10 - 512, Excepted: size - size/10, Complete: true, Direct: true, Order: verify.Shuffled,
				Mismatches: []verify.Mismatch{{Class: verify.Corrupt, Bytes: 512, Extents: sector}},
			}
			c.Volume, c.After = nil, nil
		}, attest.Fail, "512 bytes read back are damaged"},
		{"zeros", func(c *Case) {
			c.Plan.Policy = own(policy.Fixed(0))
			c.Erasure.Passes[0].Pattern = policy.Fixed(0)
			c.Volume, c.After = nil, nil
		}, attest.Pass, ""},
		{"another pattern than planned", func(c *Case) { c.Erasure.Passes[0].Pattern = policy.Fixed(0) }, attest.Incomplete, "with the pattern"},
		{"no scan afterwards", func(c *Case) { c.After = nil }, attest.Incomplete, "not scanned"},
		{"something found afterwards", func(c *Case) {
			c.After.Verdict, c.After.Findings = scan.Leftovers, c.Before.Findings
		}, attest.Fail, "scan after the format is not clean"},
		{"a fault of another kind", func(c *Case) { c.Problems = []Problem{{Text: "it smells", Fault: true}} }, attest.Fail, "it smells"},
		{"a drive that went away", func(c *Case) {
			c.Problems = []Problem{{Text: "it has gone"}}
			c.Volume, c.After = nil, nil
		}, attest.Incomplete, "it has gone"},
		{"an interruption before the first stage", func(c *Case) {
			c.Interruption, c.Reached = &Interruption{Cause: "a signal"}, Reached{}
			c.Erasure, c.Volume, c.After = erase.Erasure{}, nil, nil
		}, attest.Incomplete, "early, before its first stage: a signal"},
		{"an interruption at the very end", func(c *Case) {
			c.Interruption, c.Reached.Stage = &Interruption{Cause: "a signal"}, "recheck"
		}, attest.Incomplete, "a signal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := passing(t)
			c.change(&file)
			verdict, reasons := file.Verdict()
			if verdict != c.verdict {
				t.Errorf("verdict %s, want %s", verdict, c.verdict)
			}
			if all := strings.Join(reasons, "\n"); !strings.Contains(all, c.reason) || (all == "") != (verdict == attest.Pass) {
				t.Errorf("reasons %q, want one with %q", reasons, c.reason)
			}
			if problems := file.Statement().Validate(); len(problems) > 0 {
				t.Errorf("the statement contradicts itself: %v", problems)
			}
		})
	}
}

// TestDefence: the statement tells what was done against the drive's cache, or why
// nothing was, and in which order the drive was read.
func TestDefence(t *testing.T) {
	for _, c := range []struct {
		defence      *erase.Defence
		kind, reason string
	}{
		{&erase.Defence{Kind: erase.Reset}, attest.CacheDefenceReset, ""},
		{&erase.Defence{Kind: erase.NoDefence, Because: "it is a card"}, attest.CacheDefenceNone, "it is a card"},
		{nil, attest.CacheDefenceNone, "nothing is known to have been done"},
	} {
		file := passing(t)
		file.Erasure.Defence = c.defence
		s := file.Statement()
		if v := s.Predicate.Verification; v.CacheDefence != c.kind || v.CacheDefenceReason != c.reason || v.Order != attest.OrderShuffled {
			t.Errorf("%+v became %+v", c.defence, v)
		}
		if problems := s.Validate(); len(problems) > 0 {
			t.Errorf("%+v: %v", c.defence, problems)
		}
	}
}

// TestIdentityDocument: the wire's copy of an identity has the very bytes of the
// drive's own document, which is what the subject digests.
func TestIdentityDocument(t *testing.T) {
	file := passing(t)
	fillStrings(reflect.ValueOf(&file.Drive.Identity).Elem())
	wire := file.drive().Canonical()
	if own := file.Drive.Identity.Canonical(); string(wire) != string(own) {
		t.Errorf("the wire has\n%s\nthe drive has\n%s", wire, own)
	}
}

// fillStrings gives each empty string its own value, so that a field which is
// not copied shows.
func fillStrings(v reflect.Value) {
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.String && f.String() == "" {
			f.SetString(v.Type().Field(i).Name + " <&> value")
		}
	}
}

// TestDiedIn: of the pass in which a process died, no more is told than what is known to
// be stored; what is told of another pass, or what was only tried, is none of it.
func TestDiedIn(t *testing.T) {
	earlier := []plan.Run{{CertificateID: "ps-20261123-k3v9q2m7xd", Ended: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), Pass: 1, Bytes: 4096}}
	for _, c := range []struct {
		name    string
		resumes []plan.Run
		reached []Reached
		want    int64
	}{
		{"it had hardly begun", nil, []Reached{{Stage: "overwrite", Pass: 1}}, 0},
		{"more was tried than is stored", nil, []Reached{{Stage: "overwrite", Pass: 1, Bytes: 8192, Stored: 512}}, 512},
		{"it had gone on with another run", earlier, []Reached{{Stage: "overwrite", Pass: 1}}, 4096},
		{"and had come further", earlier, []Reached{{Stage: "overwrite", Pass: 1, Bytes: 9000, Stored: 8192}}, 8192},
		{"what was noted before says nothing", nil, []Reached{{Stage: "overwrite", Pass: 9, Bytes: 8192, Stored: 8192}, {Stage: "overwrite", Pass: 1}}, 0},
	} {
		file := passing(t)
		file.Erasure, file.Volume, file.After = erase.Erasure{}, nil, nil
		file.Plan.Resumes, file.Interruption = c.resumes, &Interruption{Cause: "it died", Recovered: true}
		for _, r := range c.reached {
			data, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			if err := file.Replay(EntryReached, data); err != nil {
				t.Fatal(err)
			}
		}
		s := file.Statement()
		if problems := s.Validate(); len(problems) > 0 {
			t.Errorf("%s: the statement contradicts itself: %v", c.name, problems)
		}
		if p := s.Predicate.Passes; len(p) != 1 || p[0].Bytes != c.want || p[0].StoredBytes != c.want {
			t.Errorf("%s: %+v, want %d bytes", c.name, p, c.want)
		}
	}
}

// TestReplay tells a case entry by entry, as a journal does, and compares.
func TestReplay(t *testing.T) {
	want := passing(t)
	want.Problems = []Problem{{Text: "one", Fault: true}, {Text: "two"}}
	want.Reached = Reached{Stage: "overwrite", Pass: 1, Bytes: 77}
	begun := want
	begun.Erasure, begun.Volume, begun.After, begun.Problems, begun.Reached = erase.Erasure{}, nil, nil, nil, Reached{}
	var got Case
	for _, e := range []struct {
		kind string
		data any
	}{
		{EntryBegun, begun},
		{EntryReached, Reached{Stage: "read-back", Bytes: 99, Stored: 98, Pass: 2}},
		{EntryReached, want.Reached}, // all of it, and nothing of the one before
		{EntryPass, want.Erasure.Passes[0]},
		{EntryDefence, want.Erasure.Defence},
		{EntryReadBack, want.Erasure.ReadBack},
		{EntryVolume, want.Volume},
		{EntryAfter, want.After},
		{EntryProblem, want.Problems[0]},
		{EntryProblem, want.Problems[1]},
	} {
		data, err := json.Marshal(e.data)
		if err != nil {
			t.Fatal(err)
		}
		if err := got.Replay(e.kind, data); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := mustJSON(t, got), mustJSON(t, want); a != b {
		t.Errorf("replayed\n%s\nwant\n%s", a, b)
	}
	if err := got.Replay("from the future", json.RawMessage("{}")); err == nil {
		t.Error("an unknown entry was half understood")
	}
	if err := got.Replay(EntryBegun, json.RawMessage(`{"plan":{"schema":"panoscrub/plan/v1","policy":{"id":"r2","readBack":true}}}`)); err == nil {
		t.Error("a plan of another version was half understood")
	}
	if err := got.Replay(EntryPass, json.RawMessage(`{"number":"one"}`)); err == nil {
		t.Error("a damaged entry was taken")
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestApplianceWarnings: what the drive says against the stated ID is in the
// record, and the stated ID stays.
func TestApplianceWarnings(t *testing.T) {
	file := passing(t)
	file.Stated.ApplianceID = "my-panorama-1"
	file.Before.Appliance = []scan.Appliance{
		{DeviceName: "site7", Source: "archive name"},
		{DeviceID: "device-bbcdefghijklmnopqrstuvwxya", Source: "log"},
	}
	a := file.Statement().Predicate.Appliance
	if a.DeviceID != "my-panorama-1" || a.DeviceName != "site7" || a.Source != attest.SourceOperator || len(a.Warnings) != 2 {
		t.Errorf("got %+v", a)
	}
}
