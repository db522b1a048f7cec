package plan

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/human"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/scan"
)

// Input is what a plan is made from.
type Input struct {
	CertificateID string
	Drive         drive.Drive
	Findings      scan.Report
	Policy        policy.Policy
	Format        Format // zero when the policy does not reformat
	Seed          []byte // policy.SeedBytes, random; used before by no runs but Resumes
	Resumes       []Run  // as in the plan
	Speed         Speed  // as measured; what it does not know is assumed
}

// ErrInput says that no plan can be made from an input.
var ErrInput = errors.New("cannot make a plan")

// Make makes the plan. It returns an error that wraps [ErrInput] when something
// is missing or does not fit together, and the drive's own when it may not be
// touched.
func Make(in Input) (Plan, error) {
	if err := in.Drive.Refused(); err != nil {
		return Plan{}, err
	}
	if err := in.Policy.Check(); err != nil {
		return Plan{}, fmt.Errorf("%w: %w", ErrInput, err)
	}
	if problem := in.problem(); problem != "" {
		return Plan{}, fmt.Errorf("%w: %s", ErrInput, problem)
	}
	id := in.Drive.Identity
	read, write := in.Speed.completed(AssumedSpeed(in.Drive))
	p := Plan{
		Schema:        Schema,
		CertificateID: in.CertificateID,
		Target: Target{
			Path: in.Drive.Path, Name: in.Drive.Name(), IdentityDigest: id.Digest(),
			SizeBytes: id.SizeBytes, SectorBytes: id.LogicalSectorBytes, Kind: id.Kind,
		},
		Policy:  in.Policy,
		Seed:    hex.EncodeToString(in.Seed),
		Resumes: in.Resumes,
		Format:  in.Format,
		Before:  before(in.Findings),
	}
	p.Estimate = estimate(p, read, write)
	return p, nil
}

// problem says what is wrong with the input, "" when nothing is.
func (in Input) problem() string {
	id := in.Drive.Identity
	switch {
	case in.CertificateID == "":
		return "it has no certificate id"
	case in.Drive.Path == "":
		return "the drive has no path"
	case id.SizeBytes <= 0:
		return fmt.Sprintf("the drive has %d bytes", id.SizeBytes)
	case id.LogicalSectorBytes != 512 && id.LogicalSectorBytes != 4096:
		return fmt.Sprintf("the drive has sectors of %d bytes", id.LogicalSectorBytes)
	case id.Kind != drive.KindImage && id.SizeBytes%int64(id.LogicalSectorBytes) != 0:
		return fmt.Sprintf("the drive's %d bytes are not whole sectors", id.SizeBytes)
	case in.Findings.SizeBytes != id.SizeBytes:
		return fmt.Sprintf("the findings are about %d bytes, the drive has %d", in.Findings.SizeBytes, id.SizeBytes)
	case len(in.Seed) != policy.SeedBytes:
		return fmt.Sprintf("the seed has %d bytes, not %d", len(in.Seed), policy.SeedBytes)
	case [policy.SeedBytes]byte(in.Seed) == [policy.SeedBytes]byte{}:
		return "the seed was never set"
	case in.Speed.ReadBytesPerSecond < 0 || in.Speed.WriteBytesPerSecond < 0:
		return "the speed is negative"
	}
	if problem := in.resumeProblem(); problem != "" {
		return problem
	}
	switch {
	case in.Policy.Reformat:
		return in.Format.problem(id.SizeBytes)
	case in.Format != Format{}:
		return "the policy makes no file system, and one is described"
	}
	return ""
}

// problem says what is wrong with the format on a drive of that size, "" when
// nothing is.
func (f Format) problem(size int64) string {
	switch {
	case f.Scheme == "" || f.FileSystem == "":
		return "the format names no partition table or no file system"
	case f.Label == "" || len(f.Label) > 11:
		return fmt.Sprintf("the label %q is not 1 to 11 characters long", human.Safe(f.Label))
	case f.StartBytes <= 0 || f.StartBytes >= size || f.SizeBytes <= 0 || f.SizeBytes > size-f.StartBytes:
		return fmt.Sprintf("a partition of %d bytes at %d does not fit on the drive's %d", f.SizeBytes, f.StartBytes, size)
	}
	return ""
}

var (
	classes    = []scan.Class{scan.Credential, scan.Configuration, scan.Log, scan.Identity}
	severities = []scan.Severity{scan.Critical, scan.High, scan.Medium, scan.Low}
)

// before sums the findings up by class and severity, the gravest first.
func before(r scan.Report) Before {
	b := Before{Verdict: r.Verdict, Covered: len(r.Coverage.Unreadable) == 0 && len(r.Coverage.Limits) == 0}
	count := map[Count]int{}
	for _, f := range r.Findings {
		if f.Sample {
			b.Samples++
			continue
		}
		count[Count{Class: f.Class, Severity: f.Severity}]++
	}
	for c, n := range count {
		c.Findings = n
		b.Counts = append(b.Counts, c)
	}
	slices.SortFunc(b.Counts, func(x, y Count) int {
		return cmp.Or(
			cmp.Compare(rank(classes, x.Class), rank(classes, y.Class)), cmp.Compare(x.Class, y.Class),
			cmp.Compare(rank(severities, x.Severity), rank(severities, y.Severity)), cmp.Compare(x.Severity, y.Severity),
		)
	})
	return b
}

// rank is the place of v in order; what is not in it comes last.
func rank[T comparable](order []T, v T) int {
	if i := slices.Index(order, v); i >= 0 {
		return i
	}
	return len(order)
}
