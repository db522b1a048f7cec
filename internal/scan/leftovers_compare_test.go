package scan_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/panoscrub/panoscrub/internal/scan"
)

// compare says what is wrong with a report.
func (c leftover) compare(dir folder, r scan.Report) (problems []string) {
	left := slices.Clone(r.Findings)
	for _, e := range c.Expect {
		at, err := dir.locate(e)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		n := 0
		left = slices.DeleteFunc(left, func(f scan.Finding) bool {
			if n == e.count() || !e.matches(f, at) {
				return false
			}
			n++
			return true
		})
		if n != e.count() {
			problems = append(problems, fmt.Sprintf("found %d times, expected %d: %s at %d", n, e.count(), e, at))
		}
	}
	for _, f := range left {
		if f.Severity != scan.Low {
			problems = append(problems, fmt.Sprintf("not expected: %s %q %q at %d", f.Rule, f.Path, f.Member, f.Offset))
		}
	}
	return append(problems, c.compareSums(r)...)
}

func (e expected) count() int { return max(1, e.Count) }

// compareSums says what is wrong with what sums a report up.
func (c leftover) compareSums(r scan.Report) (problems []string) {
	if want := c.verdict(); r.Verdict != want {
		problems = append(problems, fmt.Sprintf("verdict %s, expected %s", r.Verdict, want))
	}
	limits := strings.Join(r.Coverage.Limits, "; ")
	if (c.Says == "") != (limits == "") || !strings.Contains(limits, c.Says) {
		problems = append(problems, fmt.Sprintf("limits %q, expected %q", limits, c.Says))
	}
	if r.Coverage.BytesRead != r.SizeBytes {
		problems = append(problems, fmt.Sprintf("%d of %d bytes were read", r.Coverage.BytesRead, r.SizeBytes))
	}
	for _, name := range c.Appliance {
		if !slices.ContainsFunc(r.Appliance, func(a scan.Appliance) bool { return a.DeviceName == name || a.DeviceID == name }) {
			problems = append(problems, fmt.Sprintf("nothing is said of the appliance %s", name))
		}
	}
	return problems
}

func (c leftover) verdict() scan.Verdict {
	switch {
	case c.Verdict != "":
		return c.Verdict
	case slices.ContainsFunc(c.Expect, func(e expected) bool { return e.Severity != scan.Low && !e.Sample }):
		return scan.Leftovers
	case c.Says != "":
		return scan.Incomplete
	}
	return scan.Clean
}

// matches reports whether a finding is what is expected; at is -1 for anywhere.
func (e expected) matches(f scan.Finding, at int64) bool {
	same := func(want *string, got string) bool { return want == nil || *want == got }
	return f.Rule == e.Rule && f.Sample == e.Sample && (at < 0 || f.Offset == at) &&
		(e.State == "" || f.State == e.State) && (e.Severity == "" || f.Severity == e.Severity) &&
		same(e.Path, f.Path) && same(e.Member, f.Member) &&
		(e.Encoding == "" || f.Encoding == e.Encoding) && strings.Contains(f.Hint, e.Hint)
}

func (e expected) String() string {
	text := fmt.Sprintf("%s %s %s %s %q sample %v", e.Severity, e.Rule, e.State, e.Encoding, e.Hint, e.Sample)
	if e.Path != nil {
		text += fmt.Sprintf(" path %q", *e.Path)
	}
	if e.Member != nil {
		text += fmt.Sprintf(" member %q", *e.Member)
	}
	return text
}

// locate is where on the drive the expected thing starts; -1 when it is not said.
func (dir folder) locate(e expected) (int64, error) {
	switch at := e.At.(type) {
	case nil:
		return -1, nil
	case int64:
		return at, nil
	case string:
		name, plus, _ := strings.Cut(at, "+")
		content, start, err := dir.find(name)
		if err != nil {
			return 0, err
		}
		if e.Member != nil && *e.Member != "" {
			header, err := headerOf(content, *e.Member)
			return start + header, err
		}
		if plus == "" {
			return start, nil
		}
		n, err := strconv.ParseInt(plus, 10, 64)
		return start + n, err
	}
	return 0, fmt.Errorf("at = %v is neither a number nor a name", e.At)
}

// markerBytes are as many of a file's first bytes as must be on the drive once:
// the rest may lie elsewhere, or be gone.
const markerBytes = 256

// find returns a file, and where it starts on the drive.
func (dir folder) find(name string) (content []byte, start int64, err error) {
	if content, err = os.ReadFile(filepath.Join(string(dir), name)); err != nil {
		return nil, 0, err
	}
	drive, err := os.Open(dir.drive())
	if err != nil {
		return nil, 0, err
	}
	defer drive.Close()
	places, err := placesOf(drive, content[:min(markerBytes, len(content))])
	if err == nil && len(places) != 1 {
		err = fmt.Errorf("%s is on the drive %d times, not once", name, len(places))
	}
	if err != nil {
		return nil, 0, err
	}
	return content, places[0], nil
}

// headerOf is where the local header of a member stands in an archive.
func headerOf(archive []byte, member string) (int64, error) {
	const headerBytes = 30
	for at := range archive {
		if bytes.HasPrefix(archive[at:], []byte("PK\x03\x04")) && at+headerBytes < len(archive) && bytes.HasPrefix(archive[at+headerBytes:], []byte(member)) {
			return int64(at), nil
		}
	}
	return 0, fmt.Errorf("no header of %s", member)
}
