package fat

import (
	"fmt"
	"testing"
)

// TestReadLoose has slots that no directory holds any more.
func TestReadLoose(t *testing.T) {
	live := long("certificates-omni_site7.zip", entry("CERTIF~1.ZIP", AttrArchive, 12, 1500))
	gone := deleted(long("gone for good.txt", entry("GONEFO~1.TXT", AttrArchive, 20, 1500))...)
	join := func(slots ...slot) (b []byte) {
		for _, s := range slots {
			b = append(b, s[:]...)
		}
		return b
	}
	for _, c := range []struct {
		name  string
		bytes []byte
		whole bool
		want  string
	}{
		{"live", join(live...), false, "[{certificates-omni_site7.zip false 0 128}]"},
		{"deleted", join(gone...), false, "[{gone for good.txt false 0 96}]"},
		{"without its entry", join(live[:3]...), false, "[{certificates-omni_site7.zip false 0 96}]"},
		{"without its last slot", join(live[1:]...), false, "[{certificates-omni_site7.zi false 0 64} {CERTIF~1.ZIP false 64 96}]"},
		{"behind what is no slot", append(make([]byte, 32), join(live...)...), false, "[{certificates-omni_site7.zip false 32 160}]"},
		{"behind the end", append(make([]byte, 32), join(live...)...), true, "[]"},
		{"a folder", join(entry(".", AttrDirectory, 9, 0), entry("..", AttrDirectory, 0, 0), entry("D", AttrDirectory, 7, 0)), true, "[{D true 64 96}]"},
		{"cut", join(live...)[:100], false, "[{certificates-omni_site7.zip false 0 96}]"},
		{"nothing", nil, false, "[]"},
	} {
		if got := fmt.Sprint(ReadLoose(c.bytes, c.whole)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// FuzzReadLoose reads slots from any bytes: names lie within them, one behind the
// other.
func FuzzReadLoose(f *testing.F) {
	for _, s := range long("certificates-omni_site7.zip", entry("CERTIF~1.ZIP", AttrArchive, 12, 1500)) {
		f.Add(s[:], false)
	}
	f.Fuzz(func(t *testing.T, b []byte, whole bool) {
		for _, e := range ReadLoose(b, whole) {
			if e.Start < 0 || e.Start >= e.End || e.End > len(b) {
				t.Errorf("%+v in %d bytes", e, len(b))
			}
		}
	})
}
