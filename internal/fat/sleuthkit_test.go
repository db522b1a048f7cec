package fat

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

// seen is one line of fls, with what istat adds to it.
type seen struct {
	path    string
	deleted bool
	dir     bool
	inode   int64
}

var flsLine = regexp.MustCompile(`^(.)/(.) (\* )?(\d+)(?:\(realloc\))?:\t(.*)$`)

// sleuthKit lists the file system at sector start of the image.
func sleuthKit(t *testing.T, image string, start int64) (list []seen) {
	t.Helper()
	testtool.Need(t, "fls", "istat")
	for line := range strings.Lines(testtool.Run(t, "", "fls", "-r", "-p", "-o", strconv.FormatInt(start, 10), image)) {
		m := flsLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			t.Fatalf("fls printed %q", line)
		}
		inode, _ := strconv.ParseInt(m[4], 10, 64)
		path := strings.TrimSuffix(m[5], "   (Volume Label Entry)")
		if strings.HasPrefix(path, "$") { // its own inventions
			continue
		}
		list = append(list, seen{"/" + strings.TrimRight(path, " "), m[3] != "", m[2] == "d", inode})
	}
	return list
}

// sectors asks istat for the sectors of an entry, counted from the start of the
// file system.
func sectors(t *testing.T, image string, start, inode int64) (list []int64) {
	t.Helper()
	out := testtool.Run(t, "", "istat", "-o", strconv.FormatInt(start, 10), image, strconv.FormatInt(inode, 10))
	_, tail, _ := strings.Cut(out, "\nSectors:\n")
	for _, field := range strings.Fields(tail) {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			t.Fatalf("istat printed %q", tail)
		}
		if n != 0 { // fills up the last line
			list = append(list, n)
		}
	}
	return list
}

// compareWithSleuthKit demands that both see the same entries in the same slots,
// and the same sectors for each.
func compareWithSleuthKit(t *testing.T, image string, start int64, f *FS, entries []Entry) {
	t.Helper()
	compareListings(t, sleuthKit(t, image, start), f, entries)
	compareSectors(t, image, start, f, entries)
}

func compareListings(t *testing.T, theirs []seen, f *FS, entries []Entry) {
	t.Helper()
	ours := map[int64]Entry{}
	for _, e := range entries {
		if !e.NameOnly {
			ours[f.inode(e)] = e
		}
	}
	listed := map[int64]bool{}
	for _, s := range theirs {
		e, ok := ours[s.inode]
		switch {
		case listed[s.inode]: // below a second directory that once had the cluster, whose ".." names the first
		case !ok:
			t.Errorf("The Sleuth Kit sees %+v, we do not", s)
		case len(s.path) > 240 && strings.HasPrefix(e.Path, s.path): // fls cuts such names
		case !samePath(e.Path, s.path), e.Deleted != s.deleted, e.Dir != s.dir:
			t.Errorf("The Sleuth Kit sees %+v, we see %s", s, mark(e))
		}
		listed[s.inode] = true
	}
	if len(listed) != len(ours) {
		t.Errorf("The Sleuth Kit sees %d entries, we %d", len(listed), len(ours))
	}
}

// samePath compares paths without regard to case, and to the first characters of
// names where that was lost.
func samePath(a, b string) bool {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	if len(as) != len(bs) {
		return false
	}
	for i, name := range as {
		if strings.HasPrefix(name, "_") && bs[i] != "" {
			name = bs[i][:1] + name[1:]
		}
		if !strings.EqualFold(name, bs[i]) {
			return false
		}
	}
	return true
}

// inode is the number that The Sleuth Kit gives an entry: the place of its slot,
// counted from the root directory of FAT12 and FAT16 or the data of FAT32.
func (f *FS) inode(e Entry) int64 {
	base := f.Boot.DataOffset
	if f.Boot.Type != FAT32 {
		base = f.Boot.RootOffset
	}
	return (e.SlotOffset-base)/slotBytes + 3
}

func compareSectors(t *testing.T, image string, start int64, f *FS, entries []Entry) {
	t.Helper()
	size := int64(f.Boot.SectorBytes)
	asked := 0
	for _, e := range entries {
		if e.NameOnly || e.Reused || e.Attr&AttrVolume != 0 || e.Incomplete || len(e.Data) == 0 {
			continue
		}
		if asked++; asked > 120 {
			return
		}
		var want []int64
		for _, n := range sectors(t, image, start, f.inode(e)) {
			want = append(want, start*size+n*size)
		}
		var got []int64
		for _, x := range e.Data {
			for at := x.Offset; at < x.End(); at += size {
				got = append(got, at)
			}
		}
		// The Sleuth Kit shows whole clusters, and of a deleted directory only
		// as much as its entry's size tells.
		if len(want) < len(got) || !slices.Equal(got, want[:len(got)]) {
			t.Errorf("%s: sectors at %v, The Sleuth Kit has %v", mark(e), got, want)
		}
	}
}
