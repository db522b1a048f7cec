package volume

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/parttable"
)

// littered is a drive full of random bytes, so that what is not written shows.
func littered(size int64, sector int, faults blocktest.Faults) *blocktest.Fake {
	dev := blocktest.NewFake(size, sector, faults)
	rng := rand.NewChaCha8([32]byte{9})
	p := make([]byte, mib)
	for at := int64(0); at < size; at += mib {
		rng.Read(p)
		dev.Poke(p[:min(mib, size-at)], at)
	}
	return dev
}

// shapes are one small drive of each file system, and of each sector size.
var shapes = []drive{{2 * mib, 512}, {16 * mib, 512}, {34 * mib, 512}, {260 * mib, 4096}}

// TestMetadata demands that Make writes what Metadata says, and nothing else,
// whatever was on the drive.
func TestMetadata(t *testing.T) {
	for _, d := range shapes {
		dev := littered(d.size, d.sector, blocktest.Faults{})
		spec := newSpec(t, d.size, d.sector)
		if err := Make(context.Background(), dev, spec, nil); err != nil {
			t.Fatal(err)
		}
		v := checked(t, dev, spec)
		if got, want := v.Metadata(), dev.Written(); !slices.Equal(got, want) {
			t.Errorf("%+v: metadata %v, written %v", d, got, want)
		}
		if !slices.Equal(dev.Synced(), dev.Written()) {
			t.Errorf("%+v: not everything was flushed", d)
		}
	}
}

// TestMakeOnCoarseAlignment formats an image that has to be written in units
// larger than its sectors, and ends in the middle of one.
func TestMakeOnCoarseAlignment(t *testing.T) {
	for _, size := range []int64{2*mib + 1, 34*mib + 700} {
		dev := littered(size, 512, blocktest.Faults{})
		dev.SetAlignment(4096)
		spec := newSpec(t, size, 512)
		before := dev.Peek(512, 4096-512)
		if err := Make(context.Background(), dev, spec, nil); err != nil {
			t.Fatal(err)
		}
		checked(t, dev, spec)
		if string(dev.Peek(512, 4096-512)) != string(before) || dev.Counts().Refused > 0 {
			t.Error("what stands beside the first sector was lost")
		}
	}
}

// TestMakeFails fails each request in turn, and then the flush. Make never
// reports success, and passes on what happened.
func TestMakeFails(t *testing.T) {
	for _, d := range shapes[:3] {
		spec := newSpec(t, d.size, d.sector)
		for n := 1; ; n++ {
			dev := blocktest.NewFake(d.size, d.sector, blocktest.Faults{FailRequest: n})
			err := Make(context.Background(), dev, spec, nil)
			if counts := dev.Counts(); counts.Reads+counts.Writes < n {
				if err != nil {
					t.Errorf("%+v: without a fault: %v", d, err)
				}
				t.Logf("%+v: %d requests", d, n-1)
				break
			}
			if !errors.Is(err, syscall.EIO) {
				t.Errorf("%+v: request %d failed, but Make says %v", d, n, err)
			}
		}
		for _, c := range []struct {
			name   string
			faults blocktest.Faults
			want   error
		}{
			{"flush", blocktest.Faults{SyncError: syscall.EIO}, syscall.EIO},
			{"pulled", blocktest.Faults{VanishAfter: 5000}, block.ErrGone},
			{"write protected", blocktest.Faults{WriteProtected: true}, block.ErrReadOnly},
		} {
			dev := blocktest.NewFake(d.size, d.sector, c.faults)
			if err := Make(context.Background(), dev, spec, nil); !errors.Is(err, c.want) {
				t.Errorf("%+v, %s: %v", d, c.name, err)
			}
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	good := newSpec(t, 64*mib, 512)
	change := func(f func(s *Spec)) Spec {
		s := good
		f(&s)
		return s
	}
	other := blocktest.NewFake(64*mib, 512, blocktest.Faults{})
	other.Change()
	for _, c := range []struct {
		name string
		dev  *blocktest.Fake
		spec Spec
		want error
	}{
		{"another size", blocktest.NewFake(65*mib, 512, blocktest.Faults{}), good, ErrSpec},
		{"another sector size", blocktest.NewFake(512*mib, 4096, blocktest.Faults{}), newSpec(t, 512*mib, 512), ErrSpec},
		{"too small", blocktest.NewFake(mib, 512, blocktest.Faults{}), good, ErrTooSmall},
		{"another start", blocktest.NewFake(64*mib, 512, blocktest.Faults{}), change(func(s *Spec) { s.StartBytes = 0 }), ErrSpec},
		{"no label", blocktest.NewFake(64*mib, 512, blocktest.Faults{}), change(func(s *Spec) { s.Label = "" }), ErrLabel},
		{"lower case", blocktest.NewFake(64*mib, 512, blocktest.Faults{}), change(func(s *Spec) { s.Label = "panorama" }), ErrSpec},
		{"no signature", blocktest.NewFake(64*mib, 512, blocktest.Faults{}), change(func(s *Spec) { s.DiskSignature = 0 }), ErrSpec},
		{"another drive under its name", other, good, block.ErrChanged},
	} {
		err := Make(context.Background(), c.dev, c.spec, nil)
		if !errors.Is(err, c.want) || c.dev.Counts().Writes > 0 {
			t.Errorf("%s: %v, %d writes", c.name, err, c.dev.Counts().Writes)
		}
	}
}

func TestMakeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	dev := blocktest.NewFake(8*gib, 512, blocktest.Faults{Before: func(r blocktest.Request) error {
		if r.Op == blocktest.Write {
			cancel()
		}
		return nil
	}})
	err := Make(ctx, dev, newSpec(t, 8*gib, 512), nil)
	if !errors.Is(err, context.Canceled) || dev.Counts().Writes != 1 {
		t.Errorf("%v after %d writes", err, dev.Counts().Writes)
	}
	if _, err := Check(dev); !errors.Is(err, ErrDamaged) {
		t.Errorf("Check: %v", err)
	}
}

// TestDroppedWrites loses the write of each sector of metadata in turn, on a
// drive full of other bytes. Check notices each, if only by what seems to be in
// the root directory.
func TestDroppedWrites(t *testing.T) {
	for _, d := range []drive{{2 * mib, 512}, {5 * mib, 512}, {34 * mib, 512}, {260 * mib, 4096}} {
		spec := newSpec(t, d.size, d.sector)
		g, _ := spec.geometry()
		clean := littered(startBytes+g.metadata()*g.bytes, d.sector, blocktest.Faults{})
		made, _ := formattedDrive(t, d.size, d.sector)
		sectors := []int64{0}
		for i := range g.metadata() {
			// All of the small structures, and some of the tables.
			if i < g.reserved+2 || i >= g.data()-1 || i%53 == 0 {
				sectors = append(sectors, startBytes/g.bytes+i)
			}
		}
		for _, s := range sectors {
			off := s * g.bytes
			before := made.Peek(off, int(g.bytes))
			made.Poke(clean.Peek(off, int(g.bytes)), off)
			if v, err := Check(made); err == nil && v.Empty() {
				t.Errorf("%+v: sector %d was not written, but Check does not mind", d, s)
			}
			made.Poke(before, off)
		}
		checked(t, made, spec)
		t.Logf("%+v: %d sectors", d, len(sectors))
	}
}

// TestCheckUnreadable cannot read each sector of metadata in turn.
func TestCheckUnreadable(t *testing.T) {
	for _, d := range shapes[:3] {
		dev, spec := formattedDrive(t, d.size, d.sector)
		g, _ := spec.geometry()
		for i := int64(0); i < g.metadata(); i++ {
			if i > g.reserved+2 && i < g.data()-2 && i%53 != 0 {
				continue
			}
			dev.SetFaults(blocktest.Faults{ReadErrors: block.Extents{{Offset: startBytes + i*g.bytes, Length: g.bytes}}})
			if _, err := Check(dev); !errors.Is(err, syscall.EIO) {
				t.Errorf("%+v: sector %d of the partition cannot be read, but Check says %v", d, i, err)
			}
		}
		for _, off := range []int64{0, g.bytes, (d.size/g.bytes - 1) * g.bytes} {
			dev.SetFaults(blocktest.Faults{ReadErrors: block.Extents{{Offset: off, Length: g.bytes}}})
			if _, err := Check(dev); !errors.Is(err, syscall.EIO) {
				t.Errorf("%+v: byte %d cannot be read, but Check says %v", d, off, err)
			}
		}
	}
}

// TestStaleGPT formats drives that still have a GPT, at both ends or at one.
func TestStaleGPT(t *testing.T) {
	for _, sector := range []int{512, 4096} {
		for _, size := range []int64{300 * mib, 300*mib + 700} {
			for _, ends := range []string{"both", "primary", "backup"} {
				t.Run(fmt.Sprintf("%s %d in %d", ends, size, sector), func(t *testing.T) {
					dev := blocktest.NewFake(size, sector, blocktest.Faults{})
					last := size/int64(sector) - 1
					if ends != "backup" {
						dev.Poke(gptHeader(1, sector), int64(sector))
					}
					if ends != "primary" {
						dev.Poke(gptHeader(last, sector), last*int64(sector))
					}
					spec := newSpec(t, size, sector)
					if err := Make(context.Background(), dev, spec, nil); err != nil {
						t.Fatal(err)
					}
					checked(t, dev, spec)
					primary, backup, err := parttable.GPTHeaders(block.AnyReader(dev), size, sector)
					if primary || backup || err != nil {
						t.Errorf("GPT headers left: %v %v %v", primary, backup, err)
					}
				})
			}
		}
	}
}

func gptHeader(lba int64, sector int) []byte {
	b := make([]byte, sector)
	copy(b, "EFI PART\x00\x00\x01\x00\x5C")
	binary.LittleEndian.PutUint64(b[24:], uint64(lba))
	return b
}
