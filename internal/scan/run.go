package scan

import (
	"context"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/progress"
	"github.com/panoscrub/panoscrub/internal/rules"
)

// Options of a scan; the zero value will do.
type Options struct {
	Count *progress.Counter // counts the bytes of the sweep
	Rules *rules.Set        // what is looked for; nil for the built-in rules
}

// Run looks for leftovers on everything that r reads: it walks the file systems
// for names and for where files lie, sweeps every byte once for content, and
// joins what it saw. It holds some 60 MB at most, whatever the drive.
//
// What cannot be read is part of the report, and no error. The error is that of
// ctx when the scan was cancelled; the report then tells what was found until
// then, and its verdict is [Incomplete].
func Run(ctx context.Context, r block.Reader, opts Options) (Report, error) {
	opts.Count.Start(r.Size())
	set := builtinRuleset()
	if opts.Rules != nil {
		set = newRuleset(opts.Rules)
	}
	s := scan{r: r, set: set, out: newCollector(set.Rules)}
	err := s.look(ctx, opts.Count)
	report := s.report(ctx)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		report.Verdict = Incomplete
	}
	return report, err
}

// scan is the state of one run.
type scan struct {
	r        block.Reader
	set      *ruleset
	catalog  catalog
	out      *collector
	unpacked int64 // bytes of files that the file system compresses
}

func (s *scan) look(ctx context.Context, count *progress.Counter) error {
	small := block.AnyReader(s.r)
	found := limits{}
	s.catalog = catalog{
		set: s.set, files: newFileIndex(), counts: map[*rules.Rule]int{}, limits: found, packed: s.packed,
		volumes: openVolumes(small, s.r.Size(), s.r.SectorSize(), found),
	}
	if err := s.catalog.read(ctx, small); err != nil {
		return err
	}
	sweep := sweep{r: s.r, small: small, set: s.set, files: &s.catalog.files, count: count, out: s.out}
	sweep.run(ctx)
	sweep.seams(ctx)
	return ctx.Err()
}

// Of files that the file system compresses so much is looked at, of each and of
// all: many of them may claim the same clusters.
const (
	maxPacked    = 4 << 20
	maxPackedAll = 256 << 20
	maxResident  = 4 << 10 // stands in a file's own record, and takes no time
)

// packed looks at a file's content where that does not stand on the drive as it
// is: the sweep will not see it.
func (s *scan) packed(file int32, e fsys.Entry) {
	c := newChecker(s.set, s.out)
	if s.unpacked > maxPackedAll {
		c.limits.add(limitPacked)
		s.out.add(c.outcome())
		return
	}
	content := e.Content(maxPacked)
	if len(content) == maxPacked && e.Size > maxPacked {
		c.limits.add(limitPacked)
	}
	s.unpacked += int64(max(0, len(content)-maxResident))
	start := entryOf(e, file).start
	c.look(memberView(content, file, start), 0, len(content))
	s.out.add(c.outcome())
}

// report joins what was seen.
func (s *scan) report(ctx context.Context) Report {
	j := join{
		drive: block.AnyReader(s.r), size: s.r.Size(), catalog: &s.catalog, sightings: s.out.found.list, findings: []Finding{},
		archive: s.set.Get(rules.Archive), certificate: s.set.Get(rules.Certificate),
	}
	j.resolve(ctx)
	report := Report{
		SizeBytes: s.r.Size(), Partitions: []Partition{}, Findings: j.run(), Appliance: j.appliances(),
		Ruleset: s.set.Digest, Coverage: s.coverage(),
	}
	for _, v := range s.catalog.volumes {
		if !v.lost {
			report.Partitions = append(report.Partitions, v.Partition)
		}
	}
	report.Verdict = judge(report)
	return report
}

func (s *scan) coverage() Coverage {
	c := Coverage{BytesRead: s.out.read, Unreadable: block.Extents{}}
	all := limits{}
	all.merge(s.catalog.limits)
	all.merge(s.out.limits)
	if s.catalog.files.full {
		all.add(limitIndex)
	}
	for _, e := range s.out.lost {
		c.Unreadable.Add(e)
	}
	for _, v := range s.catalog.volumes {
		v.account(&c, all)
	}
	c.Limits = all.list()
	return c
}

// judge sums a report up. What is low, or a sample, does not make a drive dirty.
func judge(r Report) Verdict {
	for _, f := range r.Findings {
		if f.Severity != Low && !f.Sample {
			return Leftovers
		}
	}
	if len(r.Coverage.Unreadable) > 0 || len(r.Coverage.Limits) > 0 || r.Coverage.BytesRead < r.SizeBytes {
		return Incomplete
	}
	return Clean
}
