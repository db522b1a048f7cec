package scan

import (
	"archive/zip"
	"context"
	"path/filepath"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/scan/scantest"
)

// pages is a drive that repeats one run of bytes, so that a benchmark is of the
// sweep and not of the machine's memory.
type pages struct {
	unit []byte
	size int64
}

func (p pages) Size() int64     { return p.size }
func (p pages) SectorSize() int { return 512 }
func (p pages) Alignment() int  { return 1 }

func (p pages) ReadAt(b []byte, off int64) (int, error) {
	for n := 0; n < len(b); {
		n += copy(b[n:], p.unit[(off+int64(n))%int64(len(p.unit)):])
	}
	return len(b), nil
}

var _ block.Reader = pages{}

func benchmarkSweep(b *testing.B, unit []byte) {
	drive := pages{unit, 256 << 20}
	b.SetBytes(drive.size)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Run(context.Background(), drive, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSweepRandom(b *testing.B) { benchmarkSweep(b, randomBytes(1, 8<<20)) }

func BenchmarkSweepZero(b *testing.B) { benchmarkSweep(b, make([]byte, 8<<20)) }

func BenchmarkSweepText(b *testing.B) { benchmarkSweep(b, logLines(90_000, deviceID())) }

// The drives below were made to take long: they should take no more than three
// times as long as random bytes.

func BenchmarkSweepHeaders(b *testing.B) { benchmarkSweep(b, scantest.Headers(8<<20)) }

func BenchmarkSweepMembers(b *testing.B) {
	benchmarkSweep(b, scantest.Members(8<<20, 3000, zip.Deflate))
}

func BenchmarkSweepStored(b *testing.B) { benchmarkSweep(b, scantest.Members(8<<20, 3000, zip.Store)) }

func BenchmarkMillionDeleted(b *testing.B) {
	path := filepath.Join(b.TempDir(), "drive")
	scantest.Crowded(b, path, 512<<20, 1_000_000)
	drive, err := block.OpenImage(path, block.ReadOnly)
	if err != nil {
		b.Fatal(err)
	}
	defer drive.Close()
	b.SetBytes(drive.Size())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Run(context.Background(), drive, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
