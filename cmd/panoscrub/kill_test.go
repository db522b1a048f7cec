//go:build linux

package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/demo"
)

type listedRecord struct {
	Valid         bool
	Verdict       string
	CertificateID string
}

// TestKill kills sanitize with SIGKILL at random moments. After the next start
// there is a record if the image was touched, it verifies, it says PASS only
// where the image really holds what a PASS attests, and the state folder works.
func TestKill(t *testing.T) {
	rounds := 8
	switch {
	case os.Getenv("PANOSCRUB_E2E") != "":
		rounds = 50
	case testing.Short():
		rounds = 3
	}
	dir := t.TempDir()
	used := filepath.Join(dir, "used.img")
	if _, err := demo.Build(t.Context(), used); err != nil {
		t.Fatal(err)
	}
	before := digestOf(t, used)
	events := countEvents(t, dir, used)
	state := filepath.Join(dir, "state")
	panoscrub(t, state, 0, "key", "init")
	seen := map[string]int{}
	for round := range rounds {
		image := filepath.Join(dir, "stick.img")
		copyFile(t, used, image)
		known := recordsIn(t, state)
		killAfter(t, program(state, "sanitize", image, "--appliance", appliance, "--yes", "--events"), rand.IntN(events))
		panoscrub(t, state, 0, "records") // the next start
		requireNoJournals(t, state)
		records := recordsIn(t, state)
		touched := !bytes.Equal(digestOf(t, image), before)
		added := slices.DeleteFunc(slices.Clone(records), func(r string) bool { return slices.Contains(known, r) })
		switch {
		case len(added) == 1:
			seen[judgeKilled(t, state, added[0], image)]++
		case touched || len(added) > 1:
			t.Fatalf("round %d: touched: %v, and %d records were added", round, touched, len(added))
		default:
			seen["untouched"]++
		}
	}
	t.Logf("of %d kills: %v", rounds, seen)
	if seen["INCOMPLETE"] == 0 {
		t.Error("no kill came in the middle of a run: this test has shown nothing")
	}
}

// judgeKilled verifies the record that a kill left. A PASS is believed only when
// the image itself agrees with it.
func judgeKilled(t *testing.T, state, record, image string) string {
	t.Helper()
	r := unmarshal[listedRecord](t, panoscrub(t, state, 0, "verify", "--json", record))
	switch r.Verdict {
	case "INCOMPLETE":
	case "PASS":
		panoscrub(t, state, 0, "verify", record, "--drive", image)
	default:
		t.Fatalf("a kill led to the verdict %s", r.Verdict)
	}
	return r.Verdict
}

// countEvents lets one run reach its end, and counts what it tells.
func countEvents(t *testing.T, dir, used string) int {
	t.Helper()
	image := filepath.Join(dir, "counted.img")
	copyFile(t, used, image)
	defer os.Remove(image)
	out := panoscrub(t, filepath.Join(dir, "counted"), 0, "sanitize", image, "--appliance", appliance, "--yes", "--events")
	return bytes.Count(out, []byte("\n"))
}

// killAfter starts a run and kills it a random moment after one of its events:
// every stage is hit, on a fast machine and on a slow one.
func killAfter(t *testing.T, cmd *exec.Cmd, events int) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for range events {
		if _, err := lines.ReadBytes('\n'); err != nil {
			break // over already, as this run told less than the one that was counted
		}
	}
	time.Sleep(rand.N(50 * time.Millisecond))
	_ = cmd.Process.Kill()
	_, _ = io.Copy(io.Discard, lines)
	_ = cmd.Wait()
}

func requireNoJournals(t *testing.T, state string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(state, "journal", "*.jsonl"))
	if err != nil || len(left) > 0 {
		t.Fatalf("journals were left: %v %v", left, err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
}

func digestOf(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return h.Sum(nil)
}
