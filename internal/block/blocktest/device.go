package blocktest

import "github.com/panoscrub/panoscrub/internal/block"

// junk is what a failed read leaves in the buffer.
const junk = 0xDB

func (f *Fake) Size() int64     { return f.size }
func (f *Fake) SectorSize() int { return f.sector }
func (f *Fake) Alignment() int  { return f.align }

// BypassesHostCache is true unless SetHostCached said otherwise.
func (f *Fake) BypassesHostCache() bool { return !f.hostCached }

// ReadAt implements block.Device.
func (f *Fake) ReadAt(p []byte, off int64) (int, error) {
	r := Request{Read, block.Extent{Offset: off, Length: int64(len(p))}}
	hook := f.before(r)
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.move(r, p, hook, &f.counts.Reads)
	f.read(p[:n], off)
	if err != nil {
		fill(p[n:], junk)
	}
	f.counts.BytesRead += n
	return int(n), failed(Read, err)
}

func fill(p []byte, b byte) {
	for i := range p {
		p[i] = b
	}
}

// WriteAt implements block.Device.
func (f *Fake) WriteAt(p []byte, off int64) (int, error) {
	r := Request{Write, block.Extent{Offset: off, Length: int64(len(p))}}
	hook := f.before(r)
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.move(r, p, hook, &f.counts.Writes)
	f.write(p[:n], off)
	f.counts.BytesWritten += n
	return int(n), failed(Write, err)
}

// move tells how many bytes of a read or a write move, and with what error.
func (f *Fake) move(r Request, p []byte, hook error, count *int) (n int64, err error) {
	if err := f.begin(count, block.Admit(f, p, r.Extent.Offset)); err != nil {
		return 0, err
	}
	switch {
	case r.Op == Write && f.faults.WriteProtected:
		return 0, block.ErrReadOnly
	case hook != nil:
		return 0, hook
	}
	n, err = f.allowed(r)
	f.moved += n
	if f.faults.ChangeAfter > 0 && f.moved >= f.faults.ChangeAfter {
		f.changed = true
	}
	return n, err
}

// read shows the medium with the cache's newer bytes over it.
func (f *Fake) read(p []byte, off int64) {
	f.medium.read(p, off, f.faults)
	for _, e := range f.dirty.Clip(block.Extent{Offset: off, Length: int64(len(p))}) {
		f.cache.read(p[e.Offset-off:e.End()-off], e.Offset)
	}
}

func (f *Fake) write(p []byte, off int64) {
	e := block.Extent{Offset: off, Length: int64(len(p))}
	f.written.Add(e)
	if !f.faults.Cache {
		f.medium.write(p, off, f.faults)
		return
	}
	f.cache.write(p, off)
	f.dirty.Add(e)
}

// Sync implements block.Device.
func (f *Fake) Sync() error {
	hook := f.before(Request{Op: Sync})
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin(&f.counts.Syncs, nil); err != nil {
		return failed(Sync, err)
	}
	switch {
	case f.faults.WriteProtected:
		return failed(Sync, block.ErrReadOnly)
	case hook != nil:
		return failed(Sync, hook)
	case f.faults.SyncError != nil:
		return failed(Sync, f.faults.SyncError)
	}
	f.synced = append(block.Extents(nil), f.written...)
	if !f.faults.SyncLies {
		f.empty()
	}
	return nil
}

// empty moves the cache to the medium.
func (f *Fake) empty() {
	buf := make([]byte, pageBytes)
	for _, e := range f.dirty {
		for e.Length > 0 {
			part := buf[:min(pageBytes, e.Length)]
			f.cache.read(part, e.Offset)
			f.medium.write(part, e.Offset, f.faults)
			e = block.Extent{Offset: e.Offset + int64(len(part)), Length: e.Length - int64(len(part))}
		}
	}
	f.loseCache()
}

// Reset implements block.Device.
func (f *Fake) Reset() error {
	hook := f.before(Request{Op: Reset})
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin(&f.counts.Resets, nil); err != nil {
		return failed(Reset, err)
	}
	switch {
	case f.faults.WriteProtected:
		return failed(Reset, block.ErrReadOnly)
	case hook != nil:
		return failed(Reset, hook)
	case f.faults.ResetError != nil:
		return failed(Reset, f.faults.ResetError)
	case !f.faults.ResetKeeps:
		f.loseCache()
	}
	return nil
}

// Check implements block.Device.
func (f *Fake) Check() error {
	hook := f.before(Request{Op: Check})
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.begin(&f.counts.Checks, nil)
	switch {
	case err != nil:
	case f.changed || f.faults.ShrunkTo > 0:
		err = block.ErrChanged
	default:
		err = hook
	}
	return failed(Check, err)
}

// Close implements block.Device. What the drive's cache holds stays there, and
// requests fail until Reopen or PowerCycle.
func (f *Fake) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return nil
}
