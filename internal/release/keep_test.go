package release

import (
	"errors"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
)

func TestKeep(t *testing.T) {
	for _, c := range []struct {
		on   drive.Standing
		want string
	}{
		{drive.Standing{Kind: drive.StandingMount}, ""},
		{drive.Standing{Kind: drive.StandingCrypt}, ""},
		{drive.Standing{Kind: drive.StandingLVM}, ""},
		{drive.Standing{Kind: drive.StandingMount, System: true}, "the running system"},
		{drive.Standing{Kind: drive.StandingMount, Elsewhere: []string{"8:33"}}, "not on this drive alone"},
		{drive.Standing{Kind: drive.StandingCrypt, Elsewhere: []string{"8:33"}}, "not on this drive alone"},
		{drive.Standing{Kind: drive.StandingLVM, Elsewhere: []string{"8:33"}}, "not on this drive alone"},
		{drive.Standing{Kind: drive.StandingLoop}, "not taken down here"},
		{drive.Standing{Kind: drive.StandingSwap}, "not taken down here"},
		{drive.Standing{Kind: drive.StandingRAID}, "not taken down here"},
		{drive.Standing{Kind: drive.StandingCache}, "not taken down here"},
		{drive.Standing{Kind: drive.StandingMapper}, "not taken down here"},
		{drive.Standing{Kind: drive.StandingOther}, "not taken down here"},
		{drive.Standing{}, "not taken down here"},
	} {
		if got := keep(c.on); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%+v: got %q", c.on, got)
		}
	}
}

// TestErrorsAreSafe: names come from a drive or from any process.
func TestErrorsAreSafe(t *testing.T) {
	const hostile = "\x1b[2J\n\u202e"
	step := Step{Unmount, drive.Standing{Name: hostile, FileSystem: hostile, Device: "sdb1"}}
	busy := &BusyError{Point: hostile, Holders: make([]Process, 7), Unseen: 3}
	busy.Holders[0] = Process{PID: 1, Name: hostile, How: []string{"open file"}}
	err := error(&StepError{Failed: step, Done: []Step{step}, Err: busy})
	if strings.ContainsAny(err.Error(), hostile[:1]+"\n\u202e") {
		t.Errorf("not safe to print: %q", err)
	}
	if !errors.Is(err, block.ErrBusy) || !strings.Contains(err.Error(), "and 2 more (3 processes could not be looked into)") {
		t.Errorf("got %v", err)
	}
}
