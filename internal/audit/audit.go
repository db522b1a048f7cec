// Package audit tells whether a drive is the one that a record is about, and
// still as the record says: where it was formatted, formatted and empty, and
// holding what the last pass wrote wherever no file system structure stands.
package audit

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/progress"
	"github.com/panoscrub/panoscrub/internal/verify"
	"github.com/panoscrub/panoscrub/internal/volume"
)

// Identity compares a drive with the drive of a statement and says each way in
// which they differ. The digests decide; the fields only explain.
func Identity(id drive.Identity, s attest.Statement) []attest.Problem {
	if id.Digest() == s.Predicate.Pattern.DriveDigest {
		return nil
	}
	then := s.Predicate.Drive
	var problems []attest.Problem
	for _, f := range []struct{ name, now, then string }{
		{"serial number", id.Serial, then.Serial},
		{"vendor ID", id.VendorID, then.VendorID},
		{"product ID", id.ProductID, then.ProductID},
		{"product", id.Product, then.Product},
		{"name", id.Name, then.Name},
		{"size in bytes", fmt.Sprint(id.SizeBytes), fmt.Sprint(then.SizeBytes)},
	} {
		if f.now != f.then {
			problems = append(problems, problem("another-drive", "this is another drive: its %s is %q, the record's is %q", f.name, f.now, f.then))
		}
	}
	if len(problems) == 0 {
		problems = append(problems, problem("another-drive", "this is another drive: its identity has the digest %s, the record's has %s", id.Digest(), s.Predicate.Pattern.DriveDigest))
	}
	return problems
}

// Comparable says why there is nothing on a drive to compare with a statement: it is
// another drive, or the statement attests no state of it.
func Comparable(id drive.Identity, s attest.Statement) []attest.Problem {
	if problems := Identity(id, s); len(problems) > 0 {
		return problems
	}
	if v := s.Predicate.Verdict; v != attest.Pass {
		return []attest.Problem{problem("nothing-attested", "this is the drive, but the record's verdict is %s: it attests no clean state to compare with", v)}
	}
	return nil
}

// Contents compares what is on the drive with what a PASS attests. The error is
// about not being able to look; what was seen to be wrong is in the problems.
func Contents(ctx context.Context, r block.Reader, s attest.Statement, count *progress.Counter) ([]attest.Problem, error) {
	spec, err := spec(s)
	if err != nil {
		return nil, err
	}
	var problems []attest.Problem
	// A drive that was given back without a file system holds the pattern and
	// nothing else.
	if s.Predicate.Format != nil {
		found, err := volume.Check(r)
		if err != nil && !errors.Is(err, volume.ErrDamaged) {
			return nil, err
		}
		if err != nil {
			return []attest.Problem{problem("volume-damaged", "the volume is no longer as it was made: %v", err)}, nil
		}
		problems = changes(found, *s.Predicate.Format)
		spec.Except = found.Metadata()
	}
	report, err := verify.Run(ctx, r, spec, count)
	for _, m := range report.Mismatches {
		problems = append(problems, problem("contents-changed", "%d bytes are no longer what the overwrite wrote there, the first at byte %d", m.Bytes, m.Extents[0].Offset))
	}
	if n := report.Unreadable.Bytes(); n > 0 {
		problems = append(problems, problem("unreadable", "%d bytes can no longer be read, the first at byte %d", n, report.Unreadable[0].Offset))
	}
	return problems, err
}

// changes says what about a volume is no longer as the record tells.
func changes(found volume.Volume, format attest.Format) (problems []attest.Problem) {
	if id := fmt.Sprintf("%08x", found.VolumeID); id != format.VolumeID {
		problems = append(problems, problem("formatted-since", "the drive was formatted since: its volume ID is %s, the record's is %s", id, format.VolumeID))
	}
	if id := fmt.Sprintf("%08x", found.DiskSignature); id != format.DiskSignature {
		problems = append(problems, problem("partitioned-since", "the drive was partitioned since: its disk signature is %s, the record's is %s", id, format.DiskSignature))
	}
	if found.Label != format.Label {
		problems = append(problems, problem("renamed", "the volume's label is %q, the record's is %q", found.Label, format.Label))
	}
	if !found.Empty() {
		problems = append(problems, problem("volume-used", "the volume is no longer empty: %d entries in its root, %d of %d clusters free",
			found.Entries, found.FreeClusters, found.Clusters))
	}
	return problems
}

// spec is what the last pass left on all of the drive.
func spec(s attest.Statement) (verify.Spec, error) {
	seed, err := hex.DecodeString(s.Predicate.Pattern.Seed)
	if err != nil {
		return verify.Spec{}, fmt.Errorf("the record's pattern seed: %w", err)
	}
	digest, err := hex.DecodeString(s.Predicate.Pattern.DriveDigest)
	if err != nil {
		return verify.Spec{}, fmt.Errorf("the record's drive digest: %w", err)
	}
	spec := verify.Spec{Seed: seed, DriveDigest: digest, Pass: len(s.Predicate.Passes), Percent: 100}
	for _, pass := range s.Predicate.Passes {
		spec.Passes = append(spec.Passes, pass.Pattern)
	}
	return spec, nil
}

func problem(code, format string, args ...any) attest.Problem {
	return attest.Problem{Code: code, Sentence: fmt.Sprintf(format, args...)}
}
