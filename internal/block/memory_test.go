package block_test

import (
	"fmt"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
)

func TestMemory(t *testing.T) {
	for _, align := range []int{1, 512, 4096, 64 << 10} {
		t.Run(fmt.Sprint(align), func(t *testing.T) {
			blocktest.Run(t, func(_ *testing.T, size int64) block.Device {
				m := block.NewMemory(size, 512)
				m.SetAlignment(align)
				return m
			})
		})
	}
}
