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
