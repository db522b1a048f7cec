package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// appliance is an invented device ID of the form that real ones have.
const appliance = "device-abcdefghijklmnopqrstuvwxya"

// program prepares a start of panoscrub with its own state folder.
func program(state string, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "PANOSCRUB_STATE_DIR="+state)
	return cmd
}

// panoscrub runs the program, insists on its exit code, and returns its stdout.
func panoscrub(t *testing.T, state string, code int, args ...string) []byte {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := program(state, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if got := exitCodeOf(t, cmd.Run()); got != code {
		t.Fatalf("panoscrub %s: exit code %d, want %d\n%s\n%s", strings.Join(args, " "), got, code, &stdout, &stderr)
	}
	return stdout.Bytes()
}

func exitCodeOf(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	t.Fatal(err)
	return -1
}

// onlyRecord is the one record in a state folder.
func onlyRecord(t *testing.T, state string) string {
	t.Helper()
	records := recordsIn(t, state)
	if len(records) != 1 {
		t.Fatalf("%d records in %s, want 1", len(records), state)
	}
	return records[0]
}

func recordsIn(t *testing.T, state string) []string {
	t.Helper()
	records, err := filepath.Glob(filepath.Join(state, "records", "*.dsse.json"))
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// unmarshal parses a JSON document that must be nothing but that.
func unmarshal[T any](t *testing.T, data []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return v
}
