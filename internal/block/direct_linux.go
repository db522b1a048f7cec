package block

import (
	"errors"
	"fmt"
	"math/bits"
	"os"

	"golang.org/x/sys/unix"
)

// directAlignment returns what direct I/O on f must be aligned to, in memory and
// in the file, from statx(2) (Linux 6.1); 0 where the kernel does not tell. Where
// it tells that there is no direct I/O, or where the alignment is none that
// [Buffer] keeps, the error is errors.ErrUnsupported.
func directAlignment(f *os.File) (align int, err error) {
	var st unix.Statx_t
	err = control(f, func(fd int) error {
		return unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_DIOALIGN, &st)
	})
	switch {
	case errors.Is(err, unix.ENOSYS), err == nil && st.Mask&unix.STATX_DIOALIGN == 0:
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("asking for its alignment: %w", err)
	case st.Dio_mem_align == 0 || st.Dio_offset_align == 0:
		return 0, fmt.Errorf("direct I/O: %w", errors.ErrUnsupported)
	}
	wider := max(st.Dio_mem_align, st.Dio_offset_align)
	if wider > maxAlignment || bits.OnesCount32(wider) != 1 {
		return 0, fmt.Errorf("an alignment of %d bytes: %w", wider, errors.ErrUnsupported)
	}
	return int(wider), nil
}
