package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/panoscrub/panoscrub/internal/demo"
)

// TestMain lets the test binary be the program itself: scripts find it as
// "panoscrub", and the tests below start it through the same door.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"panoscrub": main})
}

const asProgram = "PANOSCRUB_TEST_AS_PROGRAM"

// TestStories runs the stories in testdata/script, each a user's way through the
// program.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", "script"),
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PANOSCRUB_STATE_DIR", filepath.Join(env.WorkDir, "state"))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"used":      usedDrive,
			"truncate":  truncate,
			"damage":    damage,
			"overwrite": overwrite,
			"status":    status,
		},
	})
}

// used FILE makes a used provisioning drive as an image.
func usedDrive(ts *testscript.TestScript, _ bool, args []string) {
	_, err := demo.Build(context.Background(), ts.MkAbs(args[0]))
	ts.Check(err)
}

// truncate FILE SIZE makes a file of that many zero bytes.
func truncate(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(f.Close())
	ts.Check(os.Truncate(ts.MkAbs(args[0]), int64(number(ts, args[1]))))
}

// damage FILE OLD NEW replaces the first OLD in a file.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	if !bytes.Contains(data, []byte(args[1])) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(path, bytes.Replace(data, []byte(args[1]), []byte(args[2]), 1), 0o644))
}

// overwrite FILE OFFSET TEXT changes some bytes in the middle of a file.
func overwrite(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_WRONLY, 0)
	ts.Check(err)
	_, err = f.WriteAt([]byte(args[2]), int64(number(ts, args[1])))
	ts.Check(err)
	ts.Check(f.Close())
}

// status CODE ARGS… runs the program and insists on its exit code.
func status(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec("panoscrub", args[1:]...)
	var exit *exec.ExitError
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if want := number(ts, args[0]); got != want {
		ts.Fatalf("panoscrub %v: exit code %d, want %d", args[1:], got, want)
	}
}

func number(ts *testscript.TestScript, s string) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' {
			ts.Fatalf("%q is not a number", s)
		}
		n = n*10 + int(c-'0')
	}
	return n
}
