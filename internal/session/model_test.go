package session_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/panoscrub/panoscrub/internal/drive/drivetest"
	"github.com/panoscrub/panoscrub/internal/envelope"
)

// TestModel plays random sequences of runs, of what interrupts them, and of what
// happens to the stick in between, on sticks that lie and fail in every way that a
// fake can. After each step, all that the records say is held against the stick. No
// sequence may end in PASS while one byte of the old content can be reached.
//
// It plays for two seconds, for a minute with PANOSCRUB_SWEEP=1, and for as long as
// PANOSCRUB_MODEL says ("30m"), from the seed PANOSCRUB_MODEL_SEED on.
func TestModel(t *testing.T) {
	length, seed := modelled(t)
	p := newPlayer(t)
	for end := time.Now().Add(length); p.sequences == 0 || time.Now().Before(end); seed++ {
		steps := p.steps(seed)
		if err := p.play(t, seed, steps); err != nil {
			p.shorten(t, seed, steps, err)
			return
		}
	}
	t.Log(p.tally)
	if p.sequences > 100 && (p.passes == 0 || p.fails == 0 || p.incompletes == 0 || p.recovered == 0 || p.resumed == 0 || p.audits == 0) {
		t.Error("the sequences are too tame or too wild to tell anything")
	}
}

// modelled is how long to play, and from which seed on: the same one each time but
// where there is time for others.
func modelled(t *testing.T) (length time.Duration, seed uint64) {
	length, seed = 2*time.Second, 1
	var err error
	if os.Getenv("PANOSCRUB_SWEEP") != "" {
		length, seed = time.Minute, uint64(time.Now().UnixNano())
	}
	if text := os.Getenv("PANOSCRUB_MODEL"); text != "" {
		if length, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	if text := os.Getenv("PANOSCRUB_MODEL_SEED"); text != "" {
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	return length, seed
}

// tally counts what was played.
type tally struct {
	sequences, steps, runs, recovered, resumed, audits int
	passes, fails, incompletes                         int
	requests, bytes                                    int64
}

func (t tally) String() string {
	return fmt.Sprintf("%d sequences, %d steps, %d runs begun, %d recovered, %d gone on with, %d audits; %d PASS, %d FAIL, %d INCOMPLETE; %d requests, %d MB",
		t.sequences, t.steps, t.runs, t.recovered, t.resumed, t.audits, t.passes, t.fails, t.incompletes, t.requests, t.bytes/1e6)
}

// player plays sequences.
type player struct {
	tally
	tree string // of the machine
	key  *envelope.Key
}

func newPlayer(t *testing.T) *player {
	t.Helper()
	tree, err := os.ReadFile(filepath.Join(drivetest.Trees(t), "stick.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := envelope.Generate(envelope.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	return &player{tree: string(tree), key: key}
}

func (p *player) nature(seed uint64) nature { return randomNature(rand.New(rand.NewPCG(seed, 1))) }

func (p *player) steps(seed uint64) []step {
	return randomSteps(rand.New(rand.NewPCG(seed, 2)), p.nature(seed))
}

// play plays one sequence, in a time of its own.
func (p *player) play(t *testing.T, seed uint64, steps []step) (err error) {
	t.Helper()
	root, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(*testing.T) { err = p.playIn(root, seed, steps) })
	p.sequences++
	return errors.Join(err, os.RemoveAll(root))
}

func (p *player) playIn(root string, seed uint64, steps []step) (err error) {
	at := -1
	defer func() {
		if lost := recover(); lost != nil {
			err = fmt.Errorf("step %d: panic: %v\n%s", at, lost, debug.Stack())
		}
	}()
	w, err := newWorld(root, p.tree, p.key, p.nature(seed), rand.New(rand.NewPCG(seed, 3)), &p.tally)
	if err != nil {
		return err
	}
	var s step
	for at, s = range steps {
		time.Sleep(time.Minute)
		p.tally.steps++
		if err := errors.Join(w.take(s), w.sound()); err != nil {
			return fmt.Errorf("step %d: %w", at, err)
		}
	}
	n := w.stick.Counts()
	p.requests, p.bytes = p.requests+int64(n.Reads+n.Writes+n.Syncs+n.Resets), p.bytes+n.BytesRead+n.BytesWritten
	return nil
}

// shorten leaves out the steps without which a sequence fails as well, and tells the
// rest.
func (p *player) shorten(t *testing.T, seed uint64, steps []step, err error) {
	t.Helper()
	for i := len(steps) - 1; i >= 0; i-- {
		fewer := slices.Delete(slices.Clone(steps), i, i+1)
		if still := p.play(t, seed, fewer); still != nil {
			steps, err = fewer, still
		}
	}
	var list strings.Builder
	for i, s := range steps {
		fmt.Fprintf(&list, "\n  %d. %s", i, s)
	}
	t.Errorf("seed %d, after %d steps in all: %v\non %+v%s", seed, p.tally.steps, err, p.nature(seed), &list)
}
