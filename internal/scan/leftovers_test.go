package scan_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"github.com/panoscrub/panoscrub/internal/scan"
)

// The table of cases in testdata/leftovers says how good the scan is: what other
// people's tools put on a drive, in which state, and what must be said of it.
// Each file has one theme; material.toml says how keys and all else are made that
// is put on drives, anew in each run.

// table is one file of cases.
type table struct {
	Case     []leftover `toml:"case"`
	Material []recipe   `toml:"material"`
}

// recipe is how to make a file with the name: steps as in a case.
type recipe struct {
	Name   string   `toml:"name"`
	Secret bool     `toml:"secret"` // no piece of it may be in any output
	Steps  []string `toml:"steps"`
}

// leftover is one case. The steps make the image "drive", in a folder in which
// the material lies that they name; see [folder.run].
type leftover struct {
	Name       string       `toml:"name"`
	Why        string       `toml:"why"`
	Impossible string       `toml:"impossible"`
	Steps      []string     `toml:"steps"`
	Sector     int          `toml:"sector"`  // bytes; 512 when it is not said
	Verdict    scan.Verdict `toml:"verdict"` // follows from what is expected when it is not said
	Says       string       `toml:"says"`    // part of a limit; with none given, none may be hit
	Appliance  []string     `toml:"appliance"`
	Expect     []expected   `toml:"expect"` // nothing above low may be found but this
	Large      bool         `toml:"large"`  // of gigabytes: it is looked at once, and not erased
	Long       bool         `toml:"long"`   // takes long: it is tried where that is asked for
}

// expected is what must be found, so many times: once when it is not said. What
// is left empty is not compared.
type expected struct {
	Rule     string        `toml:"rule"`
	State    scan.State    `toml:"state"`
	Severity scan.Severity `toml:"severity"`
	Path     *string       `toml:"path"`
	Member   *string       `toml:"member"`
	Encoding string        `toml:"encoding"`
	Hint     string        `toml:"hint"` // part of it
	Sample   bool          `toml:"sample"`
	// Where it starts: a byte of the drive, or the name of a file in the case's
	// folder, whose bytes stand on the drive exactly once; "+N" goes on from there.
	// With a member, it is the member's header in that archive.
	At    any `toml:"at"`
	Count int `toml:"count"`
}

// inShort is of how many cases one is tried in a short run, such as that under
// the race detector.
const inShort = 5

const tables = "../../testdata/leftovers"

func TestLeftovers(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(tables, "*.toml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tables: %v", err)
	}
	kitchen := newKitchen(t)
	all := map[string][]leftover{}
	for _, file := range files {
		f := readTable(t, file)
		kitchen.know(t, f.Material)
		all[strings.TrimSuffix(filepath.Base(file), ".toml")] = f.Case
	}
	for _, theme := range slices.Sorted(maps.Keys(all)) {
		names := map[string]bool{}
		for i, c := range all[theme] {
			if names[c.Name] || c.Name == "" || c.Why == "" {
				t.Errorf("%s: %q is there twice, or says not why", theme, c.Name)
			}
			names[c.Name] = true
			if testing.Short() && i%inShort != 0 {
				continue
			}
			t.Run(theme+"/"+c.Name, func(t *testing.T) {
				c.test(t, kitchen)
			})
		}
	}
}

func readTable(t *testing.T, file string) table {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var f table
	meta, err := toml.Decode(string(text), &f)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		t.Fatalf("%s: no such key: %v", file, unknown)
	}
	return f
}

func (c leftover) test(t *testing.T, kitchen *kitchen) {
	switch {
	case c.Long && os.Getenv("PANOSCRUB_SWEEP") == "":
		t.Skip("NOT RUN: takes long, and is tried with PANOSCRUB_SWEEP=1")
	case c.Large && testing.Short():
		t.Skip("NOT RUN: takes long for a short run")
	}
	dir := kitchen.folder(t, c.Steps)
	dir.run(t, c.Steps)
	report := dir.inspect(t, kitchen, max(c.Sector, 512), c.Large)
	problems := c.compare(dir, report)
	if !c.Large {
		problems = append(problems, dir.sanitize(t, kitchen)...)
	}
	switch {
	case len(problems) > 0:
		t.Errorf("%s\n%s\nfound:\n%s", c.Why, strings.Join(problems, "\n"), describe(report))
	case c.Impossible != "":
		t.Logf("cannot be found: %s", c.Impossible)
	}
}

// describe lists a report for people.
func describe(r scan.Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "  %s %s %s path %q member %q at %d+%d %s sample %v: %s\n", f.Severity, f.Rule, f.State, f.Path, f.Member, f.Offset, f.Length, f.Encoding, f.Sample, f.Hint)
	}
	fmt.Fprintf(&b, "  %s, limits %q, appliance %v, partitions %+v", r.Verdict, r.Coverage.Limits, r.Appliance, r.Partitions)
	return b.String()
}
