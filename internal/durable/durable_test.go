package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

func stateDir(t *testing.T) string {
	t.Helper()
	dir, err := Dir(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestDirOrder(t *testing.T) {
	base := t.TempDir()
	t.Setenv(StateDirVariable, filepath.Join(base, "env"))
	if dir, err := Dir(filepath.Join(base, "flag")); err != nil || filepath.Base(dir) != "flag" {
		t.Errorf("with a flag: %s, %v", dir, err)
	}
	if dir, err := Existing(""); err != nil || dir != "" {
		t.Errorf("before it was made: %q, %v", dir, err)
	}
	dir, err := Dir("")
	if err != nil || filepath.Base(dir) != "env" {
		t.Errorf("with the variable: %s, %v", dir, err)
	}
	if again, err := Existing(""); err != nil || again != dir {
		t.Errorf("after it was made: %q, %v", again, err)
	}
	if info, err := os.Stat(dir); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	file := filepath.Join(base, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Dir(file); !errors.Is(err, ErrStateDir) {
		t.Errorf("a file as the state folder: %v", err)
	}
}

func TestWriteFileNeverReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "record")
	if err := WriteFile(path, []byte("first"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, []byte("second"), 0o644); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second write: %v", err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "first" {
		t.Errorf("holds %q, %v", data, err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("temporary files were left: %v, %v", files, err)
	}
}

// abandon closes a journal's descriptor the way a dying process does.
func abandon(t *testing.T, j *Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestJournalOfDeadOwner(t *testing.T) {
	state := stateDir(t)
	j, err := CreateJournal(state, "ps-1")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := j.Append("note", map[string]int{"n": i}); err != nil {
			t.Fatal(err)
		}
	}
	if orphans, err := Orphans(state); err != nil || len(orphans) != 0 {
		t.Fatalf("a journal whose owner lives was taken: %v, %v", orphans, err)
	}
	abandon(t, j)
	orphans, err := Orphans(state)
	if err != nil || len(orphans) != 1 || len(orphans[0].Entries) != 3 {
		t.Fatalf("orphans: %v, %v", orphans, err)
	}
	if got := string(orphans[0].Entries[2].Data); got != `{"n":2}` {
		t.Errorf("last entry %s", got)
	}
	if again, err := Orphans(state); err != nil || len(again) != 0 {
		t.Errorf("an orphan was adopted twice: %v, %v", again, err)
	}
	if err := orphans[0].Remove(); err != nil {
		t.Fatal(err)
	}
	if again, err := Orphans(state); err != nil || len(again) != 0 {
		t.Errorf("a removed journal is still there: %v, %v", again, err)
	}
}

// TestJournalCutAnywhere cuts a journal at each byte, as a power cut may: what is
// read back is always a prefix of what was appended.
func TestJournalCutAnywhere(t *testing.T) {
	state := stateDir(t)
	j, err := CreateJournal(state, "ps-1")
	if err != nil {
		t.Fatal(err)
	}
	var ends []int64
	for i := range 4 {
		if err := j.Append("note", fmt.Sprint("entry ", i)); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, j.end)
	}
	abandon(t, j)
	path := filepath.Join(state, Journals, "ps-1"+journalEnding)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, end := range ends {
			if int64(cut) >= end {
				want++
			}
		}
		orphans, err := Orphans(state)
		if err != nil || len(orphans) != 1 || len(orphans[0].Entries) != want {
			t.Fatalf("cut at %d: %v, %v, want %d entries", cut, orphans, err, want)
		}
		if err := orphans[0].Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamagedJournalIsKept(t *testing.T) {
	state := stateDir(t)
	j, err := CreateJournal(state, "ps-1")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := j.Append("note", "something"); err != nil {
			t.Fatal(err)
		}
	}
	abandon(t, j)
	path := filepath.Join(state, Journals, "ps-1"+journalEnding)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Replace(data, []byte("something"), []byte("sometimes"), 1)
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if orphans, err := Orphans(state); !errors.Is(err, ErrDamaged) || len(orphans) != 0 {
		t.Fatalf("orphans %v, error %v", orphans, err)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, damaged) {
		t.Errorf("the damaged journal was changed: %v", err)
	}
}

// TestJournalThatNeverGotItsName: what a process leaves that died before its
// journal had a name is cleared away, but not while it may still be at it.
func TestJournalThatNeverGotItsName(t *testing.T) {
	state := stateDir(t)
	path := filepath.Join(state, Journals, "ps-1"+newEnding)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		age  time.Duration
		stay bool
	}{{0, true}, {time.Hour, false}} {
		then := time.Now().Add(-c.age)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
		if orphans, err := Orphans(state); err != nil || len(orphans) != 0 {
			t.Fatalf("orphans %v, %v", orphans, err)
		}
		if _, err := os.Stat(path); (err == nil) != c.stay {
			t.Errorf("after %v it is there: %v", c.age, err == nil)
		}
	}
}

// TestReservedSpace: the journal's space is there from the beginning.
func TestReservedSpace(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("NOT RUN: space is reserved on Linux only")
	}
	j, err := CreateJournal(stateDir(t), "ps-1")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Remove()
	if got := allocated(t, j.file); got < reserveBytes {
		t.Errorf("%d bytes are allocated, want %d", got, reserveBytes)
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte("{}\n"))
	f.Add([]byte(`{"sum":"74234e98afe7498f","entry":{}}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := os.Create(filepath.Join(t.TempDir(), "j"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if _, err := file.Write(data); err != nil {
			t.Fatal(err)
		}
		entries, err := readEntries(file)
		if err != nil && entries != nil {
			t.Error("entries of a journal that is damaged")
		}
		if len(entries) > bytes.Count(data, []byte("\n")) {
			t.Error("more entries than lines")
		}
	})
}
