package lab

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/lab/wire"
)

// Node waits until the guest's kernel has the stick, with all of its units, and
// returns the node of the first one.
func (p *Plugged) Node(t testing.TB) string {
	t.Helper()
	var nodes map[int]string
	p.guest.until(t, p.id+" to appear", func() bool {
		nodes = p.nodes(t)
		return len(nodes) == len(p.units)
	})
	return nodes[0]
}

// AwaitGone waits until the guest's kernel has dropped the stick.
func (p *Plugged) AwaitGone(t testing.TB) {
	t.Helper()
	p.guest.until(t, p.id+" to go", func() bool { return len(p.nodes(t)) == 0 })
}

// Find is the node of the disk; "" for a stick that the guest's kernel does not
// have.
func (d Disk) Find(t testing.TB) string {
	t.Helper()
	if d.port == 0 {
		return wire.SystemDisk
	}
	return d.nodes(t)[0]
}

// nodes is the nodes of a stick's units, by their numbers: what the kernel has found
// so far on its port.
func (d Disk) nodes(t testing.TB) map[int]string {
	t.Helper()
	disks := d.guest.Must(t, "sh", "-c", "for disk in /sys/block/*; do readlink -f $disk; done")
	at := regexp.MustCompile(fmt.Sprintf(`(?m)/\d+-%d/.*:(\d)/block/(sd\w+)$`, d.port))
	nodes := map[int]string{}
	for _, m := range at.FindAllStringSubmatch(disks, -1) {
		nodes[int(m[1][0]-'0')] = "/dev/" + m[2]
	}
	return nodes
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
