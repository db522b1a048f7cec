package scan

import (
	"context"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/progress"
)

// Options of a scan; the zero value will do.
type Options struct {
	Count *progress.Counter // counts the bytes of the sweep
}

// Run looks for leftovers on everything that r reads: it walks the file systems
// for names and for where files lie, sweeps every byte once for content, and
// joins what it saw. It holds some 40 MB at most, whatever the drive.
//
// What cannot be read is part of the report, and no error. The error is that of
// ctx when the scan was cancelled; the report then tells what was found until
// then, and its verdict is [Incomplete].
func Run(ctx context.Context, r block.Reader, opts Options) (Report, error) {
	opts.Count.Start(r.Size())
	s := scan{r: r, set: newRuleset(rules()), out: newCollector(rules())}
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
	r       block.Reader
	set     *ruleset
	catalog catalog
	out     *collector
}

func (s *scan) look(ctx context.Context, count *progress.Counter) error {
	small := block.AnyReader(s.r)
	s.catalog.files, s.catalog.limits = newFileIndex(), limits{}
	s.catalog.volumes = openVolumes(small, s.r.Size(), s.r.SectorSize(), s.catalog.limits)
	if err := s.catalog.read(ctx, s.set); err != nil {
		return err
	}
	sweep := sweep{r: s.r, small: small, set: s.set, files: &s.catalog.files, count: count, out: s.out}
	sweep.run(ctx)
	sweep.seams(ctx)
	return ctx.Err()
}

// report joins what was seen.
func (s *scan) report(ctx context.Context) Report {
	j := join{drive: block.AnyReader(s.r), size: s.r.Size(), catalog: &s.catalog, sightings: s.out.found.list, findings: []Finding{}}
	j.resolve(ctx)
	report := Report{
		SizeBytes: s.r.Size(), Partitions: []Partition{}, Findings: j.run(), Appliance: j.appliances(),
		Ruleset: s.set.digest, Coverage: s.coverage(),
	}
	for _, v := range s.catalog.volumes {
		report.Partitions = append(report.Partitions, v.Partition)
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
		if v.fs == nil {
			continue
		}
		for _, w := range v.fs.Warnings() {
			all.add(v.name() + ": " + w)
		}
		for _, e := range v.fs.Unreadable() {
			c.Unreadable.Add(e)
		}
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
