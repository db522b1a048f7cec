package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

// TestStateFolderOnTheDrive: the drive that the state folder lies on is refused
// for that, in every command.
func TestStateFolderOnTheDrive(t *testing.T) {
	image := filepath.Join(t.TempDir(), "stick.img")
	if err := os.WriteFile(image, make([]byte, 16<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	node, point := attachLoop(t, image, "512"), t.TempDir()
	testtool.Run(t, "", "mkfs.ext4", "-q", node)
	if out, err := testtool.Try(t, "mount", "-t", "ext4", node, point); err != nil {
		t.Skipf("NOT RUN: ext4 cannot be mounted here: %s", out)
	}
	t.Cleanup(func() { testtool.Run(t, "", "umount", point) })
	state := filepath.Join(point, "state")
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	doc := string(panoscrub(t, state, 0, "drives", "--json"))
	if want := "what this program itself needs is on it: the state folder " + state; !strings.Contains(doc, want) {
		t.Errorf("%q is not in\n%s", want, doc)
	}
	panoscrub(t, state, 4, "inspect", node)
}
