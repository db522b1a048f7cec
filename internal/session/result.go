package session

import (
	"time"

	"github.com/panoscrub/panoscrub/internal/scan"
)

// ResultSchema names the version of the result document.
const ResultSchema = "panoscrub/result/v1"

// Result is how a run ended. Its JSON is the contract of "sanitize --json".
type Result struct {
	Schema        string         `json:"schema"`
	Verdict       string         `json:"verdict"` // PASS, FAIL or INCOMPLETE
	Record        string         `json:"record"`  // path of the signed record; empty when it could not be stored
	CertificateID string         `json:"certificateId"`
	Reasons       []string       `json:"reasons"` // empty for PASS
	Before        Counts         `json:"before"`
	After         Counts         `json:"after"`
	Stages        []StageSummary `json:"stages"`
	Upload        string         `json:"upload"` // sent, queued or none
}

// StageSummary is one stage, or one pass of it, with its mean speed.
type StageSummary struct {
	Name           string  `json:"name"`
	Seconds        float64 `json:"seconds"`
	Bytes          int64   `json:"bytes"`
	BytesPerSecond int64   `json:"bytesPerSecond"`
}

// Counts is how many findings there are of each class, without samples and others
// of low severity, which leave a drive clean.
type Counts map[scan.Class]int

// Count sums findings up by class. Every class is present, so that a reader can
// tell "none" from "not looked for"; nil findings of a nil report give nil.
func Count(report *scan.Report) Counts {
	if report == nil {
		return nil
	}
	counts := Counts{scan.Credential: 0, scan.Configuration: 0, scan.Log: 0, scan.Identity: 0}
	for _, f := range report.Findings {
		if !f.Sample && f.Severity != scan.Low {
			counts[f.Class]++
		}
	}
	return counts
}

func summarize(steps []Step) []StageSummary {
	out := make([]StageSummary, 0, len(steps))
	for _, s := range steps {
		out = append(out, StageSummary{
			Name: string(s.Stage), Seconds: s.Ended.Sub(s.Started).Round(time.Millisecond).Seconds(),
			Bytes: s.Done, BytesPerSecond: s.Rate(),
		})
	}
	return out
}
