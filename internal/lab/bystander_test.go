package lab_test

import (
	"slices"

	"github.com/panoscrub/panoscrub/internal/lab"
)

// bystander is a disk that must not be touched from now on, whatever else is done.
type bystander struct {
	story
	disk    lab.Disk
	node    string // "" for one that is pulled
	digest  string
	written lab.Written
	opened  int // attempts before, on whatever disk
}

func (s story) watch(d lab.Disk) bystander {
	s.Helper()
	s.must("sync")
	return bystander{s, d, d.Find(s.T), d.Digest(s.T), d.Written(s.T), len(s.guest.Openings(s.T))}
}

// untouched makes sure of it in three ways: by the bytes on the disk, by what the
// emulator was asked to write, and by what the kernel was asked to open. It is
// deferred, so that it is looked at also when the program did something else than
// refuse.
func (b bystander) untouched() {
	b.Helper()
	b.unopened(b.opened, func(o lab.Opening) bool { return b.node != "" && o.Of(b.node) })
	b.unchanged()
}

// unchanged makes sure of it for a disk that the kernel does not let be opened,
// which may be tried.
func (b bystander) unchanged() {
	b.Helper()
	b.unwritten(b.disk, b.written)
	if b.disk.Digest(b.T) != b.digest {
		b.Error("the bytes of a drive that was refused have changed")
	}
}

// unwritten makes sure that no command has come to a disk that could write, not
// even one that failed.
func (s story) unwritten(d lab.Disk, before lab.Written) {
	s.Helper()
	if now := d.Written(s.T); now != before {
		s.Errorf("a drive that was refused was written to: before %+v, now %+v", before, now)
	}
}

// unopened makes sure that nobody has tried to open any of some disks.
func (s story) unopened(before int, concerned func(lab.Opening) bool) {
	s.Helper()
	opened := s.guest.Openings(s.T)[before:]
	if i := slices.IndexFunc(opened, concerned); i >= 0 {
		s.Errorf("somebody wanted to open a drive that was refused: %+v", opened[i])
	}
}

// scene is what all sticks had been through when the program was started.
type scene struct {
	story
	written map[*lab.Plugged]lab.Written
	opened  int
}

func (s story) look() scene {
	s.Helper()
	// What others have yet to write is no work of the program's.
	s.must("sync")
	now := scene{s, map[*lab.Plugged]lab.Written{}, len(s.guest.Openings(s.T))}
	for _, stick := range s.guest.Sticks() {
		now.written[stick] = stick.Written(s.T)
	}
	return now
}

// untouched makes sure that no disk has been opened since, and no stick written to.
// It is asked after whatever ends as refused; see [story.ends].
func (before scene) untouched() {
	before.Helper()
	before.unopened(before.opened, func(lab.Opening) bool { return true })
	for _, stick := range before.guest.Sticks() {
		before.unwritten(stick.Disk, before.written[stick])
	}
}

// refused tries to use a drive that must be refused for a reason, and stays
// untouched.
func (s story) refused(disk lab.Disk, node, reason string) {
	s.Helper()
	defer s.watch(disk).untouched()
	d := s.drive(node)
	if got := d.reasons(); d.Usable || len(got) == 0 || got[0] != reason {
		s.Errorf("%s: the reasons against it are %q, want %q first", node, got, reason)
	}
	s.panoscrub(refused, "sanitize", node, "--appliance", appliance, "--confirm", d.Confirm)
	if records := s.records(); len(records) > 0 {
		s.Errorf("%s was refused, and there are records: %q", node, records)
	}
}
