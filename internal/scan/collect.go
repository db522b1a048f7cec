package scan

import (
	"sync"
	"sync/atomic"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/rules"
)

// outcome is what came of one chunk.
type outcome struct {
	found  []sighting
	limits limits
	lost   block.Extents
	read   int64
}

// maxKept is how many sightings of one rule are kept from a whole drive. It
// bounds the memory of a scan, and the length of a report that anyone can read.
const maxKept = 2000

// collector puts outcomes in the order of their chunks, and drops what is known.
type collector struct {
	mu      sync.Mutex
	waiting map[int64]outcome
	next    int64

	found  *pile
	full   map[*rules.Rule]*atomic.Bool
	limits limits
	lost   block.Extents
	read   int64
}

func newCollector(all []*rules.Rule) *collector {
	o := &collector{
		waiting: map[int64]outcome{}, found: newPile(maxKept), full: map[*rules.Rule]*atomic.Bool{}, limits: limits{},
	}
	for _, r := range all {
		o.full[r] = new(atomic.Bool)
	}
	return o
}

// put takes the outcome of chunk n.
func (o *collector) put(n int64, out outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting[n] = out
	for {
		out, ok := o.waiting[o.next]
		if !ok {
			return
		}
		delete(o.waiting, o.next)
		o.next++
		o.take(out)
	}
}

// add takes an outcome after all chunks.
func (o *collector) add(out outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.take(out)
}

func (o *collector) take(out outcome) {
	o.limits.merge(out.limits)
	o.read += out.read - out.lost.Bytes()
	for _, e := range out.lost {
		o.lost.Add(e)
	}
	for _, s := range out.found {
		// Nothing more of a full rule counts, not even to make a row longer:
		// workers that have not heard of it yet must not make a difference.
		if !o.full[s.rule].Load() && !o.found.add(s) {
			o.limits.addFor(s.rule, limitMore)
			o.full[s.rule].Store(true)
		}
	}
}
