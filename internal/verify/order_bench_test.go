package verify

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
)

// BenchmarkOrder reads in both orders what block opens: a file in
// PANOSCRUB_BENCH_DIR, or the drive PANOSCRUB_BENCH_DRIVE, which is only read. The
// one must not be notably slower than the other.
func BenchmarkOrder(b *testing.B) {
	dev := benchDevice(b)
	shuffled, err := newStretches(dev.Size(), spec(1, 1))
	if err != nil {
		b.Fatal(err)
	}
	ascending := stretches{starts: []int64{0}, length: dev.Size()}
	for _, s := range []stretches{ascending, shuffled, ascending, shuffled} {
		b.Run(string(s.order()), func(b *testing.B) {
			b.SetBytes(dev.Size())
			for b.Loop() {
				if err := newReader(dev, s, nil).each(b.Context(), func(chunk) {}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchDevice(b *testing.B) (dev block.Device) {
	var err error
	if node := os.Getenv("PANOSCRUB_BENCH_DRIVE"); node != "" {
		dev, err = block.OpenDrive(node, block.ReadOnly)
	} else {
		dev, err = block.OpenImage(benchFile(b), block.ReadWrite) // direct I/O is for writing only
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { dev.Close() })
	return dev
}

// benchFile is a file without holes.
func benchFile(b *testing.B) string {
	dir := os.Getenv("PANOSCRUB_BENCH_DIR")
	if dir == "" {
		b.Skip("NOT RUN: PANOSCRUB_BENCH_DIR or PANOSCRUB_BENCH_DRIVE says what to read")
	}
	path := filepath.Join(dir, "panoscrub-order")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.Remove(path) })
	defer f.Close()
	part := block.Buffer(1 << 20)
	for i := range part {
		part[i] = byte(i)
	}
	for range 1 << 10 {
		if _, err := f.Write(part); err != nil {
			b.Fatal(err)
		}
	}
	return path
}
