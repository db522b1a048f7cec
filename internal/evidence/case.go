// Package evidence collects the records of a run and turns them into a
// statement. It is the one place where the stages' own types meet the wire
// format of package attest.
package evidence

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/erase"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/scan"
	"github.com/panoscrub/panoscrub/internal/verify"
	"github.com/panoscrub/panoscrub/internal/volume"
)

// Case is everything that is known about one run. It grows as stages end, and
// each growth is journalled, so that a run whose process died can still be told.
type Case struct {
	CertificateID string         `json:"certificateId"`
	Started       time.Time      `json:"started"`
	Ended         time.Time      `json:"ended"`
	Tool          attest.Tool    `json:"tool"`
	Host          attest.Host    `json:"host"`
	Access        string         `json:"access,omitempty"` // how the drive was reached
	Drive         drive.Drive    `json:"drive"`
	Confirmation  string         `json:"confirmation"` // how the operator agreed
	Stated        Stated         `json:"stated"`
	Plan          plan.Plan      `json:"plan"`
	Before        scan.Report    `json:"before"`
	Erasure       erase.Erasure  `json:"erasure"`
	Volume        *volume.Volume `json:"volume,omitempty"` // as checked after the format
	After         *scan.Report   `json:"after,omitempty"`
	Problems      []Problem      `json:"problems,omitempty"`
	Reached       Reached        `json:"reached"`
	Interruption  *Interruption  `json:"interruption,omitempty"`
}

// Stated is what a person said, as opposed to what was measured.
type Stated struct {
	ApplianceID string `json:"applianceId"`
	Operator    string `json:"operator,omitempty"`
	WorkOrder   string `json:"workOrder,omitempty"`
	AssetTag    string `json:"assetTag,omitempty"`
}

// Reached is how far the run was known to be.
type Reached struct {
	Stage string `json:"stage"`
	Pass  int    `json:"pass,omitempty"`
	Bytes int64  `json:"bytes,omitempty"`
	// Stored is how much of a pass the drive has stored; not of what it has only
	// accepted.
	Stored int64 `json:"stored,omitempty"`
}

// Problem is a reason against a PASS that the other records do not tell.
type Problem struct {
	Text string `json:"text"`
	// Fault says that the drive is at fault, as opposed to a run that could not go
	// on: it makes the verdict FAIL.
	Fault bool `json:"fault"`
}

// Interruption says why a run ended before its end.
type Interruption struct {
	Cause     string `json:"cause"`
	Recovered bool   `json:"recovered"` // told by the journal after the process had died
}

// Kinds of journal entries, each with the part of the case that it sets.
const (
	EntryBegun    = "begun"     // the whole Case before the first write
	EntryReached  = "reached"   // Reached
	EntryPass     = "pass"      // erase.Pass, appended
	EntryDefence  = "defence"   // erase.Defence
	EntryReadBack = "read-back" // verify.Report
	EntryVolume   = "volume"    // volume.Volume
	EntryAfter    = "after"     // scan.Report
	EntryProblem  = "problem"   // Problem, appended

	EntryInterrupted = "interrupted" // Interruption
)

// Replay applies one journal entry. An entry of a kind that it does not know is
// an error: a journal from another version must not be half understood.
func (c *Case) Replay(kind string, data json.RawMessage) error {
	var err error
	switch kind {
	case EntryBegun:
		err = json.Unmarshal(data, c)
	case EntryReached:
		c.Reached = Reached{} // what an entry leaves out is zero, and not what it was before
		err = json.Unmarshal(data, &c.Reached)
	case EntryPass:
		var pass erase.Pass
		if err = json.Unmarshal(data, &pass); err == nil {
			c.Erasure.Passes = append(c.Erasure.Passes, pass)
		}
	case EntryDefence:
		c.Erasure.Defence = new(erase.Defence)
		err = json.Unmarshal(data, c.Erasure.Defence)
	case EntryReadBack:
		c.Erasure.ReadBack = new(verify.Report)
		err = json.Unmarshal(data, c.Erasure.ReadBack)
	case EntryVolume:
		c.Volume = new(volume.Volume)
		err = json.Unmarshal(data, c.Volume)
	case EntryAfter:
		c.After = new(scan.Report)
		err = json.Unmarshal(data, c.After)
	case EntryProblem:
		var problem Problem
		if err = json.Unmarshal(data, &problem); err == nil {
			c.Problems = append(c.Problems, problem)
		}
	case EntryInterrupted:
		c.Interruption = new(Interruption)
		err = json.Unmarshal(data, c.Interruption)
	default:
		return fmt.Errorf("journal entry of unknown kind %q", kind)
	}
	if err == nil && c.Plan.Schema != plan.Schema {
		err = fmt.Errorf("a plan of the schema %.40q, where this program knows %s", c.Plan.Schema, plan.Schema)
	}
	if err != nil {
		return fmt.Errorf("journal entry %q: %w", kind, err)
	}
	return nil
}
