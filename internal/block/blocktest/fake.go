package blocktest

import (
	"fmt"
	"os"
	"sync"

	"github.com/panoscrub/panoscrub/internal/block"
)

// Fake is a drive that lives in memory, for tests: stricter than hardware in what
// it accepts, and able to lie and to fail as hardware does. It stores sparsely,
// so that a size of many gigabytes costs only what is written.
//
// All methods are safe for concurrent use.
type Fake struct {
	size       int64
	sector     int
	align      int
	mu         sync.Mutex
	faults     Faults
	medium     medium
	cache      sparse
	dirty      block.Extents // what is newer in the cache than on the medium
	written    block.Extents
	synced     block.Extents
	counts     Counts
	requests   int   // since the faults were set
	moved      int64 // bytes since the faults were set
	gone       bool
	changed    bool
	closed     bool
	hostCached bool
}

// Counts is what a fake was asked to do.
type Counts struct {
	Reads, Writes, Syncs, Resets, Checks int   // requests, failed ones included
	BytesRead, BytesWritten              int64 // that moved
	// Refused counts the requests that broke the contract of a device: bounds,
	// alignment of offset, length or memory, use after Close. Tests of a stage
	// want it to be 0.
	Refused int
}

// NewFake returns a drive of zeros, aligned to its sectors.
func NewFake(size int64, sectorSize int, faults Faults) *Fake {
	return &Fake{
		size: size, sector: sectorSize, align: sectorSize, faults: faults,
		medium: medium{store: sparse{}}, cache: sparse{},
	}
}

// SetAlignment sets what requests must be aligned to, before the first of them.
func (f *Fake) SetAlignment(n int) { f.align = n }

// SetHostCached sets whether BypassesHostCache denies, before the first request.
func (f *Fake) SetHostCached(cached bool) { f.hostCached = cached }

// SetFaults replaces the faults. What is counted towards one of them starts anew;
// what has happened (a drive that is gone) stays.
func (f *Fake) SetFaults(faults Faults) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults, f.requests, f.moved = faults, 0, 0
}

// Vanish pulls the drive.
func (f *Fake) Vanish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone = true
}

// Change puts another drive under this one's name: Check fails from now on.
func (f *Fake) Change() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changed = true
}

// PowerCycle takes the power away and gives it back: what stood only in the drive's
// cache is lost. The drive is there again, unchanged and open, with its faults.
func (f *Fake) PowerCycle() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.loseCache()
	f.gone, f.changed, f.closed = false, false, false
}

// Reopen makes the drive usable again after Close. Its cache is as it was.
func (f *Fake) Reopen() *Fake {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = false
	return f
}

// Peek returns n bytes as the medium holds them now, past cache and failures, but
// not past wrapping and missing storage.
func (f *Fake) Peek(off int64, n int) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := make([]byte, n)
	f.medium.read(p, off, f.faults)
	return p
}

// Shown returns n bytes as a read that does not fail would show them now: as Peek
// does, with what only the drive's cache holds over it.
func (f *Fake) Shown(off int64, n int) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := make([]byte, n)
	f.read(p, off)
	return p
}

// Poke puts p on the medium, where it can be stored, without being counted.
func (f *Fake) Poke(p []byte, off int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.medium.write(p, off, Faults{RealSize: f.faults.RealSize, Wrap: f.faults.Wrap})
}

// Written returns what the drive acknowledged to have written.
func (f *Fake) Written() block.Extents {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append(block.Extents(nil), f.written...)
}

// Synced returns what was written before a Sync that reported success.
func (f *Fake) Synced() block.Extents {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append(block.Extents(nil), f.synced...)
}

// Counts returns what the drive was asked to do so far.
func (f *Fake) Counts() Counts {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts
}

// loseCache takes the power from the cache. f.mu is held.
func (f *Fake) loseCache() {
	f.cache, f.dirty = sparse{}, nil
}

// begin counts a request and tells whether it is one that the drive can serve.
// f.mu is held.
func (f *Fake) begin(count *int, admit error) error {
	*count++
	switch {
	case f.closed:
		f.counts.Refused++
		return os.ErrClosed
	case admit != nil:
		f.counts.Refused++
		return admit
	case f.gone:
		return block.ErrGone
	}
	return nil
}

// before calls the test's hook.
func (f *Fake) before(r Request) error {
	f.mu.Lock()
	hook := f.faults.Before
	f.mu.Unlock()
	if hook == nil {
		return nil
	}
	return hook(r)
}

// failed says what failed, in the way of a real device.
func failed(op Op, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s of a fake drive: %w", op, err)
}
