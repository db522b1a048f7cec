package session_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/evidence"
	"github.com/panoscrub/panoscrub/internal/session"
)

// trial is one run, and what a witness at the drive saw of it.
type trial struct {
	*world
	step
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	moved int64 // bytes
	noted int   // entries
	dead  bool  // the program has died
	done  bool  // the event has happened
	after files // of the state folder, as the dying program left it

	begins      string // the certificate of the run that is to begin
	certificate string // of the run that has begun
	reached     evidence.Reached
	accepted    map[int]block.Extents // by pass, in this run
	synced      map[int]block.Extents // of these, before a flush that succeeded
	flushed     map[int]bool          // nothing was written since
	emptied     string                // how the stick's cache was emptied since it was last written
	readErrors  block.Extents         // that could have been met
	protested   []string              // what must never happen
	uses        int                   // of the stick by others, until the run, or the first that it goes on with, began
}

var errDied = errors.New("the program has died")

// handle is the drive as one run has it open.
type handle struct {
	*blocktest.Fake
	*trial
}

// ReadAt implements block.Device.
func (h handle) ReadAt(p []byte, off int64) (int, error) {
	if err := h.moves(len(p)); err != nil {
		return 0, err
	}
	return h.Fake.ReadAt(p, off)
}

// WriteAt implements block.Device.
func (h handle) WriteAt(p []byte, off int64) (int, error) {
	if err := h.moves(len(p)); err != nil {
		return 0, err
	}
	n, err := h.Fake.WriteAt(p, off)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.certificate == "" {
		h.protest("it was written before the run had begun")
	}
	pass := h.reached.Pass
	h.flushed[pass] = false
	if h.reached.Stage != string(session.Overwrite) {
		return n, err
	}
	h.emptied = attest.CacheDefenceNone
	if err == nil {
		set := slices.Clone(h.accepted[pass])
		set.Add(block.Extent{Offset: off, Length: int64(len(p))})
		h.accepted[pass] = set
	}
	return n, err
}

// Sync implements block.Device.
func (h handle) Sync() error {
	if err := h.moves(0); err != nil {
		return err
	}
	err := h.Fake.Sync()
	if err == nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.synced[h.reached.Pass], h.flushed[h.reached.Pass] = h.accepted[h.reached.Pass], true
	}
	return err
}

// Reset implements block.Device.
func (h handle) Reset() error {
	if err := h.moves(0); err != nil {
		return err
	}
	if err := h.Fake.Reset(); err != nil {
		return err
	}
	h.emptied = attest.CacheDefenceReset
	if h.returns && !h.image {
		h.lose(h.stick.PowerCycle)
		return fmt.Errorf("reset: %w", block.ErrGone)
	}
	return nil
}

// Check implements block.Device.
func (h handle) Check() error {
	if err := h.moves(0); err != nil {
		return err
	}
	return h.Fake.Check()
}

// moves lets time pass, and the event happen when it is due. Its error says that there
// is no program any more.
func (t *trial) moves(n int) error {
	time.Sleep(time.Duration(int64(n) * int64(time.Second) / t.speed))
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.at > 0 && t.moved >= t.at {
		t.happen()
	}
	t.moved += int64(n)
	if t.dead {
		return block.ErrGone
	}
	return nil
}

// happen is the event of the run. t.mu is held.
func (t *trial) happen() {
	if t.done {
		return
	}
	t.done = true
	switch t.event {
	case cancelled:
		t.cancel(errors.New("somebody pressed Ctrl-C"))
	case killed, cut:
		t.die()
	case pulled:
		t.stick.Vanish()
	case failing:
		for _, e := range t.faults.ReadErrors {
			t.readErrors.Add(e)
		}
		t.stick.SetFaults(t.nature.with(t.faults))
	}
}

// die keeps the state folder as it is: what the program does from now on does not
// happen. t.mu is held.
func (t *trial) die() {
	t.dead = true
	var err error
	if t.after, err = filesOf(t.state); err != nil {
		t.protest("the state folder: %v", err)
	}
}

// protest is about what must never happen. t.mu is held.
func (t *trial) protest(format string, args ...any) {
	t.protested = append(t.protested, fmt.Sprintf(format, args...))
}

// desk is the desk of a run, at which the witness reads what is noted.
type desk struct {
	session.Desk
	*trial
}

// Note implements session.Desk.
func (d desk) Note(kind string, v any) error {
	d.mu.Lock()
	d.noted++
	if d.note > 0 && d.noted >= d.note {
		d.happen()
	}
	if d.dead {
		d.mu.Unlock()
		return errDied
	}
	if err := d.read(kind, v); err != nil {
		d.protest("the entry %s: %v", kind, err)
	}
	d.mu.Unlock()
	err := d.Desk.Note(kind, v)
	if err == nil && kind == evidence.EntryBegun {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.certificate = d.begins
	}
	return err
}

// read takes from an entry where the run is. d.mu is held.
func (d desk) read(kind string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	switch kind {
	case evidence.EntryBegun:
		var c struct{ CertificateID string }
		err = json.Unmarshal(data, &c)
		d.begins = c.CertificateID
	case evidence.EntryReached:
		d.reached = evidence.Reached{}
		err = json.Unmarshal(data, &d.reached)
	}
	return err
}
