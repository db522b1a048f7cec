package blocktest_test

import (
	"fmt"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
)

func TestHonestFake(t *testing.T) {
	for _, faults := range []blocktest.Faults{{}, {Cache: true}, {Cache: true, SyncLies: true}} {
		for _, align := range []int{512, 4096} {
			t.Run(fmt.Sprintf("%v/%d", faults, align), func(t *testing.T) {
				blocktest.Run(t, func(_ *testing.T, size int64) block.Device {
					f := blocktest.NewFake(size, 512, faults)
					f.SetAlignment(align)
					return f
				})
			})
		}
	}
}
