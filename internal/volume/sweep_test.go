package volume

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"testing"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

// sticks are numbers of 512-byte sectors that sticks of 1 to 512 GB are sold
// with. Few are a multiple of anything.
var sticks = []int64{
	1957888, 1974271, 2013184, 2015231, 3911680, 3948544, 4028416, 7669824, 7831552, 7864320, 7913471, 8060928,
	15126528, 15204352, 15240576, 15628053, 15646720, 15728640, 15826944, 30218842, 30277632, 30310400, 30463999,
	30605312, 31260672, 31266816, 60063744, 60088320, 60437492, 60555264, 61440000, 61530112, 61702144, 62333952,
	120127488, 120164352, 120845999, 121307136, 121634816, 122880000, 123174912, 125045424, 240254976, 240353280,
	242614272, 243040256, 245760000, 246349824, 249737216, 250069680, 468862128, 480419840, 481214464, 488397168,
	500118192, 976773168,
}

// knownBad are sizes in MiB at which go-diskfs 1.9.4 by itself makes tables that
// are too short.
var knownBad = []int64{65, 130, 195, 260, 325, 390, 455, 506, 507, 519, 257 * 1024, 512 * 1024}

type drive struct {
	size   int64
	sector int
}

// everyday are the drives that each run of the tests formats.
func everyday() (list []drive) {
	for _, size := range []int64{
		minDisk, minDisk + 1, 2 * mib, 3 * mib, 5 * mib, 6 * mib, 16 * mib, 33 * mib, 34 * mib, 34*mib + 511, 64 * mib, 65 * mib, 260 * mib, 507 * mib,
		1957888 * 512, 8 * gib, 31266816 * 512, 250069680 * 512, 500107862016,
	} {
		list = append(list, drive{size, 512})
	}
	for _, size := range []int64{260 * mib, 16 * gib, 64*gib + 4096} {
		list = append(list, drive{size, 4096})
	}
	return list
}

// all are the drives of the long sweep.
func all() (list []drive) {
	list = everyday()
	for _, n := range sticks {
		list = append(list, drive{n * 512, 512})
		if n%8 == 0 && n*512 > 300*mib {
			list = append(list, drive{n * 512, 4096})
		}
	}
	for _, n := range knownBad {
		list = append(list, drive{n * mib, 512}, drive{n*mib - 512, 512}, drive{n*mib + 512, 512})
	}
	for size := int64(2 * mib); size <= 4<<40; size *= 2 {
		for _, d := range []int64{-512, 0, 512, mib} {
			list = append(list, drive{size + d, 512})
		}
		if size >= 512*mib {
			list = append(list, drive{size, 4096}, drive{size + 4096, 4096})
		}
	}
	rng := rand.New(rand.NewPCG(7, 7))
	for range 150 {
		bits := 21 + rng.IntN(19)
		list = append(list, drive{1<<bits + rng.Int64N(1<<bits), 512})
		if bits > 28 {
			list = append(list, drive{1<<bits + rng.Int64N(1<<bits), 4096})
		}
	}
	return append(list, boundaries()...)
}

// boundaries are the drives around each size at which something changes.
func boundaries() (list []drive) {
	last := Layout{}
	at := func(size int64, sector int) Layout {
		l, _ := NewLayout(size, sector)
		return l
	}
	for size := int64(minDisk); size < 40*mib; size += 512 {
		if l := at(size, 512); l.FileSystem != last.FileSystem {
			for d := int64(-4); d < 4; d++ {
				if size+d*512 >= minDisk {
					list = append(list, drive{size + d*512, 512})
				}
			}
			last = l
		}
	}
	for _, f := range formats {
		for _, s := range f.sizes {
			for d := int64(-2); d <= 2; d++ {
				list = append(list, drive{startBytes + s.upTo + d*512, 512})
			}
		}
	}
	return list
}

// TestSweep formats drives of many sizes, checks them, and has fsck.vfat judge
// them. With PANOSCRUB_SWEEP=1 the list is long.
func TestSweep(t *testing.T) {
	list := everyday()
	if os.Getenv("PANOSCRUB_SWEEP") != "" {
		list = all()
	} else {
		t.Log("NOT RUN: the long sweep, without PANOSCRUB_SWEEP=1")
	}
	testtool.Need(t, "fsck.vfat")
	for _, d := range list {
		t.Run(fmt.Sprintf("%d in %d", d.size, d.sector), func(t *testing.T) {
			dev, spec := formattedDrive(t, d.size, d.sector)
			v := checked(t, dev, spec)
			path := image(t, dev, spec.StartBytes, spec.PartitionBytes)
			defer os.Remove(path)
			fsck(t, path, v)
		})
	}
	t.Logf("%d drives", len(list))
}

var fsckClean = regexp.MustCompile(`^fsck\.fat .*\n[^\n]*: (\d+) files, (\d+)/(\d+) clusters\n$`)

// fsck demands that fsck.vfat finds an empty volume, and has nothing to say but
// how many clusters there are.
func fsck(t *testing.T, path string, v Volume) {
	t.Helper()
	out, err := testtool.Try(t, "fsck.vfat", "-n", path)
	m := fsckClean.FindStringSubmatch(out)
	if err != nil || m == nil {
		t.Fatalf("fsck.vfat: %v, %q", err, out)
	}
	if fmt.Sprint(v.Clusters) != m[3] || fmt.Sprint(v.Clusters-v.FreeClusters) != m[2] {
		t.Errorf("we count %d clusters, %d free; fsck.vfat says %q", v.Clusters, v.FreeClusters, m)
	}
}
