package scan

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/scan/scantest"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// counted counts what is read of a drive.
type counted struct {
	block.Reader
	bytes atomic.Int64
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	c.bytes.Add(int64(len(p)))
	return c.Reader.ReadAt(p, off)
}

// filled is a FAT32 volume, with clusters of half of what sticks of a gigabyte
// have, and files live and deleted, some of them in pieces.
func filled(t testing.TB, size int64) []byte {
	t.Helper()
	testtool.Need(t, "mkfs.vfat", "mcopy", "mdel")
	path, dir := testtool.Image(t, size), t.TempDir()
	testtool.Run(t, "", "mkfs.vfat", "-F", "32", "-s", "4", path)
	var names []string
	for i := range 300 {
		name := filepath.Join(dir, fmt.Sprintf("file %03d.txt", i))
		names = append(names, name)
		if err := os.WriteFile(name, randomBytes(byte(i), 100_000+i*1000), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	testtool.Run(t, "", "mcopy", append(append([]string{"-i", path}, names...), "::/")...)
	for i := 0; i < 300; i += 3 {
		testtool.Run(t, "", "mdel", "-i", path, fmt.Sprintf("::/file %03d.txt", i))
	}
	keys := filepath.Join(dir, "certificates-omni_site7.zip")
	if err := os.WriteFile(keys, zipOf(t, 8, zipFile{"key", rsaPEM(0)}, zipFile{"more", randomBytes(1, 400_000)}), 0o600); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, "", "mcopy", "-i", path, keys, "::/")
	drive, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return drive
}

// TestOneRead reads little more than the drive once: its structures come on top.
func TestOneRead(t *testing.T) {
	drive := &counted{Reader: inMemory(filled(t, 256<<20))}
	r, err := Run(context.Background(), drive, Options{})
	if err != nil || len(r.Findings) != 2 {
		t.Errorf("%d findings, %v", len(r.Findings), err)
	}
	if most := drive.Size() / 100 * 105; drive.bytes.Load() > most {
		t.Errorf("%d bytes were read of %d", drive.bytes.Load(), drive.Size())
	}
}

// stick is as slow as a good one: it does one request at a time.
type stick struct {
	block.Reader
	mu sync.Mutex
}

const (
	stickBytesPerSecond = 400e6
	stickLatency        = 100 * time.Microsecond
	sleepsOver          = 2 * time.Millisecond // how much longer than asked a sleep may take
)

func (s *stick) ReadAt(p []byte, off int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	done := time.Now().Add(stickLatency + time.Duration(float64(len(p))/stickBytesPerSecond*float64(time.Second)))
	n, err := s.Reader.ReadAt(p, off)
	time.Sleep(time.Until(done) - sleepsOver)
	for time.Now().Before(done) {
		runtime.Gosched()
	}
	return n, err
}

// BenchmarkSlowDrive compares a scan with a plain sequential read of the same
// slow drive.
func BenchmarkSlowDrive(b *testing.B) {
	for name, content := range map[string]block.Reader{
		"random": pages{scantest.Random(1, 8<<20), 2 << 30}, "files": inMemory(filled(b, 512<<20)),
	} {
		b.Run(name, func(b *testing.B) {
			drive := &stick{Reader: content}
			buf := block.Buffer(chunkBytes)
			var plain, scan time.Duration
			for b.Loop() {
				start := time.Now()
				for at := int64(0); at < drive.Size(); at += chunkBytes {
					if _, err := drive.ReadAt(buf, at); err != nil {
						b.Fatal(err)
					}
				}
				plain += time.Since(start)
				start = time.Now()
				if _, err := Run(context.Background(), drive, Options{}); err != nil {
					b.Fatal(err)
				}
				scan += time.Since(start)
			}
			b.ReportMetric(float64(scan)/float64(plain), "times-a-plain-read")
		})
	}
}
