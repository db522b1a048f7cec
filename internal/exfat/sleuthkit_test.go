package exfat

import (
	"context"
	"errors"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// seen is one line of fls.
type seen struct {
	path    string
	deleted bool
	dir     bool
	inode   int64
}

var flsLine = regexp.MustCompile(`^(.)/(.) (\* )?(\d+)(?:\(realloc\))?:\t(.*)$`)

// ask runs another program, of which some take for ever on some images, and
// returns what it printed and whether it succeeded.
func ask(t *testing.T, program string, args ...string) (out string, ok bool) {
	t.Helper()
	testtool.Need(t, program)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(cmd.Environ(), "LC_ALL=C.UTF-8", "TZ=UTC")
	b, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		t.Fatalf("%s %q: %v", program, args, err)
	}
	return string(b), err == nil
}

// sleuthKit lists the file system in the image, without what The Sleuth Kit
// makes up.
func sleuthKit(t *testing.T, image string) (list []seen) {
	t.Helper()
	out, ok := ask(t, "fls", "-r", "-p", image)
	if !ok {
		t.Fatalf("fls failed: %s", out)
	}
	for line := range strings.Lines(out) {
		m := flsLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			t.Fatalf("fls printed %q", line)
		}
		inode, err := strconv.ParseInt(m[4], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(m[5], "$") || strings.HasSuffix(m[5], "(Volume Label Entry)") {
			continue
		}
		list = append(list, seen{"/" + m[5], m[3] != "", m[2] == "d", inode})
	}
	return list
}

// sectors asks istat for the sectors of an entry; false where it cannot tell.
func sectors(t *testing.T, image string, inode int64) (list []int64, ok bool) {
	t.Helper()
	out, ok := ask(t, "istat", image, strconv.FormatInt(inode, 10))
	if !ok || strings.Contains(out, "Error reading file") {
		return nil, false
	}
	_, tail, _ := strings.Cut(out, "\nSectors:\n")
	for field := range strings.FieldsSeq(tail) {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			t.Fatalf("istat printed %q", tail)
		}
		if n != 0 { // fills up the last line
			list = append(list, n)
		}
	}
	return list, len(list) > 0
}

// inode is the number that The Sleuth Kit gives an entry: the place of its
// first slot, counted from cluster 2.
func (f *FS) inode(e fsys.Entry) int64 { return (e.Record.Offset-f.boot.heap)/slotBytes + 3 }

// differences is how often The Sleuth Kit and we do not see the same.
type differences struct {
	oursAlone   int // it does not see the entry
	theirsAlone int
	theyLive    int // it is in use, they say
	weLive      int
	noSectors   int // it cannot tell where the content is
}

// compareWithSleuthKit demands that both see the same entries in the same slots,
// and the same sectors for each, but for the differences.
func compareWithSleuthKit(t *testing.T, image string, f *FS, entries []fsys.Entry, want differences) {
	t.Helper()
	got, agreed := compareListings(t, sleuthKit(t, image), f, entries)
	got.noSectors = compareSectors(t, image, f, agreed)
	if got != want {
		t.Errorf("differences to The Sleuth Kit: %+v, want %+v", got, want)
	}
}

// compareListings returns the entries of which both say that they are there, and
// whether in use.
func compareListings(t *testing.T, theirs []seen, f *FS, entries []fsys.Entry) (d differences, agreed []fsys.Entry) {
	t.Helper()
	ours := map[int64]fsys.Entry{}
	for _, e := range entries {
		ours[f.inode(e)] = e
	}
	for _, s := range theirs {
		e, ok := ours[s.inode]
		switch {
		case !ok:
			d.theirsAlone++
			t.Logf("The Sleuth Kit alone sees %+v", s)
		case printed(e.Path) != s.path || e.Dir != s.dir:
			t.Errorf("The Sleuth Kit sees %+v, we see %+v", s, e)
		case e.Deleted && !s.deleted:
			d.theyLive++
		case !e.Deleted && s.deleted:
			d.weLive++
		default:
			agreed = append(agreed, e)
		}
		delete(ours, s.inode)
	}
	for inode, e := range ours {
		d.oursAlone++
		t.Logf("The Sleuth Kit does not see %d: %+v", inode, e)
	}
	return d, agreed
}

// printed is a path as fls prints it.
func printed(path string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < 0x20:
			return '^'
		case r == '\uFFFD':
			return '/'
		}
		return r
	}, path)
}

// compareSectors demands the same sectors for each entry, and returns for how
// many The Sleuth Kit has none. Of a deleted file with a chain, which is still in
// the table, it shows the sectors behind the first instead; that ours hold the
// content is for others to check.
func compareSectors(t *testing.T, image string, f *FS, entries []fsys.Entry) (none int) {
	t.Helper()
	size := f.boot.sectorBytes
	asked := 0
	for _, e := range entries {
		if len(e.Data) == 0 {
			continue
		}
		if asked++; asked > 120 {
			return none
		}
		want, ok := sectors(t, image, f.inode(e))
		if !ok {
			none++
			continue
		}
		var got []int64
		for _, x := range e.Data {
			for at := x.Offset; at < x.End(); at += size {
				got = append(got, at/size)
			}
		}
		if e.Deleted && len(e.Data) > 1 {
			got, want = got[:1], want[:1]
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: sectors %v, The Sleuth Kit has %v", e.Path, got, want)
		}
	}
	return none
}
