package erase

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"syscall"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/progress"
	"github.com/panoscrub/panoscrub/internal/verify"
)

// secret is what stands all over a used drive.
var secret = []byte("-----BEGIN RSA PRIVATE KEY-----\r\nnone that opens anything\r\n")

// used is a drive that is full of old content.
func used(size int64, sector int, faults blocktest.Faults) *blocktest.Fake {
	drive := blocktest.NewFake(size, sector, faults)
	drive.Poke(old(size), 0)
	return drive
}

func old(size int64) []byte {
	return bytes.Repeat(secret, int(size)/len(secret)+1)[:size]
}

// erased runs all of a plan. power is called between writing and reading back.
func erased(dev block.Device, p plan.Plan, power func()) (e Erasure, err error) {
	for i := range p.Passes {
		done, err := Overwrite(context.Background(), dev, p, i+1, nil, nil)
		e.Passes = append(e.Passes, done)
		if err != nil {
			return e, err
		}
	}
	power()
	report, err := ReadBack(context.Background(), dev, p, nil)
	e.ReadBack = &report
	return e, err
}

func TestEverySizeIsErased(t *testing.T) {
	full := pattern(t, planFor(0, 1), 1, 10<<20+17)
	for _, size := range []int64{1, 15, 511, 512, 513, 4095, 4096, 4097, pieceBytes + 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 2 * chunkBytes, 10<<20 + 17} {
		for _, sector := range []int{512, 4096} {
			drive, p := used(size, sector, blocktest.Faults{}), planFor(size, 1)
			var count progress.Counter
			pass, err := Overwrite(t.Context(), drive, p, 1, &count, nil)
			if err != nil || !pass.Complete || !pass.Synced || pass.Failed != nil || pass.Bytes != size || pass.Pattern != policy.Keyed {
				t.Errorf("%d bytes in sectors of %d: %+v, %v", size, sector, pass, err)
			}
			if done, total := count.Load(); done != size || total != size {
				t.Errorf("%d bytes: counted %d of %d", size, done, total)
			}
			if !bytes.Equal(drive.Peek(0, int(size)), full[:size]) {
				t.Errorf("%d bytes in sectors of %d: the pattern is not on the drive", size, sector)
			}
			report, err := ReadBack(t.Context(), drive, p, nil)
			if e := (Erasure{Passes: []Pass{pass}, ReadBack: &report}); err != nil || !e.OK(p) {
				t.Errorf("%d bytes in sectors of %d: %v, %v", size, sector, e.Shortfalls(p), err)
			}
			if counts := drive.Counts(); counts.Refused != 0 || counts.Checks < 2 {
				t.Errorf("%d bytes in sectors of %d: %+v", size, sector, counts)
			}
		}
	}
}

// TestPolicies carries out every built-in policy, and some that only an operator
// could have, on drives whose sizes are multiples of nothing. What stands on them
// then is compared, over the whole drive and after each pass, with bytes that no
// code of the program made.
func TestPolicies(t *testing.T) {
	all := map[string][]policy.Pattern{
		"three bytes":         {policy.Fixed(0x92, 0x49, 0x24)},
		"sixteen bytes":       {policy.Keyed, policy.Fixed([]byte("sixteen bytes...")...)},
		"a complement within": {policy.Fixed(1), policy.Keyed, policy.Complement, policy.Keyed, policy.Complement, policy.Fixed(0xff)},
	}
	for _, p := range policy.Builtin() {
		all[p.ID] = p.Passes
	}
	for name, passes := range all {
		for _, size := range []int64{1, 511, 4097, pieceBytes + 7, chunkBytes + 4099} {
			drive, p := used(size, 512, blocktest.Faults{}), planOf(size, passes...)
			var e Erasure
			for i := range p.Passes {
				pass, err := Overwrite(t.Context(), drive, p, i+1, nil, nil)
				if err != nil || !bytes.Equal(drive.Peek(0, int(size)), pattern(t, p, i+1, size)) {
					t.Errorf("%s on %d bytes: pass %d is not on the drive: %v", name, size, i+1, err)
				}
				e.Passes = append(e.Passes, pass)
			}
			report, err := ReadBack(t.Context(), drive, p, nil)
			if e.ReadBack = &report; err != nil || !e.OK(p) {
				t.Errorf("%s on %d bytes: %v, %v", name, size, e.Shortfalls(p), err)
			}
			at := size / 2
			drive.Poke([]byte{drive.Peek(at, 1)[0] ^ 1}, at)
			if report, err := ReadBack(t.Context(), drive, p, nil); err != nil || report.OK() || report.Matched >= size {
				t.Errorf("%s on %d bytes: one that is wrong was not seen: %+v, %v", name, size, report, err)
			}
		}
	}
}

// TestShareIsNoProof: however well a share of the drive is read back, it is not OK.
func TestShareIsNoProof(t *testing.T) {
	const size = 3*chunkBytes + 5
	for _, percent := range []int{1, 50, 99} {
		drive, p := used(size, 512, blocktest.Faults{}), planFor(size, 1)
		p.ReadBackPercent = percent
		e, err := erased(drive, p, drive.PowerCycle)
		if err != nil || !e.ReadBack.OK() || e.OK(p) || e.ReadBack.Bytes+e.ReadBack.Excepted != size || e.ReadBack.Excepted == 0 {
			t.Errorf("%d %%: %+v, %v", percent, e.ReadBack, err)
		}
	}
}

// TestNothingIsWritten wants the drive untouched when the plan is not for it.
func TestNothingIsWritten(t *testing.T) {
	const size = 4096
	ended, end := context.WithCancel(t.Context())
	end()
	for _, c := range []struct {
		name   string
		ctx    context.Context
		spoil  func(*plan.Plan)
		before func(*blocktest.Fake)
		number int
		want   error
	}{
		{name: "another size", spoil: func(p *plan.Plan) { p.Target.SizeBytes++ }, number: 1, want: ErrPlan},
		{name: "no such pass", number: 2, want: ErrPlan},
		{name: "pass zero", number: 0, want: ErrPlan},
		{name: "unknown pattern", spoil: func(p *plan.Plan) { p.Passes[0] = "zero" }, number: 1, want: ErrPlan},
		{name: "complement of nothing", spoil: func(p *plan.Plan) { p.Passes[0] = policy.Complement }, number: 1, want: ErrPlan},
		{name: "no seed", spoil: func(p *plan.Plan) { p.Seed = "" }, number: 1, want: ErrPlan},
		{name: "another drive", before: (*blocktest.Fake).Change, number: 1, want: block.ErrChanged},
		{name: "no drive", before: (*blocktest.Fake).Vanish, number: 1, want: block.ErrGone},
		{name: "cancelled", ctx: ended, number: 1, want: context.Canceled},
	} {
		drive, p, ctx := used(size, 512, blocktest.Faults{}), planFor(size, 1), t.Context()
		if c.spoil != nil {
			c.spoil(&p)
		}
		if c.before != nil {
			c.before(drive)
		}
		if c.ctx != nil {
			ctx = c.ctx
		}
		pass, err := Overwrite(ctx, drive, p, c.number, nil, nil)
		if !errors.Is(err, c.want) || pass.Complete || pass.Synced || pass.Bytes != 0 {
			t.Errorf("%s: %+v, %v", c.name, pass, err)
		}
		if counts := drive.Counts(); counts.Writes != 0 || counts.Syncs != 0 || !bytes.Equal(drive.Peek(0, size), old(size)) {
			t.Errorf("%s: the drive was touched: %+v", c.name, counts)
		}
		if c.number != 1 {
			continue
		}
		if report, err := ReadBack(ctx, drive, p, nil); err == nil || report.OK() {
			t.Errorf("%s: read back: %+v, %v", c.name, report, err)
		}
	}
}

func TestEmptyDrive(t *testing.T) {
	drive, p := blocktest.NewFake(0, 512, blocktest.Faults{}), planFor(0, 1)
	e, err := erased(drive, p, func() {})
	if !errors.Is(err, ErrPlan) || e.OK(p) {
		t.Errorf("%+v, %v", e, err)
	}
}

// TestLyingDrives has drives that acknowledge everything.
func TestLyingDrives(t *testing.T) {
	const size, real = 10<<20 + 512*3, 6<<20 + 512*5
	dropped := block.Extents{{Offset: 512 * 100, Length: 512}, {Offset: chunkBytes - 512, Length: 1024}}
	for _, c := range []struct {
		name    string
		faults  blocktest.Faults
		class   verify.Class
		proven  int64
		extents block.Extents
		source  int64
	}{
		{"wraps around", blocktest.Faults{RealSize: real, Wrap: true}, verify.Wrapped, real, block.Extents{{Offset: 0, Length: size - real}}, real},
		{"forgets behind its end", blocktest.Faults{RealSize: real}, verify.NeverWritten, real, block.Extents{{Offset: real, Length: size - real}}, 0},
		{"drops writes", blocktest.Faults{Drop: dropped}, verify.NeverWritten, size - 1536, dropped, 0},
		{"flushes nothing", blocktest.Faults{Cache: true, SyncLies: true}, verify.NeverWritten, 0, block.Extents{{Offset: 0, Length: size}}, 0},
	} {
		drive, p := used(size, 512, c.faults), planFor(size, 1)
		e, err := erased(drive, p, drive.PowerCycle)
		if err != nil || e.OK(p) {
			t.Errorf("%s: %+v, %v", c.name, e, err)
			continue
		}
		r := e.ReadBack
		if len(r.Mismatches) != 1 || r.Mismatches[0].Class != c.class || !slices.Equal(r.Mismatches[0].Extents, c.extents) || r.Mismatches[0].Source != c.source || r.Matched != c.proven {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
}

// TestHonestCache must pass: what is flushed is on the medium.
func TestHonestCache(t *testing.T) {
	const size = chunkBytes + 512
	drive, p := used(size, 512, blocktest.Faults{Cache: true}), planFor(size, 1)
	if e, err := erased(drive, p, drive.PowerCycle); err != nil || !e.OK(p) {
		t.Errorf("%v, %v", e.Shortfalls(p), err)
	}
}

// TestLyingCacheShowsAfterReset has a drive that stores nothing and answers from
// its cache: a read-back alone is fooled, and one after a reset is not, as far as
// the cache does not outlast that. This is why a record says what was done.
func TestLyingCacheShowsAfterReset(t *testing.T) {
	const size = 8192
	lies := blocktest.Faults{Cache: true, SyncLies: true}
	outlasting, fixed := lies, lies
	outlasting.ResetKeeps = true
	fixed.ResetError = &block.NoResetError{Because: "it is a card"}
	for _, c := range []struct {
		name   string
		faults blocktest.Faults
		defend bool
		want   Defence
		fooled bool
	}{
		{"not reset", lies, false, Defence{}, true},
		{"reset", lies, true, Defence{Kind: Reset}, false},
		{"cannot be reset", fixed, true, Defence{NoDefence, "it is a card"}, true},
		{"its cache outlasts a reset", outlasting, true, Defence{Kind: Reset}, true},
	} {
		var defence Defence
		drive, p := used(size, 512, c.faults), planFor(size, 1)
		e, err := erased(drive, p, func() {
			var err error
			if c.defend {
				defence, err = Defend(drive)
			}
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		})
		if err != nil || e.OK(p) != c.fooled || defence != c.want || !bytes.Equal(drive.Peek(0, size), old(size)) {
			t.Errorf("%s: %v, %v; defence %+v", c.name, e.Shortfalls(p), err, defence)
		}
	}
}

// TestDriveThatDoesNotComeBack from its reset is not read back, and never one that
// was reset.
func TestDriveThatDoesNotComeBack(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults blocktest.Faults
		happen func(*blocktest.Fake)
		want   error
	}{
		{"it has gone", blocktest.Faults{}, (*blocktest.Fake).Vanish, block.ErrGone},
		{"it is another one", blocktest.Faults{}, (*blocktest.Fake).Change, block.ErrChanged},
		{"it does not answer", blocktest.Faults{ResetError: syscall.EIO}, func(*blocktest.Fake) {}, syscall.EIO},
	} {
		drive := blocktest.NewFake(8192, 512, c.faults)
		c.happen(drive)
		if d, err := Defend(drive); !errors.Is(err, c.want) || d.Kind != NoDefence || d.Because == "" {
			t.Errorf("%s: %+v, %v", c.name, d, err)
		}
	}
}

// TestSameBytesDoNotShowTheCapacity states a limit: a drive that has less room than it
// announces reads as it should where the same bytes stand everywhere. This is why
// such a pass proves no capacity in the record.
func TestSameBytesDoNotShowTheCapacity(t *testing.T) {
	const size = 1 << 20
	for pattern, passes := range map[policy.Pattern]bool{policy.Fixed(0): true, policy.Fixed(1, 2): true, policy.Keyed: false} {
		drive, p := used(size, 512, blocktest.Faults{RealSize: size / 4, Wrap: true}), planOf(size, pattern)
		e, err := erased(drive, p, drive.PowerCycle)
		if err != nil || e.OK(p) != passes || passes == pattern.TellsPlaces() {
			t.Errorf("%s: %v, %v", pattern, e.Shortfalls(p), err)
		}
	}
}

// TestReadThroughHostCache proves something about an image, and nothing about a
// drive.
func TestReadThroughHostCache(t *testing.T) {
	const size = 8192
	fake, p := used(size, 512, blocktest.Faults{}), planFor(size, 1)
	fake.SetHostCached(true)
	e, err := erased(fake, p, func() {})
	if err != nil || e.ReadBack.Direct || e.OK(p) {
		t.Errorf("a drive: %+v, %v", e.ReadBack, err)
	}
	if p.Target.Kind = drive.KindImage; !e.OK(p) {
		t.Errorf("an image: %v", e.Shortfalls(p))
	}
}

func TestWriteErrors(t *testing.T) {
	const size = 2*chunkBytes + 512*9 + 5
	for _, c := range []struct {
		sector int
		bad    block.Extents // bytes
		failed block.Extents // sectors
	}{
		{512, block.Extents{{Offset: 1000, Length: 1}}, block.Extents{{Offset: 512, Length: 512}}},
		{4096, block.Extents{{Offset: 1000, Length: 1}}, block.Extents{{Offset: 0, Length: 4096}}},
		{512, block.Extents{{Offset: chunkBytes - 1, Length: 2}}, block.Extents{{Offset: chunkBytes - 512, Length: 1024}}},
		{512, block.Extents{{Offset: 512 * 3, Length: 512}, {Offset: 512 * 5, Length: 512}, {Offset: 2 * chunkBytes, Length: 1}}, block.Extents{{Offset: 512 * 3, Length: 512}, {Offset: 512 * 5, Length: 512}, {Offset: 2 * chunkBytes, Length: 512}}},
		{512, block.Extents{{Offset: size - 1, Length: 1}}, block.Extents{{Offset: size - 5, Length: 5}}},
	} {
		drive, p := used(size, c.sector, blocktest.Faults{WriteErrors: c.bad}), planFor(size, 1)
		e, err := erased(drive, p, drive.PowerCycle)
		if err != nil || e.OK(p) {
			t.Errorf("%v: %+v, %v", c.bad, e, err)
			continue
		}
		pass := e.Passes[0]
		if !pass.Complete || !pass.Synced || !slices.Equal(pass.Failed, c.failed) || pass.Bytes != size-c.failed.Bytes() {
			t.Errorf("%v in sectors of %d: %+v", c.bad, c.sector, pass)
		}
		// The rest must be erased all the same.
		got, want := drive.Peek(0, size), pattern(t, p, 1, size)
		for _, e := range c.failed {
			copy(got[e.Offset:e.End()], want[e.Offset:e.End()])
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%v: the rest of the drive was not erased", c.bad)
		}
		if drive.Counts().Refused != 0 {
			t.Errorf("%v: %+v", c.bad, drive.Counts())
		}
	}
}

func TestReadErrors(t *testing.T) {
	const size = chunkBytes + 512*9
	drive, p := used(size, 512, blocktest.Faults{ReadErrors: block.Extents{{Offset: 700, Length: 1}, {Offset: chunkBytes, Length: 1}}}), planFor(size, 1)
	e, err := erased(drive, p, drive.PowerCycle)
	want := block.Extents{{Offset: 512, Length: 512}, {Offset: chunkBytes, Length: 512}}
	if err != nil || e.OK(p) || !slices.Equal(e.ReadBack.Unreadable, want) || e.ReadBack.Mismatches != nil {
		t.Errorf("%+v, %v", e.ReadBack, err)
	}
}

// TestOneFailedRequest is no failure: the second try writes, or reads, it all.
func TestOneFailedRequest(t *testing.T) {
	const size = 3*chunkBytes + 512
	for request := 1; request <= 8; request++ {
		drive, p := used(size, 512, blocktest.Faults{FailRequest: request}), planFor(size, 1)
		e, err := erased(drive, p, drive.PowerCycle)
		if err != nil || !e.OK(p) || !bytes.Equal(drive.Peek(0, size), pattern(t, p, 1, size)) {
			t.Errorf("request %d: %v, %v", request, e.Shortfalls(p), err)
		}
	}
}

// TestDeadDriveIsGivenUpInTime has a drive on which nothing can be written.
func TestDeadDriveIsGivenUpInTime(t *testing.T) {
	const size = 30 * chunkBytes
	drive, p := blocktest.NewFake(size, 512, blocktest.Faults{WriteErrors: blocktest.Everything(0)}), planFor(size, 1)
	pass, err := Overwrite(t.Context(), drive, p, 1, nil, nil)
	if err != nil || !pass.Complete || pass.Bytes != 0 || !slices.Equal(pass.Failed, block.Extents{{Offset: 0, Length: size}}) {
		t.Errorf("%+v, %v", pass, err)
	}
	if most := maxFailures + size/chunkBytes + chunkBytes/retryBytes + retryBytes/512; drive.Counts().Writes > most {
		t.Errorf("%d requests, want at most %d", drive.Counts().Writes, most)
	}
}

// TestEarlyEnds has passes that end before their end.
func TestEarlyEnds(t *testing.T) {
	const size = 5 * chunkBytes
	for _, c := range []struct {
		name   string
		faults blocktest.Faults
		want   error
		bytes  int64 // written
		synced bool
	}{
		{"pulled", blocktest.Faults{VanishAfter: 2*chunkBytes + 5000}, block.ErrGone, 2 * chunkBytes, false},
		{"pulled between chunks", blocktest.Faults{VanishAfter: 2 * chunkBytes}, block.ErrGone, 2 * chunkBytes, false},
		{"fails, and is another", blocktest.Faults{WriteErrors: blocktest.Everything(3 * chunkBytes), ChangeAfter: chunkBytes}, block.ErrChanged, 3 * chunkBytes, true},
		{"protected", blocktest.Faults{WriteProtected: true}, block.ErrReadOnly, 0, false},
	} {
		drive, p := used(size, 512, c.faults), planFor(size, 1)
		var count progress.Counter
		pass, err := Overwrite(t.Context(), drive, p, 1, &count, nil)
		if !errors.Is(err, c.want) || pass.Complete || pass.Synced != c.synced || pass.Bytes != c.bytes || pass.Failed != nil {
			t.Errorf("%s: %+v, %v", c.name, pass, err)
		}
		if done, _ := count.Load(); done != c.bytes {
			t.Errorf("%s: counted %d, want %d", c.name, done, c.bytes)
		}
		if counts := drive.Counts(); counts.Syncs != 1 || counts.Refused != 0 {
			t.Errorf("%s: %+v", c.name, counts)
		}
		if e := (Erasure{Passes: []Pass{pass}}); e.OK(p) {
			t.Errorf("%s: it is OK", c.name)
		}
	}
}

// TestAnotherDriveAfterwards swaps the drive between writing and reading.
func TestAnotherDriveAfterwards(t *testing.T) {
	const size = 8192
	drive, p := used(size, 512, blocktest.Faults{ChangeAfter: size}), planFor(size, 1)
	e, err := erased(drive, p, func() {})
	if !errors.Is(err, block.ErrChanged) || e.OK(p) || e.ReadBack.Bytes != 0 {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestFailedFlush(t *testing.T) {
	const size = 8192
	cause := errors.New("the medium is worn out")
	drive, p := used(size, 512, blocktest.Faults{SyncError: cause}), planFor(size, 1)
	pass, err := Overwrite(t.Context(), drive, p, 1, nil, nil)
	if !errors.Is(err, cause) || !pass.Complete || pass.Synced || pass.Bytes != size {
		t.Errorf("%+v, %v", pass, err)
	}
	report, err := ReadBack(t.Context(), drive, p, nil)
	if e := (Erasure{Passes: []Pass{pass}, ReadBack: &report}); err != nil || !report.OK() || e.OK(p) {
		t.Errorf("%+v, %v", e, err)
	}
}

// TestCancellation finishes the chunk in flight, and flushes.
func TestCancellation(t *testing.T) {
	const size = 5 * chunkBytes
	ctx, cancel := context.WithCancel(t.Context())
	drive, p := used(size, 512, blocktest.Faults{Cache: true, Before: func(r blocktest.Request) error {
		if r.Op == blocktest.Write && r.Extent.Offset == 2*chunkBytes {
			cancel()
		}
		return nil
	}}), planFor(size, 1)
	pass, err := Overwrite(ctx, drive, p, 1, nil, nil)
	if !errors.Is(err, context.Canceled) || pass.Complete || !pass.Synced || pass.Bytes != 3*chunkBytes {
		t.Errorf("%+v, %v", pass, err)
	}
	if !bytes.Equal(drive.Peek(0, 3*chunkBytes), pattern(t, p, 1, 3*chunkBytes)) || !bytes.Equal(drive.Peek(3*chunkBytes, 100), old(size)[3*chunkBytes:][:100]) {
		t.Error("what is on the drive is not what the pass says")
	}
}

// TestCancellationWhileRetrying must not wait for thousands of sectors.
func TestCancellationWhileRetrying(t *testing.T) {
	const size = chunkBytes
	ctx, cancel := context.WithCancel(t.Context())
	requests := 0
	drive, p := blocktest.NewFake(size, 512, blocktest.Faults{WriteErrors: blocktest.Everything(0), Before: func(r blocktest.Request) error {
		if r.Op == blocktest.Write {
			if requests++; requests == 100 {
				cancel()
			}
		}
		return nil
	}}), planFor(size, 1)
	pass, err := Overwrite(ctx, drive, p, 1, nil, nil)
	if !errors.Is(err, context.Canceled) || pass.Complete || requests != 100 {
		t.Errorf("%+v, %v after %d requests", pass, err, requests)
	}
}

// TestResumes goes on where an earlier run was, and writes nothing before that.
func TestResumes(t *testing.T) {
	const size = 2*chunkBytes + 4096*3 + 512
	for _, c := range []struct {
		pass  int
		bytes int64
	}{{1, 0}, {1, 4096}, {1, chunkBytes}, {2, 0}, {2, chunkBytes + 4096}, {2, size}, {3, 0}} {
		drive, p := used(size, 512, blocktest.Faults{}), planFor(size, 2)
		p.Resumes = []plan.Run{{CertificateID: "ps-1", Pass: c.pass, Bytes: c.bytes}}
		for pass := 1; pass <= min(c.pass, 2); pass++ {
			drive.Poke(pattern(t, p, pass, p.Done(pass)), 0)
		}
		e, err := erased(drive, p, drive.PowerCycle)
		if err != nil || !e.OK(p) || e.Passes[1].Stored != size {
			t.Errorf("%+v: %v, %v, %+v", c, e.Shortfalls(p), err, e.Passes)
		}
		if wrote, want := drive.Counts().BytesWritten, 2*int64(size)-p.Done(1)-p.Done(2); wrote != want {
			t.Errorf("%+v: %d bytes were written, want %d", c, wrote, want)
		}
	}
}

// TestResumesWhereNothingIs: what an earlier run is said to have written is read back
// like the rest.
func TestResumesWhereNothingIs(t *testing.T) {
	const size = chunkBytes
	drive, p := used(size, 512, blocktest.Faults{}), planFor(size, 1)
	p.Resumes = []plan.Run{{CertificateID: "ps-1", Pass: 1, Bytes: 4096}}
	e, err := erased(drive, p, drive.PowerCycle)
	if err != nil || e.OK(p) || len(e.ReadBack.Mismatches) != 1 || e.ReadBack.Mismatches[0].Bytes != 4096 {
		t.Errorf("%+v, %v", e.ReadBack, err)
	}
}

// TestStoredOnTheWay: a drive that goes in the middle of a pass has stored what it
// was asked to store until then, and the pass tells of no more.
func TestStoredOnTheWay(t *testing.T) {
	usual := flushEvery
	flushEvery = 0
	defer func() { flushEvery = usual }()
	const size = 8 * chunkBytes
	drive, p := used(size, 512, blocktest.Faults{Cache: true, VanishAfter: 5*chunkBytes + 512}), planFor(size, 1)
	told := int64(0)
	pass, err := Overwrite(t.Context(), drive, p, 1, nil, func(bytes int64) { told = bytes })
	if !errors.Is(err, block.ErrGone) || pass.Stored == 0 || pass.Stored > pass.Bytes || told != pass.Stored {
		t.Fatalf("%+v, %v; told %d", pass, err, told)
	}
	drive.PowerCycle()
	if !bytes.Equal(drive.Peek(0, int(pass.Stored)), pattern(t, p, 1, pass.Stored)) {
		t.Error("what was said to be stored is not there")
	}
}
