package blocktest

import (
	"syscall"

	"github.com/panoscrub/panoscrub/internal/block"
)

// Faults say in which ways a [Fake] lies and fails. The zero value is an honest
// drive that never fails. Offsets are the drive's own, as the host sees them.
type Faults struct {
	// RealSize, if not 0, is how much the drive can store, whatever it announces.
	// Writes behind it are acknowledged and never stored, and reads there give
	// zeros.
	RealSize int64
	// Wrap makes addresses behind RealSize begin again at 0, in writes and reads.
	Wrap bool
	// Drop are places where a write is acknowledged and never stored: reads go on
	// giving the old content.
	Drop block.Extents
	// Cache gives the drive a volatile write cache of any size: reads show what
	// was written, and the other lies take effect when it is emptied by Sync.
	// What was not synced is lost on [Fake.Reset] and on [Fake.PowerCycle].
	Cache bool
	// SyncLies makes Sync report success while the Cache keeps everything.
	SyncLies bool
	// ResetKeeps makes the Cache outlast Reset: only PowerCycle empties it.
	ResetKeeps bool

	// ReadErrors and WriteErrors are places that cannot be read or written: a
	// request that touches one moves the bytes before it and fails with EIO. After
	// a failed read, the rest of the buffer holds junk.
	ReadErrors  block.Extents
	WriteErrors block.Extents
	// FailRequest, if not 0, is the number of the one read or write that fails
	// with EIO; the first one after [Fake.SetFaults] or NewFake is 1.
	FailRequest int
	// SyncError, if not nil, is what Sync fails with; the cache keeps everything.
	SyncError error
	// ResetError, if not nil, is what Reset fails with; the cache keeps everything.
	ResetError error
	// ShrunkTo, if not 0, is the size that the drive has come to have while it is open,
	// with Size as it was: requests behind it fail with EIO, and Check with
	// block.ErrChanged.
	ShrunkTo int64
	// WriteProtected makes writes, Sync and Reset fail with block.ErrReadOnly.
	WriteProtected bool

	// VanishAfter, if not 0, is how many more bytes move, read and written
	// together, until the drive is pulled: a request that would go beyond moves the
	// bytes before, and it and everything from then on fails with block.ErrGone.
	VanishAfter int64
	// ChangeAfter, if not 0, is how many more bytes move until another drive
	// stands under the same name: Check fails with block.ErrChanged.
	ChangeAfter int64

	// Before, if not nil, is called before each request, without any lock: it may
	// wait in its own way, cancel a context, or call the fake's methods. An error
	// that it returns fails the request, before any byte moves.
	Before func(Request) error
}

// Everything is the extent of all bytes from off on, for fields of [Faults].
func Everything(off int64) block.Extents {
	return block.Extents{{Offset: off, Length: 1<<62 - off}}
}

// Request is one call of a device's method.
type Request struct {
	Op     Op
	Extent block.Extent // of a read or a write
}

// Op is the kind of a request.
type Op string

const (
	Read  Op = "read"
	Write Op = "write"
	Sync  Op = "sync"
	Reset Op = "reset"
	Check Op = "check"
)

// allowed is how many bytes of a request move before it fails, and the error;
// all and nil for one that succeeds. f.mu is held.
func (f *Fake) allowed(r Request) (n int64, err error) {
	n = r.Extent.Length
	bad := f.faults.ReadErrors
	if r.Op == Write {
		bad = f.faults.WriteErrors
	}
	if hit := bad.Clip(r.Extent); len(hit) > 0 {
		n, err = hit[0].Offset-r.Extent.Offset, syscall.EIO
	}
	if size := f.faults.ShrunkTo; size > 0 && r.Extent.Offset+n > size {
		n, err = max(0, size-r.Extent.Offset), syscall.EIO
	}
	if f.requests++; f.requests == f.faults.FailRequest {
		n, err = 0, syscall.EIO
	}
	left := f.faults.VanishAfter - f.moved
	switch {
	case f.faults.VanishAfter == 0 || n < left:
	case n > left:
		n, err = left, block.ErrGone
		fallthrough
	default:
		f.gone = true
	}
	return n, err
}
