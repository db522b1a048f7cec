package drive_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/panoscrub/panoscrub/internal/drive"
)

// TestRealWatch follows a loop device of the running kernel through its life. The
// test waits as long as it may run; how soon a change is seen is for the lab.
func TestRealWatch(t *testing.T) {
	command(t, "losetup", "--version")
	image := filepath.Join(t.TempDir(), "stick.img")
	writeFile(t, image, "")
	if err := os.Truncate(image, 16<<20); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	seen, ended := make(chan drive.Change), make(chan error, 1)
	began := make(chan error, 1)
	go func() {
		ended <- drive.Host().Watch(ctx, func(l drive.Look) error {
			select {
			case began <- l.Polling:
			default:
			}
			for _, c := range l.Changes {
				if c.Attachment.Backing == image {
					seen <- c
				}
			}
			return nil
		})
	}()
	if polling := <-began; polling != nil {
		t.Errorf("the kernel is not listened to: %v", polling)
	}
	node := command(t, "losetup", "--find", "--show", image)
	attached := true
	defer func() {
		if attached {
			_ = exec.Command("swapoff", node).Run()
			_ = exec.Command("losetup", "--detach", node).Run()
		}
	}()
	expect := func(what drive.Happening, usable bool) {
		t.Helper()
		select {
		case c := <-seen:
			if c.Happening != what || c.Path != node || !c.New || usable != (c.Refused() == nil) {
				t.Errorf("got %s %s, new %v, %v; want %s, usable %v", c.Happening, c.Path, c.New, c.Refused(), what, usable)
			}
		case err := <-ended:
			t.Fatalf("the watch ended with %v", err)
		}
	}
	expect(drive.Added, true)
	command(t, "mkswap", node)
	command(t, "swapon", node)
	expect(drive.Changed, false)
	command(t, "swapoff", node)
	expect(drive.Changed, true)
	command(t, "losetup", "--detach", node)
	attached = false
	expect(drive.Removed, true)
	over := errors.New("over")
	cancel(over)
	if err := <-ended; !errors.Is(err, over) {
		t.Errorf("it ended with %v", err)
	}
}
