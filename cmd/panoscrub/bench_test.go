//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

const (
	benchBytes  = 1 << 30
	benchRounds = 5
)

// TestBench compares the program with what a user would take instead, side by
// side on one file: rounds alternate, and the medians' ratio is what counts.
// "make bench" runs it; it asserts nothing, as machines differ.
func TestBench(t *testing.T) {
	if os.Getenv("PANOSCRUB_BENCH") == "" {
		t.Skip("NOT RUN: benchmarks run with make bench")
	}
	testtool.Need(t, "dd", "cat", "sh")
	dir := benchFolder(t)
	file := filepath.Join(dir, "file")
	testtool.Run(t, "", "sh", "-c", fmt.Sprintf("head -c %d /dev/urandom >%s", benchBytes, file))
	printMachine(t, dir)
	t.Run("drives", benchListing)
	t.Run("overwrite and read-back", func(t *testing.T) { benchSanitize(t, dir, file) })
	t.Run("inspect", func(t *testing.T) { benchInspect(t, dir, file) })
}

// benchListing times a whole start of the program that lists the drives of this
// machine. What each further drive costs is in BenchmarkList of package drive,
// whose machine has 30.
func benchListing(t *testing.T) {
	state, found := t.TempDir(), listing{}
	var times []float64
	for range 20 {
		start := time.Now()
		found = unmarshal[listing](t, panoscrub(t, state, 0, "drives", "--json"))
		times = append(times, time.Since(start).Seconds())
	}
	t.Logf("%-32s %6.1f ms from start to end, with %d drives", "panoscrub drives", 1e3*median(times), len(found.Drives))
}

// benchFolder is on a disk, not in memory: dd's direct writes need one.
func benchFolder(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("PANOSCRUB_BENCH_DIR"); dir != "" {
		return dir
	}
	return t.TempDir()
}

func printMachine(t *testing.T, dir string) {
	t.Logf("%s/%s, %d CPUs, %s, %d bytes a round, %d rounds, medians", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), benchBytes, benchRounds)
	t.Logf("folder %s", filepath.Base(dir))
}

func benchSanitize(t *testing.T, dir, file string) {
	var dds, reads, cats, overwrites, readBacks []float64
	var peak int64
	for round := range benchRounds {
		cats = append(cats, seconds(t, "sh", "-c", "cat "+file+" >/dev/null"))
		// What cat left in the page cache would be thrown out by the next direct
		// write, in its time. Writing follows reading for both, as it does in a run.
		seconds(t, "dd", "of="+file, "oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none")
		seconds(t, "dd", "if="+file, "of=/dev/null", "bs=4M", "iflag=direct", "status=none")
		dds = append(dds, seconds(t, "dd", "if=/dev/zero", "of="+file, "bs=4M", fmt.Sprintf("count=%d", benchBytes>>22), "oflag=direct", "conv=notrunc,fdatasync", "status=none"))
		reads = append(reads, seconds(t, "dd", "if="+file, "of=/dev/null", "bs=4M", "iflag=direct", "status=none"))
		stages, rss := sanitizeOnce(t, filepath.Join(dir, fmt.Sprintf("state%d", round)), file)
		overwrites, readBacks = append(overwrites, stages["overwrite"]), append(readBacks, stages["read-back"])
		peak = max(peak, rss)
	}
	row(t, "dd oflag=direct bs=4M (write)", dds, 0)
	row(t, "panoscrub overwrite", overwrites, median(dds))
	row(t, "dd iflag=direct bs=4M (read)", reads, 0)
	row(t, "panoscrub read-back", readBacks, median(reads))
	row(t, "cat, through the page cache", cats, 0)
	t.Logf("%-32s %6.1f MiB", "peak memory of the whole run", float64(peak)/1024)
}

// sanitizeOnce runs the whole flow and returns the seconds of each stage and the
// peak memory in KiB.
func sanitizeOnce(t *testing.T, state, file string) (map[string]float64, int64) {
	t.Helper()
	var stdout bytes.Buffer
	cmd := program(state, "sanitize", file, "--appliance", appliance, "--yes", "--json")
	cmd.Stdout = &stdout
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	var result struct {
		Stages []struct {
			Name    string
			Seconds float64
		}
	}
	if err := json.Unmarshal(stdout.Bytes(), &result); err != nil {
		t.Fatal(err)
	}
	stages := map[string]float64{}
	for _, s := range result.Stages {
		stages[s.Name] += s.Seconds
	}
	return stages, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
}

func seconds(t *testing.T, name string, args ...string) float64 {
	t.Helper()
	start := time.Now()
	testtool.Run(t, "", name, args...)
	return time.Since(start).Seconds()
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// row prints a median speed, and its ratio to the peer's time where there is one.
func row(t *testing.T, name string, times []float64, peer float64) {
	m := median(times)
	line := fmt.Sprintf("%-32s %6.0f MB/s", name, benchBytes/1e6/m)
	if peer > 0 {
		line += fmt.Sprintf("   %.2f of its peer's speed", peer/m)
	}
	t.Log(line)
}
