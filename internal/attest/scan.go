package attest

import "encoding/json"

// Values of [Scan.Verdict].
const (
	scanLeftovers  = "leftovers"  // something above low was found
	scanClean      = "clean"      // everything was read and nothing above low was found
	scanIncomplete = "incomplete" // nothing was found in what could be read, but not all could
)

// MaxFindings and maxFindingBytes (of their JSON) bound the findings that a record
// lists, so that no drive can make a record too large to be signed. The counts are
// always complete.
const (
	MaxFindings     = 1000
	maxFindingBytes = 512 << 10
)

// Scan is one search for what provisioning leaves behind.
type Scan struct {
	Verdict  string    `json:"verdict"` // "leftovers", "clean" or "incomplete"
	Ruleset  string    `json:"ruleset"` // version or digest of the rules used
	Coverage Coverage  `json:"coverage"`
	Counts   Counts    `json:"counts"`
	Findings []Finding `json:"findings"` // the first ones, at most MaxFindings
	Omitted  int       `json:"omitted"`  // findings that are counted and not listed
}

// Coverage says what was really looked at.
type Coverage struct {
	BytesRead  int64    `json:"bytesRead"`
	Unreadable Ranges   `json:"unreadable"`
	Limits     []string `json:"limits,omitempty"` // in words, each bound that was hit
}

// Counts is how many findings there are. A finding in documentation's example
// data, or of a published test key, counts in Samples and nowhere else.
type Counts struct {
	ByClass    map[string]int `json:"byClass"`    // "credential", "configuration", "log", "identity"
	BySeverity map[string]int `json:"bySeverity"` // "critical", "high", "medium", "low"
	Samples    int            `json:"samples"`
}

// Finding is one item that was left behind. It never holds the secret itself,
// nor a digest of it.
type Finding struct {
	Rule        string `json:"rule"`     // the rule that found it: "private-key"
	Class       string `json:"class"`    // as in Counts.ByClass
	Severity    string `json:"severity"` // as in Counts.BySeverity
	State       string `json:"state"`    // "live", "deleted" or "unallocated"
	Path        string `json:"path,omitempty"`
	Member      string `json:"member,omitempty"` // inside the archive at Path
	OffsetBytes int64  `json:"offsetBytes"`      // on the drive
	LengthBytes int64  `json:"lengthBytes"`
	Hint        string `json:"hint"` // in words
	Sample      bool   `json:"sample"`
}

// NewScan makes a scan of all its findings: it counts them, and lists the first
// ones.
func NewScan(verdict, ruleset string, coverage Coverage, all []Finding) Scan {
	n := fitting(all)
	coverage.Unreadable.Extents = listed(coverage.Unreadable.Extents)
	coverage.Limits = bounded(coverage.Limits)
	return Scan{
		Verdict: verdict, Ruleset: ruleset, Coverage: coverage,
		Counts: count(all), Findings: listed(all[:n:n]), Omitted: len(all) - n,
	}
}

// fitting is how many of the findings, from the first, a record has room for.
func fitting(all []Finding) int {
	room := maxFindingBytes
	for i, f := range all[:min(len(all), MaxFindings)] {
		doc, _ := json.Marshal(f) // strings and integers always encode
		if room -= len(doc); room < 0 {
			return i
		}
	}
	return min(len(all), MaxFindings)
}

// count sums findings up. Every class and severity is present, so that a reader
// can tell "none" from "not looked for".
func count(findings []Finding) Counts {
	c := Counts{
		ByClass:    map[string]int{"credential": 0, "configuration": 0, "log": 0, "identity": 0},
		BySeverity: map[string]int{"critical": 0, "high": 0, "medium": 0, "low": 0},
	}
	for _, f := range findings {
		if f.Sample {
			c.Samples++
			continue
		}
		c.ByClass[f.Class]++
		c.BySeverity[f.Severity]++
	}
	return c
}

// grave is the number of findings above low: what is low is named for the sake of
// completeness, and leaves a drive clean.
func (c Counts) grave() int { return c.Found() - c.BySeverity["low"] }

// Found is the number of findings, samples left out.
func (c Counts) Found() (n int) {
	for _, of := range c.ByClass {
		n += of
	}
	return n
}
