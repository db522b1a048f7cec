package session_test

import (
	"math/rand/v2"
	"syscall"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/policy"
)

func randomNature(rng *rand.Rand) nature {
	n := nature{size: 1<<20 + 256<<10 + rng.Int64N(1<<20), sector: 512, image: rng.IntN(8) == 0}
	if rng.IntN(3) == 0 {
		n.size += rng.Int64N(4 << 20)
	}
	if !n.image {
		n.sector = []int{512, 512, 4096}[rng.IntN(3)]
		n.size -= n.size % int64(n.sector)
		n.hostCached = rng.IntN(30) == 0
		n.lies.Cache = rng.IntN(2) == 0
		n.lies.SyncLies = n.lies.Cache && rng.IntN(5) == 0
		n.lies.ResetKeeps = n.lies.Cache && rng.IntN(4) == 0
		if rng.IntN(5) == 0 {
			n.lies.ResetError = &block.NoResetError{Because: "it is a card"}
		}
	}
	switch rng.IntN(12) {
	case 0:
		n.lies.RealSize, n.lies.Wrap = 1+rng.Int64N(n.size), true
	case 1:
		n.lies.RealSize = 1 + rng.Int64N(n.size)
	case 2:
		n.lies.Drop = somewhere(rng, n.size)
	}
	return n
}

func randomSteps(rng *rand.Rand, n nature) (steps []step) {
	usual := randomPolicy(rng) // only under one policy is a run gone on with
	for range 2 + rng.IntN(7) {
		switch k := rng.IntN(20); {
		case k < 13:
			p := usual
			if rng.IntN(5) == 0 {
				p = randomPolicy(rng)
			}
			steps = append(steps, randomRun(rng, n, p))
		case k < 15:
			s := step{do: doPlant, off: rng.Int64N(n.size)}
			s.length = int(1 + rng.Int64N(min(maxPlanted, n.size-s.off)))
			steps = append(steps, s)
		case k < 17:
			steps = append(steps, step{do: doPower})
		default:
			steps = append(steps, step{do: doAudit})
		}
	}
	return steps
}

func randomRun(rng *rand.Rand, n nature, p policy.Policy) step {
	s := step{
		do: doRun, policy: p, resume: rng.IntN(4) > 0, helper: rng.IntN(8) == 0,
		speed: []int64{100 << 10, 200 << 10, 1 << 20, 40 << 20}[rng.IntN(4)],
		torn:  rng.IntN(3) == 0, returns: rng.IntN(8) == 0,
		replug: []string{notThere, declines, replugs, replugs, replugs, pretends, usesIt, swapsIt, losesIt}[rng.IntN(9)],
	}
	if rng.IntN(3) == 0 {
		s.faults = randomFaults(rng, n)
	}
	if rng.IntN(2) == 0 {
		return s
	}
	s.event = []string{cancelled, cancelled, killed, killed, cut, pulled, pulled, failing, signing, unnoted, unstorable}[rng.IntN(11)]
	switch s.event {
	case signing, unnoted, unstorable:
		return s
	case failing:
		s.faults = randomFaults(rng, n)
	}
	switch rng.IntN(6) {
	case 0:
		s.note = 1 + rng.IntN(8+3*len(s.policy.Passes))
	case 1:
		s.note = 2 + rng.IntN(3) // a pass has begun, and little is known of it
	default:
		s.at = 1 + rng.Int64N(n.size*int64(len(s.policy.Passes)+3)) // the scan and the read-back, and a little of the format
	}
	return s
}

// site is an operator's policy, which leaves a drive without a file system.
func site(percent int, passes ...policy.Pattern) policy.Policy {
	return policy.Policy{Schema: policy.Schema, ID: "site", Title: "our site's", Own: true, Passes: passes, ReadBackPercent: percent}
}

func randomPolicy(rng *rand.Rand) policy.Policy {
	policies := append(policy.Builtin()[:5], policy.Builtin()...) // r2 twice; vsitr takes long
	policies = append(policies, policies[0], policies[0], policies[1],
		site(100, policy.Keyed, policy.Complement, policy.Fixed(0xa1, 0xb2, 0xc3)), site(100, policy.Keyed, policy.Keyed), site(30, policy.Keyed))
	return policies[rng.IntN(len(policies))]
}

// randomFaults are ways to fail that come and go.
func randomFaults(rng *rand.Rand, n nature) (f blocktest.Faults) {
	size := n.size
	for range 1 + rng.IntN(2) {
		switch rng.IntN(12) {
		case 0:
			f.ReadErrors = somewhere(rng, size)
		case 1:
			f.WriteErrors = somewhere(rng, size)
		case 2:
			f.Drop = somewhere(rng, size)
		case 3:
			f.FailRequest = 1 + rng.IntN(12)
		case 4:
			f.SyncError = syscall.EIO
		case 5:
			f.ResetError = []error{syscall.EIO, block.ErrGone, block.ErrChanged}[rng.IntN(3)]
		case 6:
			f.WriteProtected = true
		case 7:
			f.ShrunkTo = 1 + rng.Int64N(size)
		case 8:
			f.VanishAfter = 1 + rng.Int64N(4*size)
		case 9:
			f.ChangeAfter = 1 + rng.Int64N(4*size)
		case 10:
			f.WriteErrors = somewhere(rng, size)
			f.ReadErrors = f.WriteErrors
		case 11:
			f.WriteErrors = blocktest.Everything(rng.Int64N(size))
		}
	}
	return f
}

func somewhere(rng *rand.Rand, size int64) (e block.Extents) {
	for range 1 + rng.IntN(3) {
		off := rng.Int64N(size)
		e.Add(block.Extent{Offset: off, Length: 1 + rng.Int64N(min(3000, size-off))})
	}
	return e
}
