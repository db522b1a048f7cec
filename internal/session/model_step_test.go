package session_test

import (
	"fmt"

	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/policy"
)

// What a step of a sequence does.
const (
	doRun   = "run"   // a whole run, or as much of one as its event leaves
	doPlant = "plant" // somebody uses the stick
	doPower = "power" // it is pulled out and plugged in again
	doAudit = "audit" // it is compared with the last record
)

// What happens in the middle of a run.
const (
	cancelled  = "cancelled"  // the operator presses Ctrl-C
	killed     = "killed"     // the program dies: kill -9
	cut        = "power cut"  // the program dies and the stick loses its cache
	pulled     = "pulled"     // the stick is gone
	failing    = "failing"    // the step's faults begin only now
	signing    = "signing"    // the program dies before it has signed the record
	unnoted    = "unnoted"    // the program dies when the record is stored, and the journal does not say so
	unstorable = "unstorable" // the signed record cannot be stored: the journal keeps it
)

// What somebody does who is asked to pull the stick out and to plug it in again.
const (
	declines   = "declines"
	replugs    = "replugs"
	pretends   = "pretends"
	usesIt     = "uses it in between"
	swapsIt    = "plugs in another one"
	losesIt    = "keeps it"
	notThere   = "" // nobody is there to ask
	maxPlanted = 64 << 10
)

// step is one thing that happens to a stick. All of it is decided beforehand, so
// that a sequence can be played again without some of its steps.
type step struct {
	do      string
	off     int64 // where it is used
	length  int
	policy  policy.Policy
	resume  bool // an earlier run is gone on with, if one can be
	helper  bool // the drive is worked at through a helper
	faults  blocktest.Faults
	event   string
	at      int64 // bytes that move before the event, if it is not 0
	note    int   // or entries that are noted
	torn    bool  // the dying program was writing its journal
	replug  string
	returns bool  // the stick comes back from its reset as if it had been plugged in
	speed   int64 // bytes per second of the stick
}

// String tells a step as it would be written into a table test.
func (s step) String() string {
	switch s.do {
	case doPlant:
		return fmt.Sprintf("plant %d bytes at %d", s.length, s.off)
	case doRun:
	default:
		return s.do
	}
	text := fmt.Sprintf("run %s, %d passes of %v, %d %% read back", s.policy.ID, len(s.policy.Passes), s.policy.Passes, s.policy.ReadBackPercent)
	if s.event != "" {
		text += fmt.Sprintf(", %s at byte %d or entry %d, torn %v", s.event, s.at, s.note, s.torn)
	}
	return text + fmt.Sprintf(", resume %v, helper %v, replug %q, returns %v, %d bytes/s, faults %+v", s.resume, s.helper, s.replug, s.returns, s.speed, s.faults)
}

// nature is what a stick is from its making on.
type nature struct {
	image      bool // a file, not a stick
	size       int64
	sector     int
	hostCached bool
	lies       blocktest.Faults
}

// honest reports whether the stick stores what it is given, and says where it does
// not.
func (n nature) honest() bool {
	return n.lies.RealSize == 0 && n.lies.Drop == nil && !n.lies.SyncLies && !n.hostCached
}
