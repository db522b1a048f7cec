package lab_test

import (
	"reflect"
	"testing"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/lab"
)

// TestBrokenRange has a stick whose medium answers with an I/O error somewhere:
// the record gives exactly that place, and everything else is overwritten.
func TestBrokenRange(t *testing.T) {
	// Within one request, across two, and no multiple of anything but sectors.
	broken := lab.Span{From: 5<<20 - 3*512, To: 5<<20 + 7*512}
	want := attest.Ranges{Bytes: 10 * 512, Extents: []attest.Extent{{OffsetBytes: broken.From, LengthBytes: 10 * 512}}}

	t.Run("write", func(t *testing.T) {
		s := tell(t)
		_, node := s.plug(lab.Stick{Serial: "DD04012700007891", Size: small, Inside: func(m lab.Medium) lab.Medium {
			return lab.Broken{Medium: m, Writes: broken}
		}})
		record := s.sanitize(node, attest.Fail)
		if got := record.Passes[0].Failed; !reflect.DeepEqual(got, want) {
			t.Errorf("could not be written: %+v, want %+v", got, want)
		}
		if proven := record.Capacity.ProvenBytes; proven != small-want.Bytes {
			t.Errorf("proven are %d bytes", proven)
		}
	})
	t.Run("read", func(t *testing.T) {
		s := tell(t)
		_, node := s.plug(lab.Stick{Serial: "DD04012700007892", Size: small, Inside: func(m lab.Medium) lab.Medium {
			return lab.Broken{Medium: m, Reads: broken}
		}})
		record := s.sanitize(node, attest.Fail)
		if got := record.Verification.Unreadable; !reflect.DeepEqual(got, want) {
			t.Errorf("could not be read: %+v, want %+v", got, want)
		}
		if failed := record.Passes[0].Failed; failed.Bytes != 0 {
			t.Errorf("could not be written: %+v", failed)
		}
	})
}

// TestCounterfeit has a stick that announces four times what it has, and begins
// again at its start where it ends.
func TestCounterfeit(t *testing.T) {
	const announced, real = 32 << 20, 8 << 20
	s := tell(t)
	_, node := s.plug(lab.Stick{Serial: "DD04012700007893", Size: announced, Inside: func(m lab.Medium) lab.Medium {
		return lab.Wrapping{Medium: m, Real: real}
	}})
	record := s.sanitize(node, attest.Fail)
	if c := record.Capacity; c.AnnouncedBytes != announced || c.ProvenBytes != real {
		t.Errorf("the record's capacity is %+v, want %d of %d", c, real, announced)
	}
	// What was written last is what there is: the last quarter.
	var wrapped attest.Mismatch
	for _, m := range record.Verification.Mismatches {
		if m.Class == "wrapped" {
			wrapped = m
		}
	}
	want := []attest.Extent{{OffsetBytes: 0, LengthBytes: announced - real}}
	if !reflect.DeepEqual(wrapped.Extents, want) || wrapped.SourceOffsetBytes != announced-real {
		t.Errorf("wrapped is %+v, want %+v from byte %d on", wrapped, want, announced-real)
	}
	t.Logf("the reasons: %q", record.Reasons)
}

// TestEightAtOnce sanitizes eight sticks side by side: none has come to its end when
// the last one is being overwritten. One of them stays slow, and is pulled when the
// others are done: it holds up nobody.
func TestEightAtOnce(t *testing.T) {
	s := tell(t)
	var sticks []*lab.Plugged
	var slow []*lab.Slowing
	var runs []run
	for _, digit := range "01234567" {
		slowing := lab.SlowWrites(0)
		stick, node := s.plug(lab.Stick{Serial: "EE0401270000789" + string(digit), Size: small, Inside: slowing.Inside})
		sticks, slow = append(sticks, stick), append(slow, slowing)
		runs = append(runs, s.start(s.command(append(s.sanitizing(node), "--json")...)))
	}
	for _, slowing := range slow {
		slowing.Await(t)
	}
	for _, run := range runs {
		if run.Ended() {
			t.Errorf("%s has ended before all were at work", run)
		}
	}
	for _, slowing := range slow[1:] {
		slowing.Recover()
	}
	for _, run := range runs[1:] {
		s.judge(attest.Pass, run)
	}
	sticks[0].Pull(t)
	s.judge(attest.Incomplete, runs[0])
	if records := s.records(); len(records) != len(runs) {
		t.Errorf("there are %d records", len(records))
	}
}
