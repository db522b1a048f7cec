//go:build linux

package main

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"os"
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
	if os.Getenv("PANOSCRUB_E2E") != "" {
		rounds = 50
	}
	dir := t.TempDir()
	used := filepath.Join(dir, "used.img")
	if _, err := demo.Build(t.Context(), used); err != nil {
		t.Fatal(err)
	}
	before := digestOf(t, used)
	whole := timeWholeRun(t, dir, used)
	state := filepath.Join(dir, "state")
	panoscrub(t, state, 0, "key", "init")
	seen := map[string]int{}
	for round := range rounds {
		image := filepath.Join(dir, "stick.img")
		copyFile(t, used, image)
		known := recordsIn(t, state)
		cmd := program(state, "sanitize", image, "--appliance", appliance, "--yes")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.Int64N(int64(whole) * 11 / 10)))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
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

func timeWholeRun(t *testing.T, dir, used string) time.Duration {
	t.Helper()
	image := filepath.Join(dir, "timed.img")
	copyFile(t, used, image)
	defer os.Remove(image)
	start := time.Now()
	panoscrub(t, filepath.Join(dir, "timed"), 0, "sanitize", image, "--appliance", appliance, "--yes")
	return time.Since(start)
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
