package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/durable"
	"github.com/panoscrub/panoscrub/internal/envelope"
	"github.com/panoscrub/panoscrub/internal/evidence"
	"github.com/panoscrub/panoscrub/internal/human"
)

// entrySigned is the journal's last entry: the finished record. Whoever finds it
// only has to store it.
const entrySigned = "signed"

// signedRecord is a record that is ready to be stored.
type signedRecord struct {
	CertificateID string          `json:"certificateId"`
	Verdict       string          `json:"verdict"`
	Envelope      json.RawMessage `json:"envelope"`
	DriveDocument []byte          `json:"driveDocument"`
}

// conclude turns the case into a signed record, stores it and tells the result.
// It works on when ctx is cancelled: the record is what a cancelled run leaves.
func (r *run) conclude(ctx context.Context) (Result, error) {
	var (
		signed signedRecord
		kept   bool // in the journal
		path   string
	)
	r.file.Ended = r.Now()
	r.file = consistent(r.file)
	unstoppable := context.WithoutCancel(ctx)
	err := r.stage(unstoppable, Record, 0, nil, func(*counter) (err error) {
		if signed, err = sign(unstoppable, r.file, r.Signer); err != nil {
			return err
		}
		if err := r.journal.Append(entrySigned, signed); err != nil {
			r.emit(journalNotice(err))
		} else {
			kept = true
		}
		if path, err = store(r.State, signed); err != nil {
			return err
		}
		if err := r.journal.Remove(); err != nil {
			r.emit(Event{Kind: Notice, Text: "the journal of this run could not be removed: " + err.Error()})
		}
		return nil
	})
	verdict, reasons := r.file.Verdict()
	var unstored error
	if err != nil {
		// Nothing is shown as a verdict that no record can prove.
		unstored = &RecordError{Verdict: verdict, Signed: kept, Err: err}
		verdict, reasons = attest.Incomplete, append(reasons, unstored.Error())
	}
	result := Result{
		Schema: ResultSchema, Verdict: verdict, Record: path, CertificateID: r.file.CertificateID, Reasons: reasons,
		Before: Count(&r.file.Before), After: Count(r.file.After), Stages: summarize(r.steps()), Upload: "none",
	}
	r.emit(Event{Kind: Finished, Result: &result})
	if unstored != nil {
		return result, unstored
	}
	if r.file.Interruption != nil {
		return result, context.Cause(ctx)
	}
	return result, nil
}

// sign makes the record of a case.
func sign(ctx context.Context, c evidence.Case, signer envelope.Signer) (signedRecord, error) {
	statement := c.Statement()
	if problems := statement.Validate(); len(problems) > 0 {
		return signedRecord{}, fmt.Errorf("the statement contradicts itself and was not signed: %s", problems[0])
	}
	payload, err := json.Marshal(statement)
	if err != nil {
		return signedRecord{}, err
	}
	doc, err := envelope.Sign(ctx, signer, attest.PayloadType, human.JSON(payload)) // people look at it
	if err != nil {
		return signedRecord{}, fmt.Errorf("signing the record: %w", err)
	}
	return signedRecord{
		CertificateID: c.CertificateID, Verdict: statement.Predicate.Verdict,
		Envelope: doc, DriveDocument: c.Drive.Identity.Canonical(),
	}, nil
}

// consistent makes sure that a case can be told. A statement that contradicts
// itself is never signed as it is: what speaks against it becomes a reason, and
// the verdict FAIL.
func consistent(c evidence.Case) evidence.Case {
	c.Problems = slices.Clone(c.Problems)
	for _, p := range c.Statement().Validate() {
		c.Problems = append(c.Problems, evidence.Problem{Text: "the records of this run do not fit together: " + p.Sentence, Fault: true})
	}
	return c
}

// RecordPath is where the record of a certificate stands, and DrivePath its
// drive's identity document.
func RecordPath(state, certificateID string) string {
	return filepath.Join(state, durable.Records, certificateID+recordEnding)
}

const recordEnding = ".dsse.json"

// DrivePath is the identity document that belongs to a record's path.
func DrivePath(record string) string {
	return strings.TrimSuffix(record, recordEnding) + ".drive.json"
}

// store writes both files, the identity document first: a record that exists is
// complete. Storing the same record again is no error.
func store(state string, signed signedRecord) (string, error) {
	path := RecordPath(state, signed.CertificateID)
	for _, f := range []struct {
		path string
		data []byte
	}{{DrivePath(path), signed.DriveDocument}, {path, signed.Envelope}} {
		if err := durable.WriteFile(f.path, f.data, 0o644); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
	return path, nil
}

// Recovered is a record made from the journal of a run whose process had died.
type Recovered struct {
	CertificateID string
	Verdict       string
	Record        string
	Target        string // what the run was about, for people
}

// Recover turns every orphaned journal into its record. signer is asked for only
// when there is something to sign. Journals that cannot be used now stay where
// they are, and are reported in the error.
func Recover(ctx context.Context, state string, signer func() (envelope.Signer, error)) ([]Recovered, error) {
	orphans, err := durable.Orphans(state)
	var done []Recovered
	for _, orphan := range orphans {
		recovered, recoverErr := recoverOne(ctx, state, orphan, signer)
		if recoverErr != nil {
			err = errors.Join(err, fmt.Errorf("journal %s: %w", orphan.Path, recoverErr), orphan.Close())
			continue
		}
		if recovered != nil {
			done = append(done, *recovered)
		}
	}
	return done, err
}

// recoverOne makes the record of one journal and removes the journal. A journal
// without its first entry is of a run that had not begun: it leaves no record.
func recoverOne(ctx context.Context, state string, orphan *durable.Orphan, signer func() (envelope.Signer, error)) (*Recovered, error) {
	if len(orphan.Entries) == 0 {
		return nil, orphan.Remove()
	}
	var (
		c      evidence.Case
		signed *signedRecord
	)
	for _, entry := range orphan.Entries {
		if entry.Kind == entrySigned {
			signed = new(signedRecord)
			if err := json.Unmarshal(entry.Data, signed); err != nil {
				return nil, err
			}
			continue
		}
		if err := c.Replay(entry.Kind, entry.Data); err != nil {
			return nil, err
		}
	}
	path := RecordPath(state, c.CertificateID)
	if signed == nil {
		// The run may have stored its record without being able to note so.
		if there, err := ReadRecord(path); err == nil {
			return &Recovered{CertificateID: c.CertificateID, Verdict: there.Predicate.Verdict, Record: path, Target: c.Drive.Name()}, orphan.Remove()
		}
		key, err := signer()
		if err != nil {
			return nil, err
		}
		// Its last sign of life; when it died is not known.
		c.Ended = orphan.Entries[len(orphan.Entries)-1].At
		c.Interruption = &evidence.Interruption{Cause: "the program ended without finishing", Recovered: true}
		made, err := sign(ctx, consistent(c), key)
		if err != nil {
			return nil, err
		}
		signed = &made
	}
	if _, err := store(state, *signed); err != nil {
		return nil, err
	}
	return &Recovered{CertificateID: c.CertificateID, Verdict: signed.Verdict, Record: path, Target: c.Drive.Name()}, orphan.Remove()
}

// ReadRecord reads the statement of a stored record without judging it: for lists,
// never for a verdict that anybody relies on.
func ReadRecord(path string) (attest.Statement, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return attest.Statement{}, err
	}
	env, err := envelope.Parse(data)
	if err != nil {
		return attest.Statement{}, err
	}
	return attest.ParseStatement(env.Payload)
}
