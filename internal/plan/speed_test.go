package plan

import (
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/policy"
)

func TestEstimate(t *testing.T) {
	const size = 1000 * mega
	for _, c := range []struct {
		name          string
		kind          drive.Kind
		link          string
		measured      Speed
		write, read   int64 // seconds
		basisContains []string
	}{
		{"USB 2", drive.KindUSB, "480", Speed{}, 40, 29, []string{"writing at 25 MB/s, reading at 35 MB/s (assumed for a USB link of 480 Mbit/s)"}},
		{"USB 3", drive.KindUSB, "5000", Speed{}, 17, 9, []string{"assumed for a USB link of 5000 Mbit/s"}},
		{"USB 3.1", drive.KindUSB, "10000", Speed{}, 10, 5, nil},
		{"USB 1", drive.KindUSB, "12", Speed{}, 1000, 1000, nil},
		{"no link known", drive.KindSD, "", Speed{}, 40, 29, []string{"assumed for a drive behind an unknown link"}},
		{"a link that is none", drive.KindUSB, "fast\x1b[2J", Speed{}, 40, 29, nil},
		{"an image", drive.KindImage, "", Speed{}, 3, 2, []string{"assumed for a file on this computer"}},
		{"all measured", drive.KindUSB, "480", Speed{10 * mega, 5 * mega, "as last time"}, 200, 100, []string{"writing at 5 MB/s, reading at 10 MB/s (as last time)"}},
		{"reading measured", drive.KindUSB, "480", Speed{ReadBytesPerSecond: 31 * mega}, 40, 33, []string{"25 MB/s (assumed", "31 MB/s (measured)"}},
		{"reading measured slow", drive.KindUSB, "480", Speed{ReadBytesPerSecond: 4 * mega}, 250, 250, []string{"4 MB/s (assumed", "4 MB/s (measured)"}},
		{"writing measured fast", drive.KindUSB, "480", Speed{WriteBytesPerSecond: 50 * mega}, 20, 20, []string{"50 MB/s (measured)", "50 MB/s (assumed"}},
	} {
		d := drive.Drive{Identity: drive.Identity{Kind: c.kind}, Attachment: drive.Attachment{SpeedMbps: c.link}}
		read, write := c.measured.completed(AssumedSpeed(d))
		twice := policy.Policy{Passes: []policy.Pattern{policy.Keyed, policy.Keyed}, ReadBackPercent: 100}
		e := estimate(Plan{Policy: twice, Target: Target{SizeBytes: size}}, read, write)
		if e.WriteSeconds != c.write || e.ReadSeconds != c.read || e.Seconds != 2*c.write+c.read {
			t.Errorf("%s: %+v, want %d s twice to write and %d s to read", c.name, e, c.write, c.read)
		}
		for _, want := range c.basisContains {
			if !strings.Contains(e.Basis, want) {
				t.Errorf("%s: the basis %q does not say %q", c.name, e.Basis, want)
			}
		}
		if strings.Contains(e.Basis, "\x1b") {
			t.Errorf("%s: the basis %q is not safe to print", c.name, e.Basis)
		}
	}
}
