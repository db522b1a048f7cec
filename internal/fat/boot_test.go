package fat

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

// TestParseBootRejects breaks one field at a time.
func TestParseBootRejects(t *testing.T) {
	for _, c := range []struct {
		field  string
		kind   string
		damage func(b []byte)
	}{
		{"no signature", FAT16, func(b []byte) { b[511] = 0 }},
		{"bytes per sector", FAT16, func(b []byte) { put16(b, 11, 513) }},
		{"bytes per sector", FAT16, func(b []byte) { put16(b, 11, 256) }},
		{"bytes per sector", FAT16, func(b []byte) { put16(b, 11, 8192) }},
		{"bytes per sector", FAT16, func(b []byte) { put16(b, 11, 0) }},
		{"sectors per cluster", FAT16, func(b []byte) { b[13] = 0 }},
		{"sectors per cluster", FAT16, func(b []byte) { b[13] = 3 }},
		{"reserved sectors", FAT16, func(b []byte) { put16(b, 14, 0) }},
		{"number of tables", FAT16, func(b []byte) { b[16] = 0 }},
		{"number of tables", FAT16, func(b []byte) { b[16] = 3 }},
		{"media type", FAT16, func(b []byte) { b[21] = 0xF1 }},
		{"total sectors", FAT16, func(b []byte) { put32(b, 32, 0) }},
		{"no room for data", FAT16, func(b []byte) { put32(b, 32, 9) }},
		{"no room for data", FAT16, func(b []byte) { put16(b, 22, 0xFFFF) }},
		{"root directory", FAT16, func(b []byte) { put16(b, 17, 0) }},
		{"sectors per table", FAT32, func(b []byte) { put32(b, 36, 0) }},
		{"no room for data", FAT32, func(b []byte) { put32(b, 36, 0xFFFFFFFF) }},
		{"root entries", FAT32, func(b []byte) { put16(b, 17, 512) }},
		{"root directory", FAT32, func(b []byte) { put32(b, 44, 0) }},
		{"version", FAT32, func(b []byte) { put16(b, 42, 1) }},
		{"active table", FAT32, func(b []byte) { put16(b, 40, 0x82) }},
	} {
		v := newVolume(t, shape{kind: c.kind})
		c.damage(v.bytes)
		_, err := ParseBoot(v.bytes[:512], 0)
		if !errors.Is(err, ErrNotFAT) || !strings.Contains(err.Error(), c.field) {
			t.Errorf("%s, %s: %v", c.kind, c.field, err)
		}
	}
	if _, err := ParseBoot(nil, 0); !errors.Is(err, ErrNotFAT) {
		t.Errorf("no bytes: %v", err)
	}
}

// TestRandomIsNotFAT reads random bytes that bear the signature.
func TestRandomIsNotFAT(t *testing.T) {
	rng := rand.NewChaCha8([32]byte{1})
	sector, found := make([]byte, 512), 0
	for range 200_000 {
		if _, err := rng.Read(sector); err != nil {
			t.Fatal(err)
		}
		copy(sector[510:], "\x55\xAA")
		if _, err := ParseBoot(sector, 0); err == nil {
			found++
		}
	}
	if found > 0 {
		t.Errorf("%d of 200,000 random sectors pass for a boot sector", found)
	}
}

// TestTypeByClusters has cluster counts at which one type ends and the next
// begins. newVolume fails if ParseBoot takes the volume for another type.
func TestTypeByClusters(t *testing.T) {
	for _, s := range []shape{
		{kind: FAT12, clusters: 4084},
		{kind: FAT16, clusters: 4085},
		{kind: FAT16, clusters: 65524},
		{kind: FAT32, clusters: 65525},
		{kind: FAT32, clusters: 100}, // by its fields
	} {
		newVolume(t, s).open(t)
	}
}

func TestBackupBootSector(t *testing.T) {
	for _, sectorBytes := range []int{512, 1024, 2048, 4096} {
		v := newVolume(t, shape{kind: FAT32, sectorBytes: sectorBytes})
		v.put(0, 0, entry("A", 0, 10, 1)).chain(10)
		clear(v.bytes[:512])
		check := func(f *FS) {
			t.Helper()
			if !f.Boot.FromBackup || len(walk(t, f)) != 1 || !strings.Contains(fmt.Sprint(f.Warnings()), "backup") {
				t.Errorf("%d-byte sectors: %+v %q", sectorBytes, f.Boot, f.Warnings())
			}
		}
		check(v.open(t))
		check(openBytes(t, testtool.Failing(bytes.NewReader(v.bytes), 0, 512), int64(len(v.bytes))))

		// Elsewhere than in sector 6, where what is left of the first sector says.
		copy(v.bytes[12*sectorBytes:], v.bytes[6*sectorBytes:][:512])
		clear(v.bytes[6*sectorBytes:][:512])
		put16(v.bytes, 11, sectorBytes)
		put16(v.bytes, 50, 12)
		put16(v.bytes[12*sectorBytes:], 50, 12)
		check(v.open(t))

		// A boot sector that does not say that it is the backup is none.
		put16(v.bytes[12*sectorBytes:], 50, 6)
		if _, err := Open(bytes.NewReader(v.bytes), 0, int64(len(v.bytes))); !errors.Is(err, ErrNotFAT) {
			t.Errorf("%d-byte sectors: %v", sectorBytes, err)
		}
	}
}

// TestClaims has boot sectors that promise more than there is.
func TestClaims(t *testing.T) {
	v := newVolume(t, shape{kind: FAT16, clusters: 5000})
	size := int64(len(v.bytes))
	for _, c := range []struct {
		name     string
		size     int64
		change   func()
		clusters uint32
		warns    string
	}{
		{"as it is", size, func() {}, 5000, ""},
		{"cut short", size - 100*512, func() {}, 4900, "claims"},
		{"more sectors than there are", size, func() { put32(v.bytes, 32, 20000) }, 5000, "claims 10240000 bytes"},
		{"more clusters than the table has entries", 20000 * 512, func() {}, 5118, "table has entries for 5118"},
	} {
		c.change()
		f := openBytes(t, sparse(v.bytes), c.size)
		if f.clusters != c.clusters || !strings.Contains(fmt.Sprint(f.Warnings()), c.warns) {
			t.Errorf("%s: %d clusters, %q", c.name, f.clusters, f.Warnings())
		}
	}
	for _, size := range []int64{0, 511, 512, v.boot.DataOffset} {
		if _, err := Open(bytes.NewReader(v.bytes), 0, size); !errors.Is(err, ErrNotFAT) {
			t.Errorf("in %d bytes: %v", size, err)
		}
	}
}

// TestFormattersBoot reads what mkfs.vfat writes with all kinds of options, and
// compares with what fsstat says of it.
func TestFormattersBoot(t *testing.T) {
	testtool.Need(t, "mkfs.vfat", "fsstat")
	for _, c := range []struct {
		kind    string
		mib     int64
		options string
	}{
		{FAT12, 1, "-F 12"},
		{FAT12, 2, "-F 12 -s 1"},
		{FAT12, 16, "-F 12"},
		{FAT12, 8, ""},
		{FAT16, 16, "-F 16"},
		{FAT16, 3, "-F 16 -s 1"},
		{FAT16, 200, "-F 16 -s 64 -r 1024"},
		{FAT16, 64, "-F 16 -S 2048"},
		{FAT32, 8, "-F 32"},
		{FAT32, 33, "-F 32 -s 1"},
		{FAT32, 600, ""},
		{FAT32, 600, "-F 32 -S 4096"},
		{FAT32, 40, "-F 32 -f 1 -R 64 -b 8"},
		{FAT32, 20000, "-F 32"},
	} {
		t.Run(fmt.Sprintf("%s %d MiB %s", c.kind, c.mib, c.options), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "image")
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, c.mib<<20); err != nil {
				t.Fatal(err)
			}
			testtool.Run(t, "", "mkfs.vfat", append(strings.Fields(c.options), "-i", "1234ABCD", "-n", "STICK", path)...)
			r, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			f := openBytes(t, r, c.mib<<20)
			if f.Boot.Type != c.kind || f.Boot.VolumeID != 0x1234ABCD || f.Boot.Label != "STICK" || len(f.Warnings()) > 0 {
				t.Errorf("%+v, %q", f.Boot, f.Warnings())
			}
			if c.mib > 8 || c.kind != FAT32 { // The Sleuth Kit takes a FAT32 so small for FAT12
				compareFsstat(t, path, f)
			}
		})
	}
}

func compareFsstat(t *testing.T, path string, f *FS) {
	t.Helper()
	out := testtool.Run(t, "", "fsstat", "-f", "fat", path)
	number := func(pattern string) int64 {
		m := regexp.MustCompile(pattern).FindStringSubmatch(out)
		if m == nil {
			t.Fatalf("fsstat does not say %s:\n%s", pattern, out)
		}
		n, _ := strconv.ParseInt(m[1], 10, 64)
		return n
	}
	size := int64(f.Boot.SectorBytes)
	for _, c := range []struct {
		pattern string
		ours    int64
	}{
		{`Sector Size: (\d+)`, size},
		{`Cluster Size: (\d+)`, int64(f.Boot.ClusterBytes)},
		{`FAT 0: (\d+)`, f.Boot.TableOffset / size},
		{`Cluster Area: (\d+)`, f.Boot.DataOffset / size},
		{`Total Cluster Range: 2 - (\d+)`, int64(f.Boot.Clusters) + 1},
	} {
		if theirs := number(c.pattern); theirs != c.ours {
			t.Errorf("%s: fsstat says %d, we say %d", c.pattern, theirs, c.ours)
		}
	}
	if want := strings.ToUpper(f.Boot.Type); !strings.Contains(out, "File System Type: "+want) {
		t.Errorf("fsstat does not say that this is %s", want)
	}
}
