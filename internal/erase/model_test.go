package erase

import (
	"bytes"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/verify"
)

// TestNoFalsePass erases drives with random faults. The one thing that must hold,
// whatever happens: OK means that every byte on the medium is the pattern's, and
// none of the old content is left. PANOSCRUB_MODEL_ROUNDS widens it.
func TestNoFalsePass(t *testing.T) {
	rounds := 400
	if more, err := strconv.Atoi(os.Getenv("PANOSCRUB_MODEL_ROUNDS")); err == nil {
		rounds = more
	}
	passed := 0
	for seed := range uint64(rounds) {
		rng := rand.New(rand.NewPCG(seed, 7))
		if falseOrTruePass(t, rng, seed) {
			passed++
		}
	}
	if passed < rounds/20 || passed > rounds*19/20 {
		t.Errorf("%d of %d drives passed: the faults are too many or too few to tell anything", passed, rounds)
	}
}

func falseOrTruePass(t *testing.T, rng *rand.Rand, seed uint64) bool {
	t.Helper()
	size := 1 + rng.Int64N(200_000)
	if rng.IntN(25) == 0 {
		size += chunkBytes * rng.Int64N(3)
	}
	sector := []int{512, 4096}[rng.IntN(2)]
	faults := randomFaults(rng, size)
	drive, p := used(size, sector, faults), planOf(size, randomPasses(rng)...)
	defended := true
	e, _ := erased(drive, p, func() {
		if rng.IntN(2) == 0 {
			drive.PowerCycle()
		} else if d, err := Defend(drive); err != nil || d.Kind != Reset {
			defended = false
		}
		if rng.IntN(4) == 0 {
			drive.SetFaults(randomFaults(rng, size))
		}
	})
	if drive.Counts().Refused != 0 {
		t.Errorf("seed %d: the drive refused requests: %+v", seed, drive.Counts())
	}
	if !e.OK(p) || !defended {
		return false
	}
	drive.PowerCycle()
	if got := drive.Peek(0, int(size)); !bytes.Equal(got, pattern(t, p, len(p.Passes), size)) || bytes.Contains(got, secret[:16]) {
		t.Errorf("seed %d: a false PASS with the faults %+v", seed, faults)
	}
	return true
}

// randomPasses are one to three passes of any kind.
func randomPasses(rng *rand.Rand) (passes []policy.Pattern) {
	for range 1 + rng.IntN(2) {
		switch rng.IntN(4) {
		case 0:
			passes = append(passes, policy.Fixed(byte(rng.Uint32())))
		case 1:
			passes = append(passes, policy.Keyed, policy.Complement)
		default:
			passes = append(passes, policy.Keyed)
		}
	}
	return passes[:min(3, len(passes))]
}

// randomFaults gives a drive none, one or two of its ways to lie and to fail.
func randomFaults(rng *rand.Rand, size int64) (f blocktest.Faults) {
	somewhere := func() (e block.Extents) {
		for range 1 + rng.IntN(3) {
			off := rng.Int64N(size)
			e.Add(block.Extent{Offset: off, Length: 1 + rng.Int64N(min(3000, size-off))})
		}
		return e
	}
	for range rng.IntN(3) {
		switch rng.IntN(11) {
		case 0:
			f.RealSize = 1 + rng.Int64N(size)
		case 1:
			f.RealSize, f.Wrap = 1+rng.Int64N(size), true
		case 2:
			f.Drop = somewhere()
		case 3:
			f.Cache = true
		case 4:
			f.Cache, f.SyncLies = true, true
		case 5:
			f.ReadErrors = somewhere()
		case 6:
			f.WriteErrors = somewhere()
		case 7:
			f.FailRequest = 1 + rng.IntN(6)
		case 8:
			f.VanishAfter = 1 + rng.Int64N(2*size)
		case 9:
			f.ChangeAfter = 1 + rng.Int64N(2*size)
		case 10:
			f.Cache, f.SyncLies, f.ResetError = true, true, &block.NoResetError{Because: "it is a card"}
		}
	}
	return f
}

// buggy is a device through which a faulty writer writes.
type buggy struct {
	block.Device
	spoil func(p []byte, off int64)
}

func (b buggy) WriteAt(p []byte, off int64) (int, error) {
	q := block.Buffer(len(p))
	copy(q, p)
	b.spoil(q, off)
	return b.Device.WriteAt(q, off)
}

// TestReadBackCatchesWriterBugs lets the writer make mistakes that the read-back,
// if it shared the writer's code, would make as well.
func TestReadBackCatchesWriterBugs(t *testing.T) {
	const size = chunkBytes + 512*20 + 30
	p := planFor(size, 2)
	first := pattern(t, p, 1, size+512)
	second := pattern(t, p, 2, size+512)
	otherDrive := p
	otherDrive.Target.IdentityDigest = p.Seed
	otherRun := p
	otherRun.Seed = p.Target.IdentityDigest
	foreign, late := pattern(t, otherDrive, 2, size), pattern(t, otherRun, 2, size)
	for _, c := range []struct {
		name  string
		spoil func(p []byte, off int64)
		class verify.Class
	}{
		{"zeros", func(p []byte, _ int64) { clear(p) }, verify.NeverWritten},
		{"the pass before", func(p []byte, off int64) { copy(p, first[off:]) }, verify.Stale},
		{"shifted by a sector", func(p []byte, off int64) { copy(p, second[off+512:]) }, verify.Wrapped},
		{"another drive's keys", func(p []byte, off int64) { copy(p, foreign[off:]) }, verify.NeverWritten},
		{"another run's keys", func(p []byte, off int64) { copy(p, late[off:]) }, verify.NeverWritten},
		{"no tags", func(p []byte, _ int64) {
			for ; len(p) > 16; p = p[min(512, len(p)):] {
				clear(p[:16])
			}
		}, verify.Corrupt},
		{"the stream begun anew in each chunk", func(p []byte, off int64) {
			if off > 0 {
				copy(p, second)
			}
		}, verify.Wrapped},
		{"tags of this place on the stream of another", func(p []byte, off int64) {
			if off > 0 {
				for i := 0; i+512 <= len(p); i += 512 {
					copy(p[i+16:i+512], second[i+16:])
				}
			}
		}, verify.Corrupt},
		{"one bit", func(p []byte, off int64) {
			if off > 0 {
				p[len(p)-1] ^= 1
			}
		}, verify.Corrupt},
	} {
		drive := used(size, 512, blocktest.Faults{})
		e, err := erased(buggy{drive, c.spoil}, p, drive.PowerCycle)
		if err != nil || e.OK(p) || e.ReadBack.OK() {
			t.Errorf("%s: it passed: %v", c.name, err)
			continue
		}
		// The drive's last, short sector may be a case of its own.
		for _, m := range e.ReadBack.Mismatches {
			if m.Class != c.class && m.Bytes > 512 {
				t.Errorf("%s: %+v, want %s", c.name, m, c.class)
			}
		}
	}
}
