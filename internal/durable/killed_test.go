package durable

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// victimVariable makes the test program the process that is killed: it names the
// state folder to work in.
const victimVariable = "PANOSCRUB_TEST_VICTIM"

func TestMain(m *testing.M) {
	if state := os.Getenv(victimVariable); state != "" {
		victim(state, os.Getenv(victimVariable+"_ROUND"))
	}
	os.Exit(m.Run())
}

// recordFor is the record of a journal: a text that shows when it is cut.
func recordFor(id string) []byte { return []byte(strings.Repeat(id+"\n", 2000) + "end") }

// victim lives runs until it is killed, and says what it has been told is
// durable.
func victim(state, round string) {
	say := func(what, id string) { fmt.Println(what, id) }
	for i := 0; ; i++ {
		id := fmt.Sprintf("round-%s-run-%d", round, i)
		j, err := CreateJournal(state, id)
		for n := 0; err == nil && n < 4; n++ {
			if err = j.Append("note", strings.Repeat("x", n*3000)); err == nil {
				say("entry", id)
			}
		}
		if err == nil {
			if err = WriteFile(filepath.Join(state, Records, id), recordFor(id), 0o600); err == nil {
				say("record", id)
			}
		}
		if err == nil {
			if err = j.Remove(); err == nil {
				say("removed", id)
			}
		}
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
}

// said is what one victim told of one run.
type said struct {
	entries         int
	record, removed bool
}

// TestKilledAtAnyMoment kills a process that keeps journals and records, 50 times
// in the same state folder. Whatever it was told to be durable is there, no record
// is ever cut, and afterwards every run that had begun has its record.
func TestKilledAtAnyMoment(t *testing.T) {
	state := newState(t)
	begun := 0
	for round := range 50 {
		told := killOne(t, state, round)
		orphans, err := Orphans(state)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		entries := map[string]int{}
		for _, o := range orphans {
			entries[o.CertificateID] = len(o.Entries)
		}
		for id, s := range told {
			n, orphaned := entries[id]
			if s.removed && orphaned || !s.record && !orphaned || orphaned && n < s.entries {
				t.Errorf("round %d, %s: it said %+v, and left %d entries in an orphan (%v)", round, id, s, n, orphaned)
			}
		}
		recoverAll(t, state, orphans)
		for id, s := range told {
			if data, err := os.ReadFile(filepath.Join(state, Records, id)); s.entries > 0 && (err != nil || !bytes.Equal(data, recordFor(id))) {
				t.Errorf("round %d, %s: the record is missing or cut: %v", round, id, err)
			}
			begun++
		}
	}
	if begun < 50 {
		t.Errorf("only %d runs had begun", begun)
	}
	wantFiles(t, filepath.Join(state, Journals), ".lock")
	if _, err := Dir(state); err != nil {
		t.Error(err)
	}
}

// killOne starts a victim, kills it at some moment after its first words, and
// returns what it said.
func killOne(t *testing.T, state string, round int) map[string]said {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), victimVariable+"="+state, victimVariable+"_ROUND="+fmt.Sprint(round))
	out, err := cmd.StdoutPipe()
	if err := errors.Join(err, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	told := map[string]said{}
	lines := bufio.NewScanner(io.TeeReader(out, io.Discard))
	for first := true; lines.Scan(); first = false {
		if first {
			go func() {
				time.Sleep(time.Duration(rand.IntN(12_000)) * time.Microsecond)
				_ = cmd.Process.Kill()
			}()
		}
		what, id, _ := strings.Cut(lines.Text(), " ")
		s := told[id]
		switch what {
		case "entry":
			s.entries++
		case "record":
			s.record = true
		case "removed":
			s.removed = true
		default:
			t.Errorf("round %d: the victim says %q", round, lines.Text())
		}
		told[id] = s
	}
	_ = cmd.Wait() // it was killed
	return told
}

func recoverAll(t *testing.T, state string, orphans []*Orphan) {
	t.Helper()
	for _, o := range orphans {
		if len(o.Entries) > 0 {
			err := WriteFile(filepath.Join(state, Records, o.CertificateID), recordFor(o.CertificateID), 0o600)
			if err != nil && !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
		}
		if err := o.Remove(); err != nil {
			t.Error(err)
		}
	}
}
