package durable

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const testID = "ps-20261124-k3v9q2m7xd"

// journalOf makes a closed journal with n entries and returns its path.
func journalOf(t *testing.T, state string, n int) string {
	t.Helper()
	j := newJournal(t, state)
	for i := range n {
		appendEntry(t, j, i)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return j.path
}

func newJournal(t *testing.T, state string) *Journal {
	t.Helper()
	j, err := CreateJournal(state, testID)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func appendEntry(t *testing.T, j *Journal, i int) {
	t.Helper()
	if err := j.Append("note", fmt.Sprint("entry ", i)); err != nil {
		t.Fatal(err)
	}
}

// takeOne takes over the one orphan that there must be.
func takeOne(t *testing.T, state string) *Orphan {
	t.Helper()
	orphans, err := Orphans(state)
	if err != nil || len(orphans) != 1 {
		t.Fatalf("%d orphans, want 1: %v", len(orphans), err)
	}
	return orphans[0]
}

// texts are the entries that journalOf wrote.
func texts(t *testing.T, entries []Entry) (out []string) {
	t.Helper()
	for _, e := range entries {
		var text string
		if err := json.Unmarshal(e.Data, &text); err != nil || e.Kind != "note" || e.At.IsZero() {
			t.Errorf("entry %+v: %v", e, err)
		}
		out = append(out, text)
	}
	return out
}

func TestOrphan(t *testing.T) {
	state := newState(t)
	path := journalOf(t, state, 3)
	orphan := takeOne(t, state)
	if want := []string{"entry 0", "entry 1", "entry 2"}; !slices.Equal(texts(t, orphan.Entries), want) {
		t.Errorf("entries %v, want %v", texts(t, orphan.Entries), want)
	}
	if orphan.Path != path || orphan.CertificateID != testID {
		t.Errorf("%+v", orphan)
	}
	if again, err := Orphans(state); err != nil || len(again) != 0 {
		t.Errorf("it is taken over twice: %v, %v", again, err)
	}
	if err := orphan.Close(); err != nil {
		t.Fatal(err)
	}
	orphan = takeOne(t, state)
	if err := errors.Join(orphan.Remove(), orphan.Remove(), orphan.Close()); err != nil {
		t.Error(err)
	}
	wantFiles(t, filepath.Join(state, Journals), ".lock")
}

func TestLivingJournalIsLeftAlone(t *testing.T) {
	state := newState(t)
	j := newJournal(t, state)
	appendEntry(t, j, 0)
	if orphans, err := Orphans(state); err != nil || len(orphans) != 0 {
		t.Errorf("%v, %v", orphans, err)
	}
	appendEntry(t, j, 1)
	if err := errors.Join(j.Remove(), j.Remove(), j.Close()); err != nil {
		t.Error(err)
	}
	if err := j.Append("note", "late"); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("an entry after the end: %v", err)
	}
	if orphans, err := Orphans(state); err != nil || len(orphans) != 0 {
		t.Errorf("after it was removed: %v, %v", orphans, err)
	}
}

func TestCreateJournalRefusals(t *testing.T) {
	state := newState(t)
	journalOf(t, state, 1)
	if _, err := CreateJournal(state, testID); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second of that name: %v", err)
	}
	if n := len(takeOne(t, state).Entries); n != 1 {
		t.Errorf("the first has %d entries now", n)
	}
	for _, id := range []string{"", "..", "a/b", `a\b`, ".hidden", "A", "-", strings.Repeat("/", 5000)} {
		if _, err := CreateJournal(state, id); !errors.Is(err, ErrJournalName) {
			t.Errorf("%.20q: %v", id, err)
		}
	}
	if _, err := CreateJournal(filepath.Join(state, "missing"), testID); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a state folder: %v", err)
	}
}

func TestAppendRefusesWhatIsNoJSON(t *testing.T) {
	j := newJournal(t, newState(t))
	defer j.Remove()
	if err := j.Append("note", func() {}); err == nil || j.end != 0 {
		t.Errorf("%v, end %d", err, j.end)
	}
}

func TestOrphansWithoutAFolder(t *testing.T) {
	if orphans, err := Orphans(t.TempDir()); err != nil || orphans != nil {
		t.Errorf("%v, %v", orphans, err)
	}
}

// TestCutAnywhere cuts a journal at each byte, as a power cut can: what is read
// is every entry that was whole, and nothing else.
func TestCutAnywhere(t *testing.T) {
	state := newState(t)
	path := journalOf(t, state, 4)
	whole := read(t, path)
	for cut := range len(whole) + 1 {
		entries, wrong := replay(testID, whole[:cut])
		if want := bytes.Count(whole[:cut], []byte("\n")); wrong != 0 || len(entries) != want {
			t.Errorf("cut at %d: %d entries, want %d; line %d is wrong", cut, len(entries), want, wrong)
		}
		// A file system can also have grown the file and not written it.
		entries, wrong = replay(testID, append(bytes.Clone(whole[:cut]), make([]byte, 512)...))
		if want := bytes.Count(whole[:cut], []byte("\n")); wrong != 0 || len(entries) != want {
			t.Errorf("cut at %d, zeros behind: %d entries, want %d; line %d is wrong", cut, len(entries), want, wrong)
		}
	}
}

// TestDamageAnywhere changes each byte of a journal in turn. The entries before
// the damage are never told as anything else, and damage before the last line is
// found. The line end before the last line is the exception: without it, the last
// two lines look like one that is torn.
func TestDamageAnywhere(t *testing.T) {
	path := journalOf(t, newState(t), 4)
	whole := read(t, path)
	lastLine := bytes.LastIndexByte(whole[:len(whole)-1], '\n') + 1
	for i := range whole {
		for _, bit := range []byte{1, 0x20, 0x80} {
			damaged := bytes.Clone(whole)
			damaged[i] ^= bit
			entries, wrong := replay(testID, damaged)
			before := bytes.Count(whole[:i], []byte("\n"))
			if len(entries) != before || i < lastLine-1 && wrong != before+1 {
				t.Errorf("byte %d, bit %#x: %d entries, want %d; line %d is wrong", i, bit, len(entries), before, wrong)
			}
		}
	}
}

func TestLinesOutOfPlace(t *testing.T) {
	whole := read(t, journalOf(t, newState(t), 4))
	lines := bytes.SplitAfter(whole, []byte("\n"))[:4]
	for name, order := range map[string][]int{"left out": {0, 2, 3}, "swapped": {0, 2, 1, 3}, "twice": {0, 0, 1, 2}, "the first is gone": {1, 2, 3}} {
		var data []byte
		for _, i := range order {
			data = append(data, lines[i]...)
		}
		if _, wrong := replay(testID, data); wrong == 0 {
			t.Errorf("%s: not noticed", name)
		}
	}
	if entries, wrong := replay("ps-20261124-another", whole); wrong != 1 || len(entries) != 0 {
		t.Errorf("under another name: %d entries, line %d is wrong", len(entries), wrong)
	}
}

func TestDamagedJournalIsKept(t *testing.T) {
	state := newState(t)
	path := journalOf(t, state, 3)
	damaged := bytes.Replace(read(t, path), []byte("entry 1"), []byte("entry 7"), 1)
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	other, err := CreateJournal(state, "other")
	if err := errors.Join(err, other.Close()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the lock was given up
		orphans, err := Orphans(state)
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path+", line 2") || len(orphans) != 1 {
			t.Fatalf("%v, %v", orphans, err)
		}
		if err := orphans[0].Close(); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(read(t, path), damaged) {
		t.Error("the damaged journal was changed")
	}
}

// TestAppendAfterAFailedOne: half an entry, longer than the next, stands where
// the next one goes. The next one counts, and what sticks out behind it does not.
func TestAppendAfterAFailedOne(t *testing.T) {
	for _, failed := range []string{"", "x", strings.Repeat("half an entry ", 50), strings.Repeat("a whole one ", 50) + "\n"} {
		state := newState(t)
		j := newJournal(t, state)
		appendEntry(t, j, 0)
		if _, err := j.file.WriteAt([]byte(failed), j.end); err != nil {
			t.Fatal(err)
		}
		appendEntry(t, j, 1)
		appendEntry(t, j, 2)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if got := texts(t, takeOne(t, state).Entries); !slices.Equal(got, []string{"entry 0", "entry 1", "entry 2"}) {
			t.Errorf("after %.20q: %v", failed, got)
		}
	}
}

func TestConcurrentAppends(t *testing.T) {
	state := newState(t)
	j := newJournal(t, state)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 5 {
				if err := j.Append("note", fmt.Sprint("entry ", i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(takeOne(t, state).Entries); n != 40 {
		t.Errorf("%d entries", n)
	}
}

// TestNobodyTakesANewbornOver makes journals while others look for orphans all
// the time.
func TestNobodyTakesANewbornOver(t *testing.T) {
	state := newState(t)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				orphans, err := Orphans(state)
				if err != nil || len(orphans) > 0 {
					t.Errorf("a living journal was taken over: %v, %v", orphans, err)
					return
				}
			}
		})
	}
	for i := range 40 {
		j, err := CreateJournal(state, fmt.Sprint("journal-", i))
		if err != nil {
			t.Error(err)
			break
		}
		if err := j.Remove(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
}

// TestStillNamed: a journal that was removed, and perhaps made anew, between
// opening and locking it is not the one to take over.
func TestStillNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, c := range []struct {
		name   string
		change func() error
		want   bool
	}{
		{"as it was opened", func() error { return nil }, true},
		{"removed", func() error { return os.Remove(path) }, false},
		{"made anew", func() error { return os.WriteFile(path, nil, 0o600) }, false},
	} {
		if err := c.change(); err != nil {
			t.Skipf("NOT RUN: an open file cannot be removed here: %v", err)
		}
		if got, err := stillNamed(f, path); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// FuzzReplay feeds foreign bytes: what is read is exactly what this package would
// have written.
func FuzzReplay(f *testing.F) {
	var lines []byte
	sum := testID
	for i := range 3 {
		line, next, err := Entry{Kind: "note", Data: json.RawMessage(fmt.Sprintf(`{"n":%d}`, i))}.encode(sum)
		if err != nil {
			f.Fatal(err)
		}
		lines, sum = append(lines, line...), next
	}
	f.Add(lines)
	f.Add(lines[:len(lines)-3])
	f.Add([]byte(`{"sum":"` + strings.Repeat("0", 16) + `"}`))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, wrong := replay(testID, data)
		var again []byte
		sum := testID
		for _, e := range entries {
			line, next, err := e.encode(sum)
			if err != nil {
				t.Fatal(err)
			}
			again, sum = append(again, line...), next
		}
		if !bytes.HasPrefix(data, again) || wrong < 0 {
			t.Errorf("entries that are not in the data, line %d", wrong)
		}
	})
}
