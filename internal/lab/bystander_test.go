package lab_test

import "github.com/panoscrub/panoscrub/internal/lab"

// bystander is a disk that must not be touched from now on.
type bystander struct {
	story
	disk    lab.Disk
	digest  string
	written int64
}

func (s story) watch(d lab.Disk) bystander {
	s.Helper()
	s.must("sync")
	return bystander{s, d, d.Digest(s.T), d.Written(s.T)}
}

// untouched makes sure of it twice: by the bytes on the disk, and by what the
// emulator counted. It is deferred, so that it is looked at also when the program
// did something else than refuse.
func (b bystander) untouched() {
	if written := b.disk.Written(b.T) - b.written; written != 0 {
		b.Errorf("%d bytes were written to a drive that was refused", written)
	}
	if b.disk.Digest(b.T) != b.digest {
		b.Error("the bytes of a drive that was refused have changed")
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
	s.panoscrub(4, "sanitize", node, "--appliance", appliance, "--confirm", d.Confirm)
	if records := s.records(); len(records) > 0 {
		s.Errorf("%s was refused, and there are records: %q", node, records)
	}
}
