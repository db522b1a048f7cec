package lab

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/lab/wire"
)

// Node waits until the guest's kernel has the stick, and returns its node.
func (p *Plugged) Node(t testing.TB) string {
	t.Helper()
	var node string
	p.guest.until(t, p.id+" to appear", func() bool {
		node = p.Find(t)
		return node != ""
	})
	return node
}

// AwaitGone waits until the guest's kernel has dropped the stick.
func (p *Plugged) AwaitGone(t testing.TB) {
	t.Helper()
	p.guest.until(t, p.id+" to go", func() bool { return p.Find(t) == "" })
}

// Find is the node of the disk; "" for a stick that the guest's kernel does not
// have.
func (d Disk) Find(t testing.TB) string {
	t.Helper()
	if d.port == 0 {
		return wire.SystemDisk
	}
	disks := d.guest.Must(t, "sh", "-c", "for disk in /sys/block/*; do readlink -f $disk; done")
	at := regexp.MustCompile(fmt.Sprintf(`(?m)/\d+-%d/.*:0/block/(sd\w+)$`, d.port)).FindStringSubmatch(disks)
	if at == nil {
		return ""
	}
	return "/dev/" + at[1]
}

// until waits until something holds.
func (g *Guest) until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s; %s", what, g.lastWords())
		}
	}
}
