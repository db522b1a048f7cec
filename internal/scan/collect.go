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
	moved   *sync.Cond // next has
	next    int64

	found  *pile
	full   map[*rules.Rule]*atomic.Bool
	finder map[*rules.Rule]*rules.Rule // of those that another one's confirmer finds
	limits limits
	lost   block.Extents
	read   int64
}

func newCollector(all []*rules.Rule) *collector {
	o := &collector{
		waiting: map[int64]outcome{}, found: newPile(maxKept), full: map[*rules.Rule]*atomic.Bool{}, limits: limits{},
		finder: map[*rules.Rule]*rules.Rule{},
	}
	o.moved = sync.NewCond(&o.mu)
	byID := map[string]*rules.Rule{}
	for _, r := range all {
		byID[r.ID] = r
	}
	for _, r := range all {
		if r.FoundBy != "" {
			o.finder[r] = byID[r.FoundBy]
		}
	}
	for _, r := range all {
		o.full[r] = new(atomic.Bool)
	}
	return o
}

// maxWaiting is how many outcomes may wait for that of an earlier chunk: each is
// of some MB at most.
const maxWaiting = sweepWorkers

// put takes the outcome of chunk n.
func (o *collector) put(n int64, out outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	// The chunk that is next is being looked at by a worker that does not wait.
	for n >= o.next+maxWaiting {
		o.moved.Wait()
	}
	defer o.moved.Broadcast()
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

// rests reports whether enough is known of a rule, or of the one whose confirmer
// finds it.
func (o *collector) rests(r *rules.Rule) bool {
	return o.full[r].Load() || o.finder[r] != nil && o.full[o.finder[r]].Load()
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
		if !o.rests(s.rule) && !o.found.add(s) {
			o.limits.addFor(s.rule, limitMore)
			o.full[s.rule].Store(true)
		}
	}
}
