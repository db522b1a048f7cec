package udisks_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/testtool"
	"github.com/panoscrub/panoscrub/internal/udisks"
)

// dial connects to the service on the test's bus.
func dial(t *testing.T) *udisks.Service {
	t.Helper()
	s, err := udisks.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// loopDevice makes a drive of an image, without partitions: not even those that a
// former user of the loop device left.
func loopDevice(t *testing.T, image string) (node string) {
	t.Helper()
	testtool.NeedRoot(t)
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		t.Skip("NOT RUN: loop devices need /dev/loop-control")
	}
	node = strings.TrimSpace(testtool.Run(t, "", "losetup", "--partscan", "--find", "--show", image))
	t.Cleanup(func() {
		if out, err := exec.Command("losetup", "--detach", node).CombinedOutput(); err != nil {
			t.Errorf("detaching %s: %v: %s", node, err, out)
		}
	})
	return node
}
