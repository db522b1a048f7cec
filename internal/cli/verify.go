package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/audit"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/durable"
	"github.com/panoscrub/panoscrub/internal/envelope"
	"github.com/panoscrub/panoscrub/internal/human"
	"github.com/panoscrub/panoscrub/internal/session"
)

type verifyOptions struct {
	record, key, drive string
	reach
	asJSON bool
}

func (a *app) verifyCommand() *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify RECORD",
		Short: "Check a record offline, and with --drive the drive that it is about",
		Long: `Verify checks a record's signature, its form, that its claims agree with each
other, and that its subjects' digests are right. The identity document that
stands beside the record (….drive.json) is checked when it is there.

With --drive it also reads that drive or image: is it the one in the record, and
is it still the formatted, empty volume, with the overwrite's pattern everywhere
else?

A valid record of a failed run is valid: the verdict is printed with it.`,
		Example: "  panoscrub verify ps-20261124-k3v9q2m7xd.dsse.json --key station.pub\n  panoscrub verify RECORD --drive /dev/sdb",
		Args:    oneArgument("RECORD"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.record = args[0]
			return a.verify(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.key, "key", "", "public key of the signer, as PEM (default: this state folder's own key)")
	cmd.Flags().StringVar(&o.drive, "drive", "", "drive or image to compare with the record")
	o.addFlags(cmd)
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print one JSON document")
	return cmd
}

// verificationJSON is the document of "verify --json".
type verificationJSON struct {
	Schema        string           `json:"schema"`
	Valid         bool             `json:"valid"`
	Verdict       string           `json:"verdict"`
	KeyID         string           `json:"keyId"`
	CertificateID string           `json:"certificateId"`
	Drive         string           `json:"drive"`
	ApplianceID   string           `json:"applianceId"`
	Problems      []attest.Problem `json:"problems"`
}

func (a *app) verify(ctx context.Context, o verifyOptions) error {
	if err := o.reach.check(); err != nil {
		return err
	}
	key, err := a.trustedKey(o.key)
	if err != nil {
		return err
	}
	data, err := readLimited(o.record, envelope.MaxBytes)
	if err != nil {
		return err
	}
	doc := verificationJSON{Schema: "panoscrub/verification/v1", Problems: []attest.Problem{}}
	statement, ok := judge(&doc, data, key)
	if ok {
		doc.add(driveDocument(o.record, statement)...)
	}
	if ok && o.drive != "" {
		problems, err := a.auditDrive(ctx, o, statement)
		if err != nil {
			return err
		}
		doc.add(problems...)
	}
	doc.Valid = len(doc.Problems) == 0
	if o.asJSON {
		err = printJSON(a.stdout, doc)
	} else {
		a.printVerification(doc, o.drive != "")
	}
	if err == nil && !doc.Valid {
		return outcome(exitNotValid)
	}
	return err
}

func (d *verificationJSON) add(problems ...attest.Problem) {
	d.Problems = append(d.Problems, problems...)
}

// judge checks everything that the record itself tells. Only verified bytes are
// parsed.
func judge(doc *verificationJSON, data []byte, key envelope.PublicKey) (attest.Statement, bool) {
	env, err := envelope.Parse(data)
	if err != nil {
		doc.add(attest.Problem{Code: "not-an-envelope", Sentence: err.Error()})
		return attest.Statement{}, false
	}
	payload, by, err := envelope.Verify(env, attest.PayloadType, key)
	if err != nil {
		doc.add(attest.Problem{Code: "signature", Sentence: err.Error()})
		return attest.Statement{}, false
	}
	doc.KeyID = string(by[0])
	statement, err := attest.ParseStatement(payload)
	if err != nil {
		doc.add(attest.Problem{Code: "statement", Sentence: err.Error()})
		return attest.Statement{}, false
	}
	p := statement.Predicate
	doc.Verdict, doc.CertificateID, doc.ApplianceID = string(p.Verdict), p.CertificateID, p.Appliance.DeviceID
	doc.Drive = statement.DriveSubject().Name
	doc.add(statement.Validate()...)
	return statement, true
}

// driveDocument checks the identity document beside a record. It is a copy for
// other verifiers: that it is missing is no fault of the record.
func driveDocument(record string, s attest.Statement) []attest.Problem {
	data, err := readLimited(session.DrivePath(record), 1<<20)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return []attest.Problem{{Code: "drive-document", Sentence: "the identity document beside the record cannot be read: " + err.Error()}}
	}
	return attest.CheckDriveDocument(s, data)
}

// auditDrive compares a drive with the record: first whose it is, then what is
// on it.
func (a *app) auditDrive(ctx context.Context, o verifyOptions, s attest.Statement) ([]attest.Problem, error) {
	d, err := a.system.Resolve(o.drive)
	if err != nil {
		return nil, err
	}
	if _, err := a.toRelease(d, drive.Reading); err != nil {
		return nil, err
	}
	// Nobody is asked for a password to look at another drive.
	if problems := audit.Comparable(d.Identity, s); len(problems) > 0 {
		return problems, nil
	}
	worker, look, err := a.way(ctx, d, drive.Reading, o.reach)
	if err != nil {
		return nil, err
	}
	return worker.Audit(ctx, look, s, a.glimpses())
}

// trustedKey is the key that a record must be signed with: the one that the
// auditor names, else this state folder's own.
func (a *app) trustedKey(path string) (envelope.PublicKey, error) {
	if path != "" {
		return envelope.LoadPublic(path)
	}
	state, err := durable.Existing(a.stateFlag)
	if err == nil && state != "" {
		key, err := envelope.LoadPublic(signingKey(state) + ".pub")
		if !errors.Is(err, fs.ErrNotExist) {
			return key, err
		}
	}
	return nil, usagef("whose signature is to be checked? Give the signer's public key with --key")
}

// readLimited reads a file and no more than one byte beyond a limit, so that
// whoever judges the bytes sees that they are too many.
func readLimited(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", human.Safe(path))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit+1))
}

func (a *app) printVerification(doc verificationJSON, withDrive bool) {
	w := a.stdout
	if !doc.Valid {
		fmt.Fprintln(w, "NOT VALID")
		for _, p := range doc.Problems {
			fmt.Fprintf(w, "  - %s\n", human.Safe(p.Sentence))
		}
		return
	}
	fmt.Fprintf(w, "VALID  a record with verdict %s\n", doc.Verdict)
	fmt.Fprintf(w, "certificate  %s\nsigned by    %s\ndrive        %s\nappliance    %s\n",
		human.Safe(doc.CertificateID), doc.KeyID, human.Safe(doc.Drive), human.Safe(doc.ApplianceID))
	if withDrive {
		fmt.Fprintln(w, "\nThe drive is the one in the record, formatted and empty as attested; every byte\noutside the file system's own structures still holds the overwrite's pattern.")
	}
}
