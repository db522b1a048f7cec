// Package block opens one drive or one disk image and reads and writes it in
// whole sectors.
//
// A [Device] is the only way in which this program touches a target. Every
// implementation keeps the same contract, which the suite in package blocktest
// checks: requests are aligned, a short transfer is an error, Sync returns only
// when the data has left the host, and Check notices when the thing behind the
// descriptor is no longer the thing that was opened.
package block

import (
	"errors"
	"fmt"
	"io"
)

// Reader is the reading half of a [Device], all that looking at a drive needs.
type Reader interface {
	io.ReaderAt
	// Size is the number of addressable bytes. It need not be a multiple of
	// SectorSize for an image, and always is for a drive.
	Size() int64
	// SectorSize is the logical sector size in bytes, 512 or 4096.
	SectorSize() int
	// Alignment is what the offset and the length of a request, and the memory
	// address of its buffer, must be a multiple of: a power of two, 1 where
	// anything goes. Only the request that ends exactly at Size may have an odd
	// length. Buffers from [Buffer] are aligned for every device.
	Alignment() int
}

// Device is one opened drive or image.
//
// ReadAt and WriteAt are safe for concurrent use, transfer everything or return
// an error, and refuse requests that leave [0, Size) with [ErrOutOfRange]
// before any byte moves; a request that breaks Alignment gets [ErrUnaligned].
// Bytes are durable only after Sync.
type Device interface {
	Reader
	io.WriterAt
	// Sync flushes everything written so far down to the medium.
	Sync() error
	// Reset has the drive lose what only its own cache holds, so that what is read
	// next comes from its medium. It is called after Sync, with no other request
	// under way, and leaves the drive open and held; Check tells afterwards whether
	// it is still the same one. It takes as long as the kernel gives a USB device
	// to come back: mostly less than a second, some seconds at the most.
	//
	// A *[NoResetError] says why there is nothing to reset or no way to do so, and
	// that nothing was done. Any other error is about a drive that was reset and
	// does not answer as before.
	Reset() error
	// Check reports whether the device is still the one that was opened: the
	// same disk sequence number or inode, the same size, under the same name.
	// It returns an error that wraps [ErrChanged] or [ErrGone] when it is not.
	// It is called before each stage, and before the first write.
	Check() error
	// BypassesHostCache reports whether reads come from the device itself
	// rather than from this host's page cache.
	BypassesHostCache() bool
	Close() error
}

// Mode says what a device is opened for.
type Mode int

const (
	// ReadOnly opens for looking: WriteAt and Sync fail with [ErrReadOnly].
	ReadOnly Mode = iota
	// ReadWrite opens for overwriting, exclusively.
	ReadWrite
)

// NoResetError says why a device was not reset. Nothing was done to it.
type NoResetError struct {
	Because string // in words, without names of this computer: it goes on record
	Err     error  // what the operating system said; nil where it was not asked
}

func (e *NoResetError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %v", e.Because, e.Err)
	}
	return e.Because
}

func (e *NoResetError) Unwrap() error { return e.Err }

// Errors that callers tell apart. Each is wrapped with the path and with what
// was being done.
var (
	ErrBusy        = errors.New("in use by another program")
	ErrReadOnly    = errors.New("read-only")
	ErrNotImage    = errors.New("not a regular file")
	ErrNotDrive    = errors.New("not the device of a whole drive")
	ErrEmpty       = errors.New("has no bytes")
	ErrWrongMode   = errors.New("was not opened for what was asked for")
	ErrChanged     = errors.New("is no longer the drive that was opened")
	ErrGone        = errors.New("has gone")
	ErrUnaligned   = errors.New("request is not aligned to the device")
	ErrOutOfRange  = errors.New("request is outside the device")
	ErrUnsupported = errors.New("not supported on this operating system")
)
