package exfat

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys"
)

// TestBoot has boot sectors that are damaged. want is in the error, or is the
// warning that the walk gives; "" is none of both.
func TestBoot(t *testing.T) {
	field := func(at int, values ...byte) func([]byte) {
		return func(b []byte) { copy(b[at:], values) }
	}
	for _, c := range []struct {
		name   string
		damage func(b []byte)
		other  bool
		err    string
		warn   string
	}{
		{name: "nothing", damage: func([]byte) {}},
		{name: "name", damage: field(3, 'X'), other: true},
		{name: "signature", damage: field(510, 0), other: true},
		{name: "version", damage: field(105, 2), err: "version"},
		{name: "minor version", damage: field(104, 9)},
		{name: "small sectors", damage: field(108, 8), err: "bytes per sector"},
		{name: "large sectors", damage: field(108, 13), err: "bytes per sector"},
		{name: "large clusters", damage: field(109, 17), err: "sectors per cluster"},
		{name: "absurd clusters", damage: field(109, 255), err: "sectors per cluster"},
		{name: "no tables", damage: field(110, 0), err: "number of tables"},
		{name: "three tables", damage: field(110, 3), err: "number of tables"},
		{name: "no length", damage: field(72, 0, 0, 0, 0, 0, 0, 0, 0), err: "volume length"},
		{name: "no table", damage: field(80, 0, 0, 0, 0), err: "place of the table"},
		{name: "table far away", damage: field(80, 255, 255, 255, 255), err: "place of the table"},
		{name: "empty table", damage: field(84, 0, 0, 0, 0), err: "length of the table"},
		{name: "clusters at 0", damage: field(88, 0, 0, 0, 0), err: "place of the clusters"},
		{name: "clusters far away", damage: field(88, 255, 255, 255, 255), err: "place of the clusters"},
		{name: "no clusters", damage: field(92, 0, 0, 0, 0), err: "number of clusters"},
		{name: "many clusters", damage: field(92, 255, 255, 255, 255), warn: "claims 4294967285 clusters"},
		{name: "long volume", damage: field(72, 255, 255, 255, 255, 255, 255, 255, 255), warn: "the file system claims 1152921504606846464 bytes"},
		{name: "long table", damage: field(84, 255, 255, 255, 255), warn: "the table reaches into the clusters"},
		{name: "root far away", damage: field(96, 255, 255, 255, 255), warn: "a directory leaves the volume at cluster 4294967295"},
		{name: "root at 0", damage: field(96, 0, 0, 0, 0), warn: "a directory leaves the volume at cluster 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVolume(t, shape{}).put(rootCluster, 3, entry("f", 0, 10, 5)...).take(10)
			c.damage(v.bytes)
			clear(v.bytes[regionSectors*512:][:512])
			if v.bytes[108] == 9 {
				v.seal()
			}
			size := int64(len(v.bytes))
			f, err := Open(bytes.NewReader(v.bytes), 0, size)
			switch {
			case c.other || c.err != "":
				if err == nil || errors.Is(err, fsys.ErrOther) != c.other || !strings.Contains(err.Error(), c.err) {
					t.Errorf("error %v", err)
				}
				return
			case err != nil:
				t.Fatal(err)
			}
			walk(t, f)
			if w := strings.Join(f.Warnings(), "\n"); !strings.Contains(w, c.warn) || c.warn == "" && w != "" {
				t.Errorf("warnings %q", w)
			}
		})
	}
}

// TestBackup damages the main boot region, the backup, and both.
func TestBackup(t *testing.T) {
	const (
		useBackup   = "the boot region is damaged; its backup is used"
		badChecksum = "the checksum of the boot region is wrong"
	)
	name := func(v *volume) { v.bytes[5] = 'x' }
	code := func(v *volume) { v.bytes[2000] ^= 1 }
	sum := func(v *volume) { v.bytes[11<<v.bytes[108]+100] ^= 1 }
	backupCode := func(v *volume) { v.bytes[(regionSectors+1)<<v.bytes[108]] ^= 1 }
	backupName := func(v *volume) { v.bytes[regionSectors<<v.bytes[108]+5] ^= 1 }
	for _, c := range []struct {
		name    string
		damages []func(*volume)
		want    []string
	}{
		{"none", nil, nil},
		{"the main name", []func(*volume){name}, []string{useBackup}},
		{"the main code", []func(*volume){code}, []string{useBackup}},
		{"the main checksum", []func(*volume){sum}, []string{useBackup}},
		{"the backup", []func(*volume){backupName}, nil},
		{"both codes", []func(*volume){code, backupCode}, []string{badChecksum}},
		{"main code, backup name", []func(*volume){code, backupName}, []string{badChecksum}},
		{"main name, backup code", []func(*volume){backupCode, name}, []string{useBackup, badChecksum}},
	} {
		for shift := minSectorShift; shift <= maxSectorShift; shift++ {
			v := newVolume(t, shape{sectorShift: shift}).put(rootCluster, 3, entry("f", 0, 10, 5)...).take(10)
			for _, damage := range c.damages {
				damage(v)
			}
			f := v.open(t)
			if got := v.marks(walk(t, f)); !slices.Equal(got, []string{"/f 5 10"}) || !slices.Equal(f.Warnings(), c.want) {
				t.Errorf("%s, sectors of %d bytes: entries %q, warnings %q", c.name, 1<<shift, got, f.Warnings())
			}
		}
	}
	v := newVolume(t, shape{})
	name(v)
	backupName(v)
	if _, err := Open(bytes.NewReader(v.bytes), 0, int64(len(v.bytes))); !errors.Is(err, fsys.ErrOther) {
		t.Errorf("both damaged: %v", err)
	}
}

// TestBackupElsewhere has what looks like a backup boot region at the place of
// one with larger sectors.
func TestBackupElsewhere(t *testing.T) {
	v := newVolume(t, shape{})
	sector := slices.Clone(v.bytes[:512])
	clear(v.bytes[:2*regionSectors*512])
	copy(v.bytes[regionSectors*1024:], sector)
	if _, err := Open(v, 0, v.size); !errors.Is(err, fsys.ErrOther) {
		t.Errorf("error %v", err)
	}
}

// TestTooSmall has volumes that end within what must be there.
func TestTooSmall(t *testing.T) {
	v := newVolume(t, shape{})
	for size := range v.boot.heap + 1 {
		if _, err := Open(bytes.NewReader(v.bytes), 0, size); err == nil {
			t.Fatalf("a volume of %d bytes opens", size)
		}
	}
}

// TestShortTable has a table that does not reach as far as the clusters.
func TestShortTable(t *testing.T) {
	v := newVolume(t, shape{}).put(rootCluster, 3, entry("f", 0, 127, 5)...).put(rootCluster, 6, entry("g", 0, 128, 5)...).take(127, 128)
	put32(v.bytes, 84, 1)
	v.seal()
	v.want(t, []string{"/f 5 127", "/g 5 incomplete"},
		"the file system claims 200 clusters, but its table has entries for 126",
		"a file is larger than the clusters that can be told of it")
}

// TestDirtyFlags changes what drivers change without a new checksum.
func TestDirtyFlags(t *testing.T) {
	v := newVolume(t, shape{})
	v.bytes[106], v.bytes[112] = 2, 77
	v.want(t, nil)
}

// TestShapes walks volumes with sectors and clusters of all sizes.
func TestShapes(t *testing.T) {
	for _, s := range []shape{
		{},
		{clusterShift: 3},
		{sectorShift: 10},
		{sectorShift: 12, clusterShift: 1},
		{clusterShift: 12},
		{clusterShift: 16, clusters: 12},
		{sectorShift: 12, clusterShift: 13, clusters: 12},
	} {
		v := newVolume(t, s)
		size := 2*v.boot.clusterBytes + 1
		v.put(rootCluster, 3, entry("f", 0, 5, size)...).take(5, 6, 7).
			put(rootCluster, 6, entry("d", aFolder, 9, v.boot.clusterBytes)...).take(9).
			put(9, 0, entry("g", chained, 8, size)...).chain(8, 10, 12)
		v.want(t, []string{
			"/f " + itoa(size) + " 5-7", "/d dir 9", "/d/g " + itoa(size) + " 8 10 12",
		})
	}
}

// TestLargeFile has files of 5 GiB.
func TestLargeFile(t *testing.T) {
	v := newVolume(t, shape{clusterShift: 16, clusters: 400, stored: 3}).
		put(rootCluster, 3, entry("f", 0, 10, 5<<30)...).take(10).
		put(rootCluster, 6, entry("g", chained, 200, 5<<30-1)...).
		put(rootCluster, 9, entry("h", deletion, 11, 5<<30+1)...)
	for c := uint32(200); c < 200+159; c++ {
		v.chain(c).link(c, c+1)
	}
	v.chain(359)
	v.want(t, []string{"/f 5368709120 10-169", "/g 5368709119 200-359", "/h 5368709121 deleted 11-171"})
}

// TestSecondTable has two tables and two bitmaps, of which the first are stale.
func TestSecondTable(t *testing.T) {
	v := newVolume(t, shape{tables: 2, second: true})
	second := system(kindBitmap, 20, 25)
	second[1] = 1
	v.chain(20).chain(10, 11)
	copy(v.at(20), v.at(bitmapCluster)[:25])
	v.bytes[v.boot.table.Offset-v.boot.table.Length+4*10] = 77 // in the first table
	clear(v.at(bitmapCluster)[:25])
	v.put(rootCluster, 3, second).put(rootCluster, 4, entry("f", chained, 10, 600)...).
		put(rootCluster, 7, entry("gone", deletion, 11, 600)...)
	v.want(t, []string{"/f 600 10-11", "/gone 600 deleted incomplete was 11"})
}

func TestLabel(t *testing.T) {
	long := label("fifteen letters")
	cut := label("fifteen letters")
	cut[1] = 255
	gone := label("GONE")
	gone[0] &^= inUse
	for _, c := range []struct {
		slots []slot
		want  string
	}{
		{[]slot{label("NAME")}, "NAME"},
		{[]slot{label("Ünï 日本")}, "Ünï 日本"},
		{[]slot{label("")}, ""},
		{[]slot{long}, "fifteen letters"},
		{[]slot{cut}, "fifteen letters"},
		{[]slot{gone}, ""},
		{[]slot{gone, label("NEW")}, "NEW"},
		{[]slot{{}, label("BEHIND")}, ""},
		{[]slot{label("FIRST"), label("SECOND")}, "FIRST"},
	} {
		v := newVolume(t, shape{})
		clear(v.at(rootCluster)[:512])
		v.put(rootCluster, 0, c.slots...)
		if got := v.open(t).Label(context.Background()); got != c.want {
			t.Errorf("label %q, want %q", got, c.want)
		}
	}
}
