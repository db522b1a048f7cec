package session

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/durable"
	"github.com/panoscrub/panoscrub/internal/envelope"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/policy"
)

// Resume is what a run needs to go on with earlier ones. Nothing rests on it: every
// byte that they are said to have written is read back like the rest.
type Resume struct {
	Seed []byte     `json:"seed"`
	Runs []plan.Run `json:"runs"` // the oldest first
}

// Last is the run to go on with.
func (r Resume) Last() plan.Run { return r.Runs[len(r.Runs)-1] }

// Resumable looks in the state folder for a run that ended early on a drive, under
// the same policy, and that can be gone on with; nil when there is none. It must be
// the last one on that drive, have begun to write, not have begun to format, and
// speak against nothing; and its record must be signed with key.
func Resumable(state string, key envelope.PublicKey, d drive.Drive, p policy.Policy) (*Resume, error) {
	if !toldApart(d) {
		return nil, nil
	}
	last, err := lastOn(state, key, d.Identity.Digest())
	if err != nil || last == nil {
		return nil, err
	}
	r := last.Predicate
	formatted := r.Verification != nil && r.Verification.Complete
	if r.Verdict != attest.Incomplete || r.Validation.PolicyDigest != p.Digest() || formatted {
		return nil, nil
	}
	seed, err := hex.DecodeString(r.Pattern.Seed)
	if err != nil || len(seed) != policy.SeedBytes {
		return nil, nil
	}
	run := plan.Run{CertificateID: r.CertificateID, Ended: r.Times.Ended}
	if run.Pass, run.Bytes = reachedIn(r); run.Pass == 1 && run.Bytes == 0 {
		return nil, nil
	}
	resume := &Resume{Seed: seed}
	for _, earlier := range r.Resumes {
		resume.Runs = append(resume.Runs, plan.Run{CertificateID: earlier.CertificateID, Ended: earlier.Ended, Pass: earlier.Pass, Bytes: earlier.Bytes})
	}
	resume.Runs = append(resume.Runs, run)
	return resume, nil
}

// toldApart reports whether no other drive is taken for this one. To go on with a run
// on another would end as if the drive had failed.
func toldApart(d drive.Drive) bool {
	return !pluggable(d) || d.Identity.SerialQuality == drive.SerialUnique && len(d.Attachment.SameSerial) == 0
}

// reachedIn is the first pass that a run did not complete, and how much of that the
// drive had stored.
func reachedIn(r attest.Predicate) (pass int, bytes int64) {
	for _, o := range r.Passes {
		if !o.Complete || !o.Synced {
			return o.Number, o.StoredBytes
		}
	}
	return len(r.Passes) + 1, 0
}

// lastOn is the record of the run on a drive that ended last; nil for none. Files
// that are no records signed with key are passed over.
func lastOn(state string, key envelope.PublicKey, driveDigest string) (last *attest.Statement, err error) {
	folder := filepath.Join(state, durable.Records)
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for an earlier run: %w", err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), recordEnding) {
			continue
		}
		s, err := signedStatement(filepath.Join(folder, e.Name()), key)
		if err != nil || s.DriveSubject().Digest.SHA256 != driveDigest {
			continue
		}
		if last == nil || cmp.Or(s.Predicate.Times.Ended.Compare(last.Predicate.Times.Ended), cmp.Compare(s.Predicate.CertificateID, last.Predicate.CertificateID)) > 0 {
			last = &s
		}
	}
	return last, nil
}

// signedStatement reads a record that must be signed with key, and fit together.
func signedStatement(path string, key envelope.PublicKey) (attest.Statement, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return attest.Statement{}, err
	}
	env, err := envelope.Parse(data)
	if err != nil {
		return attest.Statement{}, err
	}
	payload, _, err := envelope.Verify(env, attest.PayloadType, key)
	if err != nil {
		return attest.Statement{}, err
	}
	s, err := attest.ParseStatement(payload)
	if err != nil {
		return attest.Statement{}, err
	}
	if problems := s.Validate(); len(problems) > 0 {
		return attest.Statement{}, errors.New(problems[0].Sentence)
	}
	return s, nil
}
