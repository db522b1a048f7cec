package volume

import (
	"context"
	"os"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/progress"
)

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

// newSpec is a spec for a drive of the given shape.
func newSpec(t testing.TB, size int64, sector int) Spec {
	t.Helper()
	l, err := NewLayout(size, sector)
	if err != nil {
		t.Fatal(err)
	}
	return Spec{Layout: l, Label: "PANORAMA", DiskSignature: 0x1BADB002, VolumeID: 0x1234ABCD}
}

// formattedDrive is a drive of the given shape that was full of something, and
// has been formatted. It is not read back.
func formattedDrive(t testing.TB, size int64, sector int) (*blocktest.Fake, Spec) {
	t.Helper()
	spec := newSpec(t, size, sector)
	dev := blocktest.NewFake(size, sector, blocktest.Faults{})
	var count progress.Counter
	if err := Make(context.Background(), dev, spec, &count); err != nil {
		t.Fatalf("%d bytes in sectors of %d: %v", size, sector, err)
	}
	if done, total := count.Load(); done != total || done != dev.Written().Bytes() {
		t.Errorf("%d bytes in sectors of %d: counted %d of %d bytes, wrote %d", size, sector, done, total, dev.Written().Bytes())
	}
	if n := dev.Counts(); n.Refused > 0 || n.Syncs != 1 || n.Checks == 0 {
		t.Errorf("%d bytes in sectors of %d: %+v", size, sector, n)
	}
	return dev, spec
}

// checked demands that Check finds what Make was asked for, and nothing wrong.
func checked(t testing.TB, dev block.Reader, spec Spec) Volume {
	t.Helper()
	v, err := Check(dev)
	if err != nil {
		t.Errorf("%d bytes in sectors of %d: %v", spec.DiskBytes, spec.SectorBytes, err)
	}
	if v.Layout != spec.Layout || v.Label != spec.Label || v.DiskSignature != spec.DiskSignature || v.VolumeID != spec.VolumeID || !v.Empty() {
		t.Errorf("%d bytes in sectors of %d: made %+v, found %+v", spec.DiskBytes, spec.SectorBytes, spec, v)
	}
	return v
}

// image writes what dev holds from offset from on into a sparse file of the size
// that is left.
func image(t testing.TB, dev *blocktest.Fake, from int64, size int64) string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "image")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	for _, e := range dev.Written().Clip(block.Extent{Offset: from, Length: size}) {
		for at := e.Offset; at < e.End(); at += mib {
			p := dev.Peek(at, int(min(mib, e.End()-at)))
			if zero(p) {
				continue
			}
			if _, err := f.WriteAt(p, at-from); err != nil {
				t.Fatal(err)
			}
		}
	}
	return f.Name()
}
