package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

// TestHostileNames has a drive with names that a terminal would obey: nothing of
// them reaches an output as it is, and JSON still says what they are.
func TestHostileNames(t *testing.T) {
	dir := t.TempDir()
	image, key := filepath.Join(dir, "image"), filepath.Join(dir, "key.pem")
	testtool.Run(t, "", "openssl", "genrsa", "-out", key, "2048")
	testtool.Run(t, "", "mkfs.vfat", "-C", "-F", "16", "--invariant", "-n", "LABEL", image, "9000")
	// What the names stand for is put in place of capitals afterwards, as no honest
	// program writes such names.
	names := map[string]rune{"first Q name.pem": 0x1B, "second X name.pem": 0x202E, "third W name.pem": 0x0A, "fourth Y name.pem": 0x9B, "fifth V name.pem": 0x2028}
	for name := range names {
		testtool.Run(t, "", "mcopy", "-i", image, key, "::/"+name)
	}
	drive, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range names {
		stands := []byte(strings.Trim(name, "abcdefghijklmnopqrstuvwxyz ."))
		was := append(append([]byte(" \x00"), stands[0], 0), " \x00"...)
		now := append(append([]byte(" \x00"), byte(r), byte(r>>8)), " \x00"...)
		if bytes.Count(drive, was) != 1 {
			t.Fatalf("%q stands %d times on the drive", name, bytes.Count(drive, was))
		}
		drive = bytes.Replace(drive, was, now, 1)
	}
	drive = bytes.Replace(drive, []byte("LABEL      \x08"), []byte("L\x1B[31m     \x08"), 1)
	if err := os.WriteFile(image, drive, 0o600); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(dir, "state")
	doc := panoscrub(t, state, 3, "inspect", image, "--json")
	type finding struct{ Path string }
	var report struct{ Findings []finding }
	if err := json.Unmarshal(doc, &report); err != nil {
		t.Fatal(err)
	}
	for name, r := range names {
		want := "/" + strings.Map(func(c rune) rune {
			if unicode.IsUpper(c) {
				return r
			}
			return c
		}, name)
		if !slices.ContainsFunc(report.Findings, func(f finding) bool { return f.Path == want }) {
			t.Errorf("%q is not in the report", want)
		}
	}
	noControl(t, "inspect --json", doc)
	noControl(t, "inspect", panoscrub(t, state, 3, "inspect", image))
	noControl(t, "rules test", panoscrub(t, state, 3, "rules", "test", image))
	noControl(t, "sanitize --events", panoscrub(t, state, 0, "sanitize", image, "--appliance", appliance, "--yes", "--events"))
	record := onlyRecord(t, state)
	noControl(t, "verify --json", panoscrub(t, state, 0, "verify", record, "--json"))
}

// noControl fails when an output has anything in it but what is printed and ends
// of lines.
func noControl(t *testing.T, what string, output []byte) {
	t.Helper()
	for i, r := range string(output) {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%s: %U at byte %d", what, r, i)
		}
	}
}
