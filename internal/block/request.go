package block

import (
	"fmt"
	"unsafe"
)

// maxAlignment is the coarsest alignment that a device may ask for: the largest
// block size that Linux supports.
const maxAlignment = 64 << 10

// Buffer returns n zero bytes at an address that is aligned for every device.
func Buffer(n int) []byte {
	b := make([]byte, n+maxAlignment)
	skip := int(-address(b) & (maxAlignment - 1))
	return b[skip : skip+n : skip+n]
}

// address is where p starts in memory. Go's collector does not move what it
// allocated, so that it stays the same for as long as p is used.
func address(p []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(p))) }

// Admit checks a request of len(p) bytes at off against the contract of
// [Device]: it must lie inside r ([ErrOutOfRange]), and be aligned to it
// ([ErrUnaligned]). Every Device calls it before any byte moves.
func Admit(r Reader, p []byte, off int64) error {
	size, align := r.Size(), int64(r.Alignment())
	length := int64(len(p))
	switch {
	case off < 0 || length > size || off > size-length:
		return fmt.Errorf("%w: %d bytes at %d, of %d", ErrOutOfRange, length, off, size)
	case length == 0:
		return nil
	case off%align != 0, length%align != 0 && off+length != size:
		return fmt.Errorf("%w: %d bytes at %d, not in units of %d", ErrUnaligned, length, off, align)
	case address(p)%uintptr(align) != 0:
		return fmt.Errorf("%w: the buffer's address is not a multiple of %d", ErrUnaligned, align)
	}
	return nil
}
