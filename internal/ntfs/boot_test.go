package ntfs

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// TestParseBootRejects breaks one field at a time.
func TestParseBootRejects(t *testing.T) {
	for _, c := range []struct {
		field  string
		damage func(b []byte)
	}{
		{"signature", func(b []byte) { b[511] = 0 }},
		{"name", func(b []byte) { b[3] = 'M' }},
		{"bytes per sector", func(b []byte) { put16(b, 11, 256) }},
		{"bytes per sector", func(b []byte) { put16(b, 11, 513) }},
		{"bytes per sector", func(b []byte) { put16(b, 11, 8192) }},
		{"sectors per cluster", func(b []byte) { b[13] = 0 }},
		{"sectors per cluster", func(b []byte) { b[13] = 3 }},
		{"sectors per cluster", func(b []byte) { b[13] = 0xF0 }},
		{"sectors per cluster", func(b []byte) { b[13] = 0x81 }},
		{"record", func(b []byte) { b[64] = 0 }},
		{"record", func(b []byte) { b[64] = 0x7F }},
		{"record", func(b []byte) { b[64] = 0x80 }},
		{"index block", func(b []byte) { b[68] = 0 }},
		{"index block", func(b []byte) { b[68] = 0xEF }},
		{"sectors", func(b []byte) { put64(b, 40, 0) }},
		{"sectors", func(b []byte) { put64(b, 40, -1) }},
		{"sectors", func(b []byte) { put64(b, 40, 1<<62) }},
		{"place of $MFT", func(b []byte) { put64(b, 48, -1) }},
		{"place of $MFTMirr", func(b []byte) { put64(b, 56, -1) }},
	} {
		b := newVolume().bytes[:512]
		c.damage(b)
		if _, ok := parseBoot(b); ok {
			t.Errorf("%s: not rejected", c.field)
		}
	}
}

func TestBootSizes(t *testing.T) {
	for _, c := range []struct {
		sector              int
		cluster             byte
		record              int8
		wantCluster, wantRe int64
	}{
		{512, 1, -10, 512, 1024},
		{512, 8, -12, 4096, 4096},
		{512, 2, 1, 1024, 1024},
		{4096, 1, 1, 4096, 4096},
		{512, 128, -10, 64 << 10, 1024},
		{512, 0xF8, -10, 128 << 10, 1024},
		{512, 0xF4, -10, 2 << 20, 1024},
	} {
		b := newVolume().bytes[:512]
		put16(b, 11, c.sector)
		b[13], b[64] = c.cluster, byte(c.record)
		got, ok := parseBoot(b)
		if !ok || got.clusterBytes != c.wantCluster || got.recordBytes != c.wantRe {
			t.Errorf("%+v: %+v, %v", c, got, ok)
		}
	}
}

// TestRandomIsNotNTFS reads random bytes that bear the signature.
func TestRandomIsNotNTFS(t *testing.T) {
	rng := rand.NewChaCha8([32]byte{1})
	sector, found := make([]byte, 512), 0
	for range 100_000 {
		if _, err := rng.Read(sector); err != nil {
			t.Fatal(err)
		}
		copy(sector[510:], "\x55\xAA")
		if _, ok := parseBoot(sector); ok {
			found++
		}
	}
	if found > 0 {
		t.Errorf("%d random sectors pass for a boot sector", found)
	}
}

// TestOpen has volumes whose beginnings are damaged.
func TestOpen(t *testing.T) {
	wipe := func(v *volume, cluster, n int) { clear(v.bytes[cluster*tCluster:][:n*tCluster]) }
	for _, c := range []struct {
		name   string
		damage func(v *volume)
		err    error
		warns  string
	}{
		{"as it is", func(*volume) {}, nil, ""},
		{"no boot sector", func(v *volume) { wipe(v, 0, 1) }, nil, "backup"},
		{"another one", func(v *volume) { copy(v.bytes, randomBytes("other", 512)) }, nil, "backup"},
		{"one that leads astray", func(v *volume) { put64(v.bytes, 48, 5); put64(v.bytes, 56, 6) }, nil, "backup"},
		{"one that leads out of the volume", func(v *volume) { put64(v.bytes, 48, 1<<60); put64(v.bytes, 56, 1<<60) }, nil, "backup"},
		{"a backup within the partition", func(v *volume) {
			put64(v.bytes, 40, 1000)
			copy(v.bytes[1000*512:], v.bytes[:512])
			wipe(v, tClusters-1, 1)
			v.bytes[3] = 0
		}, nil, "backup"},
		{"neither", func(v *volume) { wipe(v, 0, 1); wipe(v, tClusters-1, 1) }, ErrNotNTFS, ""},
		{"no first record", func(v *volume) { wipe(v, tMFT, 2) }, nil, "mirror"},
		{"a first record that is not in use", func(v *volume) { put16(v.recordBytes(0), 22, 0) }, nil, "mirror"},
		{"a first record without data", func(v *volume) { v.file(0, "$MFT") }, nil, "mirror"},
		{"one with resident data", func(v *volume) { v.file(0, "$MFT", inside(attrData, "", []byte{1})) }, nil, "mirror"},
		{"one whose data is a hole", func(v *volume) { v.file(0, "$MFT", data(1<<40, hole, 1<<30)) }, nil, "mirror"},
		{"no $MFT", func(v *volume) { wipe(v, tMFT, 2); wipe(v, tMirror, 2) }, ErrNoMFT, ""},
	} {
		v := newVolume().file(20, "f")
		c.damage(v)
		f, err := Open(bytes.NewReader(v.bytes), 0, int64(len(v.bytes)))
		if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil {
			continue
		}
		entries, _ := v.walk(t)
		if err := f.Walk(t.Context(), func(e fsys.Entry) error {
			if e.Path != "/$MFT" || len(e.Data) == 0 {
				t.Errorf("%s: the first entry is %s", c.name, mark(e))
			}
			return testtool.ErrMedium
		}); !errors.Is(err, testtool.ErrMedium) {
			t.Error(err)
		}
		warnings := strings.Join(f.Warnings(), "\n")
		if len(marks(entries)) == 0 || f.FromBackup() != (c.warns == "backup") || !strings.Contains(warnings, c.warns) || c.warns == "" && warnings != "" {
			t.Errorf("%s: %q, %q", c.name, marks(entries), warnings)
		}
	}
}

func TestOpenUnreadable(t *testing.T) {
	v := newVolume()
	size := int64(len(v.bytes))
	f, err := Open(testtool.Failing(bytes.NewReader(v.bytes), 0, 512), 0, size)
	if err != nil || !f.FromBackup() || !slices.Equal(f.Unreadable(), block.Extents{{Offset: 0, Length: 512}}) {
		t.Errorf("%v, %+v", err, f)
	}
	if _, err := Open(testtool.Failing(bytes.NewReader(v.bytes), 0, size), 0, size); err == nil || errors.Is(err, ErrNotNTFS) {
		t.Errorf("nothing can be read: %v", err)
	}
	for _, size := range []int64{0, 1, 511, 512} {
		if _, err := Open(bytes.NewReader(make([]byte, size)), 0, size); !errors.Is(err, ErrNotNTFS) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// TestClaims has a volume that is larger than what is there.
func TestClaims(t *testing.T) {
	v := newVolume().file(20, "f", data(1024, 960, 2)).file(21, "g", data(512, 900, 1))
	f, err := Open(bytes.NewReader(v.bytes), 0, 950*tCluster)
	if err != nil || !strings.Contains(strings.Join(f.Warnings(), ""), "claims 523776 bytes, but there are 486400") {
		t.Fatal(err, f)
	}
	v.bytes = v.bytes[:950*tCluster]
	entries, _ := v.walk(t)
	if got := marks(entries); !slices.Equal(got, []string{"/f incomplete", "/g 900+512"}) {
		t.Errorf("%q", got)
	}
}
