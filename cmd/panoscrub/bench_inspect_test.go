//go:build linux

package main

import (
	"archive/zip"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/scan/scantest"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// benchDrives are what inspect is timed on. The last ones were made to take
// long: what matters is their ratio to random bytes.
var benchDrives = []struct {
	name string
	make func(t *testing.T, path string)
}{
	{"random bytes", func(t *testing.T, path string) { scantest.Fill(t, path, benchBytes, scantest.Random(1, 8<<20)) }},
	{"a used drive", oldDrive},
	{"a PEM header in each sector", func(t *testing.T, path string) { scantest.Fill(t, path, benchBytes, scantest.Headers(8<<20)) }},
	{"100,000 ZIP members", func(t *testing.T, path string) {
		scantest.Fill(t, path, benchBytes, scantest.Members(8<<20, 100_000/(benchBytes>>23), zip.Deflate))
	}},
	{"a million deleted entries", func(t *testing.T, path string) { scantest.Crowded(t, path, benchBytes, 1_000_000) }},
}

// oldDrive is a FAT32 volume as one that was in use for years: programs, text,
// archives of text, photos for which random bytes stand, deleted files, and a part
// that was never written.
func oldDrive(t *testing.T, path string) {
	t.Helper()
	testtool.Need(t, "mkfs.vfat", "mcopy", "mdel", "zip")
	dir := t.TempDir()
	testtool.Run(t, "", "truncate", "-s", strconv.Itoa(benchBytes), path)
	testtool.Run(t, "", "mkfs.vfat", "-F", "32", path)
	goroot := strings.TrimSpace(testtool.Run(t, "", "go", "env", "GOROOT"))
	source := filepath.Join(goroot, "src")
	testtool.Run(t, "", "sh", "-c", fmt.Sprintf("cd %s && zip -qr %s/source.zip . -i '*.go'", source, dir))
	testtool.Run(t, "", "sh", "-c", fmt.Sprintf("cd %s && find . -name '*.go' -exec cat {} + | head -c 200000000 >%s/text.txt", source, dir))
	scantest.Fill(t, filepath.Join(dir, "photos.bin"), 300<<20, scantest.Random(5, 8<<20))
	for _, file := range []string{"source.zip", "text.txt", "photos.bin"} {
		testtool.Run(t, "", "mcopy", "-i", path, filepath.Join(dir, file), "::/"+file)
	}
	testtool.Run(t, "", "mcopy", "-i", path, filepath.Join(dir, "text.txt"), "::/gone.txt")
	for n := range 3 {
		testtool.Run(t, "", "mcopy", "-i", path, filepath.Join(goroot, "bin", "go"), fmt.Sprintf("::/program%d", n))
	}
	testtool.Run(t, "", "mdel", "-i", path, "::/gone.txt")
}

func benchInspect(t *testing.T, dir, file string) {
	var random float64
	for _, drive := range benchDrives {
		drive.make(t, file)
		testtool.Run(t, "", "sh", "-c", "cat "+file+" >/dev/null") // into the page cache
		var cats, greps, inspects []float64
		var peak int64
		for range benchRounds {
			cats = append(cats, seconds(t, "sh", "-c", "cat "+file+" >/dev/null"))
			greps = append(greps, seconds(t, "sh", "-c", "LC_ALL=C grep -a -c -F -e '-----BEGIN ' -e certificates-omni_ -e device- "+file+" || true"))
			took, rss := inspectOnce(t, filepath.Join(dir, "state"), file)
			inspects, peak = append(inspects, took), max(peak, rss)
		}
		t.Logf("%s:", drive.name)
		row(t, "  cat, from the page cache", cats, 0)
		row(t, "  grep -a -F, three strings", greps, 0)
		row(t, "  panoscrub inspect", inspects, median(greps))
		if random == 0 {
			random = median(inspects)
		}
		t.Logf("%-32s %6.2f times that of random bytes, peak memory %.1f MiB", "  its time", median(inspects)/random, float64(peak)/1024)
		benchBulkExtractor(t, file, median(inspects))
	}
}

// inspectOnce returns the seconds that inspect takes, and its peak memory in KiB.
func inspectOnce(t *testing.T, state, file string) (float64, int64) {
	t.Helper()
	start := time.Now()
	cmd := program(state, "inspect", file)
	out, err := cmd.CombinedOutput()
	took := time.Since(start).Seconds()
	// 1 is for what could not be looked at in full, 3 for leftovers.
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1 && exit.ExitCode() != 3) {
		t.Fatalf("%v %s", err, out)
	}
	if !strings.Contains(string(out), "\nCLEAN") && !strings.Contains(string(out), "\nLEFTOVERS") && !strings.Contains(string(out), "\nINCOMPLETE") {
		t.Fatalf("no verdict: %s", out)
	}
	return took, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
}

// benchBulkExtractor times the forensic scanner that finds keys and archives by
// content, too, where it is installed.
func benchBulkExtractor(t *testing.T, file string, ours float64) {
	if _, err := exec.LookPath("bulk_extractor"); err != nil {
		t.Log("NOT RUN: bulk_extractor is not installed")
		return
	}
	out := filepath.Join(t.TempDir(), "out")
	took := seconds(t, "bulk_extractor", "-q", "-o", out, file)
	row(t, "  bulk_extractor", []float64{took}, 0)
	t.Logf("%-32s %6.2f times as fast", "  panoscrub inspect", took/ours)
}
