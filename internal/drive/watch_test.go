//go:build unix

package drive_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/drive/drivetest"
)

var errStoryEnds = errors.New("the story ends")

// story gives a hint after each of its steps, and ends the watch after the last.
func story(steps ...func()) drive.HintFunc {
	return func(_ context.Context, most time.Duration) (bool, error) {
		if most != drive.Forever {
			return false, nil // nothing more comes
		}
		if len(steps) == 0 {
			return false, errStoryEnds
		}
		steps[0]()
		steps = steps[1:]
		return true, nil
	}
}

// looks watches a machine through a story, and returns what was told at each look.
func looks(t *testing.T, s drive.System, steps ...func()) (told []string) {
	t.Helper()
	err := s.Follow(t.Context(), story(steps...), func(l drive.Look) error {
		var line []string
		for _, c := range l.Changes {
			word := fmt.Sprintf("%s %s", c.Happening, c.Attachment.Node)
			if c.New {
				word += " (new)"
			}
			if c.Refused() != nil {
				word += " refused"
			}
			line = append(line, word)
		}
		told = append(told, strings.Join(line, ", "))
		return nil
	})
	if !errors.Is(err, errStoryEnds) {
		t.Errorf("the watch ended with %v", err)
	}
	return told
}

// machine is a tree whose drives come and go.
type machine struct {
	t *testing.T
	drive.System
}

const stickBlock = "/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb"

func (m machine) pull() {
	if err := os.Remove(m.Root + "/sys/block/sdb"); err != nil {
		m.t.Fatal(err)
	}
}

// plug puts the stick in; no two sequence numbers of a boot are the same.
func (m machine) plug(sequence string) {
	m.sequence(sequence)
	symlink(m.t, m.Root+stickBlock, m.Root+"/sys/block/sdb")
}

func (m machine) sequence(n string) { writeFile(m.t, m.Root+stickBlock+"/diskseq", n+"\n") }

func (m machine) mount() {
	table, err := os.ReadFile(m.Root + "/proc/self/mountinfo")
	if err != nil {
		m.t.Fatal(err)
	}
	writeFile(m.t, m.Root+"/proc/self/mountinfo", string(table)+"201 29 8:17 / /media/ann/PANO rw - vfat /dev/sdb1 rw\n")
}

func TestWatch(t *testing.T) {
	m := machine{t, drivetest.Open(t, "stick")}
	got := looks(t, m.System,
		func() {}, // a hint for nothing
		m.pull,
		func() { m.plug("13") },
		m.mount,
		func() { m.sequence("14") }, // another stick in the same place, between two looks
		func() { m.pull(); m.plug("14") },
		m.pull,
	)
	want := []string{
		"present sdb, present nvme0n1 refused",
		"removed sdb",
		"added sdb (new)",
		"changed sdb (new) refused",
		"removed sdb (new) refused, added sdb (new) refused",
		"removed sdb (new) refused",
	}
	if !slices.Equal(got, want) {
		t.Errorf("told:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestWatchBeginsWithNothing: the first look is told even when there is no drive,
// so that a view knows that it is complete.
func TestWatchBeginsWithNothing(t *testing.T) {
	m := machine{t, drivetest.Open(t, "stick")}
	m.pull()
	if err := os.Remove(m.Root + "/sys/block/nvme0n1"); err != nil {
		t.Fatal(err)
	}
	if got := looks(t, m.System, func() { m.plug("13") }); !slices.Equal(got, []string{"", "added sdb (new)"}) {
		t.Errorf("told %q", got)
	}
}

// TestWatchWithoutSequence: where the kernel does not count its disks, another
// identity in the same place is another drive.
func TestWatchWithoutSequence(t *testing.T) {
	m := machine{t, drivetest.Open(t, "stick")}
	m.sequence("")
	got := looks(t, m.System, m.mount, func() { set("serial", "4C530001230405117399")(t, m.System) })
	want := []string{"present sdb, present nvme0n1 refused", "changed sdb refused", "removed sdb refused, added sdb (new) refused"}
	if !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

// TestWatchLooksComplete: each look has all drives, with those marked that came
// since the watch began.
func TestWatchLooksComplete(t *testing.T) {
	m := machine{t, drivetest.Open(t, "stick")}
	var last drive.Look
	err := m.Follow(t.Context(), story(m.pull, func() { m.plug("13") }), func(l drive.Look) error {
		last = l
		return nil
	})
	if !errors.Is(err, errStoryEnds) || len(last.Drives) != 2 || !last.Drives[0].New || last.Drives[1].New || len(last.Changes) != 1 {
		t.Errorf("got %+v, %v", last, err)
	}
}

func TestWatchEnds(t *testing.T) {
	m := machine{t, drivetest.Open(t, "stick")}
	enough := errors.New("enough")
	if err := m.Follow(t.Context(), story(), func(drive.Look) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("a view that has enough ends it with %v", err)
	}
	blind := func() { _ = os.RemoveAll(m.Root + "/sys/block") }
	if err := m.Follow(t.Context(), story(blind), func(drive.Look) error { return nil }); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a tree that goes ends it with %v", err)
	}
}

// TestWatchEndsWithItsContext: so does a watch of a tree, for which the kernel
// gives no hints.
func TestWatchEndsWithItsContext(t *testing.T) {
	s := drivetest.Open(t, "stick")
	ctx, cancel := context.WithCancelCause(t.Context())
	visits := 0
	err := s.Watch(ctx, func(l drive.Look) error {
		visits++
		if l.Polling == nil {
			t.Error("it does not say that it polls")
		}
		cancel(errStoryEnds)
		return nil
	})
	if !errors.Is(err, errStoryEnds) || visits != 1 {
		t.Errorf("%d visits, %v", visits, err)
	}
}
