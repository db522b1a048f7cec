package block_test

import (
	"testing"
	"unsafe"

	"github.com/panoscrub/panoscrub/internal/block"
)

func TestBuffer(t *testing.T) {
	for _, n := range []int{1, 17, 512, 4096, 64<<10 - 1, 4 << 20} {
		p := block.Buffer(n)
		if len(p) != n || cap(p) != n {
			t.Errorf("Buffer(%d) has length %d and capacity %d", n, len(p), cap(p))
		}
		if a := uintptr(unsafe.Pointer(unsafe.SliceData(p))); a%(64<<10) != 0 {
			t.Errorf("Buffer(%d) is at %#x", n, a)
		}
	}
}
