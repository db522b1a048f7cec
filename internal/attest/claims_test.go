package attest

import (
	"slices"
	"strings"
	"testing"
)

// avoided are words that would claim more than an overwrite through the host
// interface can show.
var avoided = []string{
	"purge", "destroy", "unrecoverable", "irrecoverable", "forensic", "military", "dod", "5220", "certified", "compliant", "compliance",
	"2883", "secure erase", "secure file", "unforgeable", "all secrets", "all data", "impossible", "guarantee", "permanent", "unique",
}

// TestClaimsAreNotMore goes through the facts that a PASS can have.
func TestClaimsAreNotMore(t *testing.T) {
	for _, kind := range []string{kindUSB, kindSD, kindLoop, kindImage} {
		for _, cache := range []string{CacheDefenceNone, CacheDefenceReset, CacheDefenceReplug} {
			for _, passes := range []int{1, 2} {
				p := goldenPass().Predicate
				p.Drive.Kind, p.Verification.CacheDefence = kind, cache
				p.Passes = slices.Repeat(p.Passes, passes)
				p.PolicyDocument.Passes = slices.Repeat(p.PolicyDocument.Passes, passes)
				text := strings.ToLower(strings.Join(Claims(p), "\n"))
				for _, word := range avoided {
					if strings.Contains(text, word) {
						t.Errorf("the claims say %q: %s", word, text)
					}
				}
				for _, word := range []string{"nist sp 800-88r2, section 3.1.1", "0 to 61530439679", "sectors 0 to 120176639", "0 mismatches", "accepted"} {
					if !strings.Contains(text, word) {
						t.Errorf("the claims do not say %q: %s", word, text)
					}
				}
				if reset := strings.Contains(text, "reset"); reset != (cache == CacheDefenceReset) {
					t.Errorf("cache defence %s: %s", cache, text)
				}
				if pulled := strings.Contains(text, "plugged in again"); pulled != (cache == CacheDefenceReplug) {
					t.Errorf("cache defence %s: %s", cache, text)
				}
			}
		}
	}
}

// TestClaimsFollowThePolicy: what the passes do not show is not claimed, and the
// name of a policy is never more than a name.
func TestClaimsFollowThePolicy(t *testing.T) {
	legacy := goldenLegacy().Predicate
	text := strings.Join(Claims(legacy), "\n")
	for want, when := range map[string]bool{
		"in 3 passes": true,
		"the patterns aes-256-ctr-tagged, aes-256-ctr-tagged-complement, fixed-92494a in this order": true,
		"Capacity": false, "Formatted": false, "under the policy site-legacy": true,
	} {
		if strings.Contains(text, want) != when {
			t.Errorf("the claims say %q: %v\n%s", want, !when, text)
		}
	}
	named := goldenPass().Predicate
	policy := goldenPolicy()
	policy.ID = "dod-3"
	named = under(named, policy)
	words := strings.ToLower(strings.Join(append(Claims(named), Exclusions(named)...), "\n"))
	if n := strings.Count(words, "dod"); n != 2 || !strings.Contains(words, "the policy's name, dod-3, stands for what is in this record, and for no compliance with any standard") {
		t.Errorf("dod is named %d times, want 2:\n%s", n, words)
	}
	sampled := goldenSampled().Predicate
	if sampled.Verdict = Pass; len(Claims(sampled)) > 0 {
		t.Errorf("a share of the drive is claimed to be all: %q", Claims(sampled))
	}
}

// TestNoClaimsWithoutAPass: no facts make a failed run claim anything.
func TestNoClaimsWithoutAPass(t *testing.T) {
	for _, verdict := range []string{Fail, Incomplete, "", "pass"} {
		p := goldenPass().Predicate
		p.Verdict = verdict
		if claims := Claims(p); len(claims) > 0 {
			t.Errorf("%q: %q", verdict, claims)
		}
		if !strings.HasPrefix(strings.Join(Exclusions(p), " "), "Nothing is claimed") {
			t.Errorf("%q: %q", verdict, Exclusions(p))
		}
	}
}

func TestExclusions(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(p *Predicate)
		text   string
		want   bool
	}{
		{"a drive", func(*Predicate) {}, "Clear, not Purge", true},
		{"an image", func(p *Predicate) { p.Drive.Kind = kindImage }, "Clear, not Purge", false},
		{"an image", func(p *Predicate) { p.Drive.Kind = kindImage }, "older copies", true},
		{"a duplicate serial", func(p *Predicate) { p.Drive.SerialQuality = "suspect" }, "quality: suspect", true},
		{"two units", func(p *Predicate) { p.Drive.Attachment.LUNs = 2 }, "Only unit 0", true},
		{"one unit", func(*Predicate) {}, "logical unit", false},
		{"no reset", func(*Predicate) {}, "was not reset", true},
		{"a reset", func(p *Predicate) { p.Verification.CacheDefence = CacheDefenceReset }, "was not reset", false},
		{"no reset, for a reason", func(p *Predicate) { p.Verification.CacheDefenceReason = "it is\na card" }, `reading back (it is\x0aa card): its own`, true},
		{"a reset", func(p *Predicate) { p.Verification.CacheDefence = CacheDefenceReset }, "outlasts a reset", true},
		{"a power cut", func(p *Predicate) { p.Verification.CacheDefence = CacheDefenceReplug }, "cache", false},
		{"an image", func(p *Predicate) { p.Drive.Kind = kindImage }, "its own cache", false},
		{"no read-back", func(p *Predicate) { p.Verification = nil }, "not read back", true},
		{"the page cache", func(p *Predicate) { p.Verification.HostCacheBypassed = false }, "this computer's cache", true},
		{"past the page cache", func(*Predicate) {}, "this computer's cache", false},
		{"credentials", func(*Predicate) {}, "(1 found): they have to be rotated", true},
		{"no credentials", func(p *Predicate) { p.Prescan = NewScan(scanClean, "x", Coverage{}, nil) }, "rotated", false},
		{"public certificates", func(p *Predicate) {
			p.Prescan = NewScan(scanClean, "x", Coverage{}, []Finding{{Class: "credential", Severity: "low"}})
		}, "rotated", false},
		{"a format", func(*Predicate) {}, "after the read-back", true},
		{"one's own data everywhere", func(*Predicate) {}, "same bytes everywhere", false},
		{"the same bytes", func(p *Predicate) { *p = goldenLegacy().Predicate }, "same bytes everywhere", true},
		{"all read back", func(*Predicate) {}, "Only a share", false},
		{"a share read back", func(p *Predicate) { *p = goldenSampled().Predicate }, "Only a share", true},
		{"a policy", func(*Predicate) {}, "no compliance with any standard", true},
		{"the first version", func(p *Predicate) { p.Version = 1 }, "compliance", false},
		{"a stated ID", func(*Predicate) {}, "source: operator", true},
	} {
		p := goldenPass().Predicate
		c.change(&p)
		if text := strings.Join(Exclusions(p), "\n"); strings.Contains(text, c.text) != c.want {
			t.Errorf("%s: %q stands in the exclusions: %v\n%s", c.name, c.text, !c.want, text)
		}
	}
}

func TestOddSizeHasNoSectors(t *testing.T) {
	p := goldenPass().Predicate
	p.Drive.SizeBytes = 1001
	if text := Claims(p)[0]; strings.Contains(text, "sectors") || !strings.Contains(text, "0 to 1000") {
		t.Error(text)
	}
}
