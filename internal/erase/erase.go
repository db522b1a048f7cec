// Package erase carries out a plan's passes and reads the drive back.
package erase

import (
	"time"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/verify"
)

// Erasure is what really happened, range by range.
type Erasure struct {
	Passes   []Pass         `json:"passes"`
	ReadBack *verify.Report `json:"readBack,omitempty"` // nil when it was not reached
}

// Pass is one pass as it was carried out.
type Pass struct {
	Number   int           `json:"number"` // from 1
	Pattern  plan.Pattern  `json:"pattern"`
	Bytes    int64         `json:"bytes"`  // accepted by the device
	Failed   block.Extents `json:"failed"` // the write failed here
	Complete bool          `json:"complete"`
	Synced   bool          `json:"synced"` // the flush at the end succeeded
	Duration time.Duration `json:"durationNs"`
}
