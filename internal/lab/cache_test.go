package lab_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/lab"
)

// cachedStick plugs in a used stick with a cache of its own, by each driver.
func cachedStick(t *testing.T, lies bool, do func(s story, stick *lab.Plugged, node string)) {
	for _, c := range []struct {
		name string
		uas  bool
	}{{"usb-storage", false}, {"uas", true}} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t)
			cache := &lab.Cached{Lies: lies}
			stick, node := s.plug(lab.Stick{Serial: "AC04012700007891", Size: small, File: usedStick(t), UAS: c.uas, Inside: cache.Inside})
			do(s, stick, node)
		})
	}
}

// TestLyingCache has sticks that store nothing, and answer from a cache until they
// are reset. The reset shows it.
func TestLyingCache(t *testing.T) {
	cachedStick(t, true, func(s story, stick *lab.Plugged, node string) {
		before := stick.Digest(s.T)
		record := s.sanitize(node, attest.Fail)
		if v := record.Verification; v.CacheDefence != attest.CacheDefenceReset || record.Capacity.ProvenBytes != 0 || v.Mismatches[0].Class != "never-written" {
			s.Errorf("the read-back saw %+v", v)
		}
		if stick.Digest(s.T) != before {
			s.Error("the stick has stored something: nothing was tried here")
		}
	})
}

// TestLyingCacheThatIsNotReset takes the way to a reset from the program, which is
// fooled then: and its record says that it may have been, and why.
func TestLyingCacheThatIsNotReset(t *testing.T) {
	cachedStick(t, true, func(s story, stick *lab.Plugged, node string) {
		before := stick.Digest(s.T)
		s.must("mount", "-t", "tmpfs", "none", "/dev/bus/usb")
		record := func() attest.Predicate {
			defer s.must("umount", "/dev/bus/usb")
			return s.sanitize(node, attest.Pass)
		}()
		if v := record.Verification; v.CacheDefence != attest.CacheDefenceNone || !strings.Contains(v.CacheDefenceReason, "USB device cannot be opened") {
			s.Errorf("the read-back was %+v", v)
		}
		if said := strings.Join(record.Exclusions, "\n"); !strings.Contains(said, "its own cache may have answered") {
			s.Errorf("the record excludes: %s", said)
		}
		if stick.Digest(s.T) != before {
			s.Error("the stick has stored something: nothing was tried here")
		}
	})
}

// TestCacheThatTheKernelDoesNotKnow has honest sticks which the kernel takes for
// ones without a cache, as it does most: it asks them for nothing, and what they
// hold would be lost in the reset.
func TestCacheThatTheKernelDoesNotKnow(t *testing.T) {
	cachedStick(t, false, func(s story, stick *lab.Plugged, node string) {
		s.must("sh", "-c", "echo write through >/sys/block/"+filepath.Base(node)+"/queue/write_cache")
		s.sanitize(node, attest.Pass)
		content, err := os.ReadFile(stick.File)
		if err != nil || bytes.Contains(content, []byte("PRIVATE KEY")) {
			s.Errorf("the key still stands on the stick; %v", err)
		}
	})
}

// TestReplugged takes the way to a reset from the program: whoever sits there is
// asked to pull the stick out, does so, and it comes back as another node.
func TestReplugged(t *testing.T) {
	for _, c := range []struct {
		name, kind string
		does       func(s story, stick *lab.Plugged, node string)
	}{
		{"pulled out", attest.CacheDefenceReplug, func(s story, stick *lab.Plugged, node string) {
			stick.Pull(s.T)
			stick.AwaitGone(s.T)
			stick.Replug(s.T)
			if now := stick.Node(s.T); now == node {
				s.Errorf("it is %s again, which the program still had open", now)
			}
		}},
		{"left where it is", attest.CacheDefenceNone, func(story, *lab.Plugged, string) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t)
			stick, node := s.plug(lab.Stick{Serial: "AC04012700004711", Size: small, File: usedStick(t)})
			s.must("mount", "-t", "tmpfs", "none", "/dev/bus/usb")
			defer s.must("umount", "/dev/bus/usb")
			cmd := s.command("sanitize", node, "--appliance", appliance)
			cmd.Terminal = true
			run := s.start(cmd)
			run.Await(t, "Type the last 4 characters")
			run.Type(t, "4711\n")
			run.Await(t, "Pull it out")
			c.does(s, stick, node)
			run.Type(t, "\n")
			s.ends(0, run)
			v := s.record(s.records()[0], attest.Pass).Verification
			if v.CacheDefence != c.kind || (v.CacheDefenceReason == "") != (c.kind == attest.CacheDefenceReplug) {
				t.Errorf("the read-back was %+v", v)
			}
		})
	}
}
