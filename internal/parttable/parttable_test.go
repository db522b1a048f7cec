package parttable

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

func TestRead(t *testing.T) {
	gptEntry := Entry{Index: 1, Type: basicData, Start: 64 * 512, Size: 64 * 512, Name: "data 𝒳"}
	fat := Entry{Index: 1, Type: "0c", Start: mib, Size: 3 * mib}
	for _, c := range []struct {
		name     string
		image    *image
		scheme   string
		entries  []Entry
		warnings []string // a part of each, in order
	}{
		{"zeros", newImage(mib, 512), "none", nil, nil},
		{"too small for a sector", newImage(511, 512), "none", nil, nil},
		{"an empty table", newImage(mib, 512).sign(0), "mbr", nil, nil},
		{"one partition", newImage(4*mib, 512).entry(0, 0, 0x0C, 2048, 6144), "mbr", []Entry{fat}, nil},
		{
			"4096-byte sectors", newImage(4*mib, 4096).entry(0, 2, 0x0C, 256, 768),
			"mbr",
			[]Entry{{Index: 3, Type: "0c", Start: mib, Size: 3 * mib}},
			nil,
		},
		{
			"a partition that ends behind the drive", newImage(4*mib, 512).entry(0, 0, 0x0C, 2048, 0xFFFFFFFF),
			"mbr",
			[]Entry{fat},
			[]string{"partition 1 ends behind the drive"},
		},
		{
			"partitions outside the drive", newImage(4*mib, 512).entry(0, 0, 0x0C, 8192, 1).entry(0, 1, 7, 0, 5),
			"mbr", nil,
			[]string{"partition 1 lies outside", "partition 2 lies outside"},
		},
		{
			"overlap", newImage(4*mib, 512).entry(0, 0, 0x0C, 2048, 6144).entry(0, 3, 0x83, 8191, 1),
			"mbr",
			[]Entry{fat, {Index: 4, Type: "83", Start: 8191 * 512, Size: 512}},
			[]string{"partitions 1 and 4 overlap"},
		},
		{
			"boot flags of no table", newImage(mib, 512).entry(0, 0, 0x0C, 1, 1).with(func(b []byte) { b[446] = 0x41 }),
			"none", nil,
			[]string{"no partition table"},
		},
		{"no table but a file system", newImage(mib, 512).fatBoot(0), "none", nil, nil},
		{"NTFS over all", newImage(mib, 512).sign(0).with(func(b []byte) { copy(b[3:], "NTFS    ") }), "none", nil, nil},
		{
			"a file system whose boot code looks like an entry",
			newImage(mib, 512).fatBoot(0).entry(0, 0, 0x20, 0x20202020, 0x20202020),
			"none", nil, nil,
		},
		{
			"a table in a boot sector", newImage(4*mib, 512).fatBoot(0).entry(0, 0, 0x0C, 2048, 6144),
			"mbr",
			[]Entry{fat},
			nil,
		},
		{"GPT", bothGPTs(512), "gpt", []Entry{gptEntry}, nil},
		{"GPT on 4096-byte sectors", bothGPTs(4096), "gpt", []Entry{{1, basicData, 64 * 4096, 64 * 4096, "data 𝒳"}}, nil},
		{
			"GPT without its MBR", bothGPTs(512).with(func(b []byte) { clear(b[:512]) }),
			"gpt",
			[]Entry{gptEntry},
			[]string{"no protective MBR"},
		},
		{
			"backup GPT only", bothGPTs(512).with(func(b []byte) { clear(b[512 : 34*512]) }),
			"gpt",
			[]Entry{gptEntry},
			[]string{"backup at the end of the drive is used"},
		},
		{
			"backup GPT better than the primary", bothGPTs(512).with(func(b []byte) { b[512+88]++ }),
			"gpt",
			[]Entry{gptEntry},
			[]string{"backup at the end of the drive is used"},
		},
		{
			"both GPTs damaged", bothGPTs(512).with(func(b []byte) { b[512+88]++; b[len(b)-512+88]++ }),
			"gpt",
			[]Entry{gptEntry},
			[]string{"wrong checksum", "wrong checksum", "missing or damaged, too"},
		},
		{
			"a wrong checksum over the entries alone",
			newImage(4*mib, 512).entry(0, 0, 0xEE, 1, 8191).gpt(1, 2, [2]uint64{64, 127}).with(func(b []byte) { b[2*512+16]++ }),
			"gpt",
			[]Entry{gptEntry},
			[]string{"array has a wrong checksum", "backup GPT"},
		},
		{
			"a protective MBR alone", newImage(mib, 512).entry(0, 0, 0xEE, 1, 2047),
			"mbr",
			[]Entry{{Index: 1, Type: "ee", Start: 512, Size: 2047 * 512}},
			[]string{"none can be found"},
		},
		{
			"an MBR over a stale GPT", bothGPTs(512).entry(0, 0, 0x0C, 2048, 6144),
			"mbr",
			[]Entry{fat},
			[]string{"a GPT that is not in force"},
		},
		{
			"an MBR over a stale backup GPT", bothGPTs(512).entry(0, 0, 0x0C, 2048, 6144).with(func(b []byte) { clear(b[512:1024]) }),
			"mbr",
			[]Entry{fat},
			[]string{"at the end of the drive"},
		},
		{
			"a GPT that claims four thousand million entries",
			bothGPTs(512).with(func(b []byte) { copy(b[512+80:], "\xFF\xFF\xFF\xFF"); clear(b[len(b)-512:]) }).with(reseal),
			"gpt",
			[]Entry{gptEntry},
			[]string{"claims 4294967295 entries", "backup"},
		},
		{
			"a GPT with entries of no size",
			bothGPTs(512).with(func(b []byte) { clear(b[512+84 : 512+88]); clear(b[len(b)-512:]) }).with(reseal),
			"gpt", nil,
			[]string{"impossible entry array", "backup"},
		},
		{
			"GPT partitions that cannot be",
			newImage(4*mib, 512).entry(0, 0, 0xEE, 1, 8191).gpt(1, 2, [2]uint64{9, 8}, [2]uint64{1 << 63, 1<<64 - 1}, [2]uint64{0, 1<<64 - 1}),
			"gpt", nil,
			[]string{"partition 1 ends before", "partition 2 lies outside", "partition 3 lies outside"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Read(bytes.NewReader(c.image.bytes), int64(len(c.image.bytes)), c.image.sectorSize)
			if err != nil {
				t.Fatal(err)
			}
			if got.Scheme != c.scheme || !slices.Equal(got.Entries, c.entries) {
				t.Errorf("got %s %+v, want %s %+v", got.Scheme, got.Entries, c.scheme, c.entries)
			}
			checkWarnings(t, got.Warnings, c.warnings)
		})
	}
}

func reseal(b []byte) { (&image{b, 512}).seal(1) }

func checkWarnings(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) < len(want) || len(want) == 0 && len(got) > 0 {
		t.Fatalf("warnings %q, want %q", got, want)
	}
	for _, part := range want {
		i := slices.IndexFunc(got, func(w string) bool { return strings.Contains(w, part) })
		if i < 0 {
			t.Fatalf("warnings %q, want one with %q", got, part)
		}
		got = got[i+1:]
	}
}

func TestReadDiskSignature(t *testing.T) {
	m := newImage(mib, 512).entry(0, 0, 0x0C, 64, 64)
	binary.LittleEndian.PutUint32(m.bytes[440:], 0xDEADBEEF)
	got, err := Read(bytes.NewReader(m.bytes), mib, 512)
	if err != nil || got.DiskSignature != 0xDEADBEEF {
		t.Fatalf("signature %08x, %v", got.DiskSignature, err)
	}
}

// TestReadLogical follows chains of extended partitions, sound and not.
func TestReadLogical(t *testing.T) {
	for _, c := range []struct {
		name     string
		image    *image
		want     []int // indices
		warnings []string
	}{
		{
			"three records",
			newImage(mib, 512).entry(0, 1, 0x0F, 100, 900).
				entry(100, 0, 6, 1, 99).entry(100, 1, 5, 100, 100).
				entry(200, 0, 6, 1, 99).entry(200, 1, 5, 200, 100).
				entry(300, 0, 6, 1, 99),
			[]int{2, 5, 6, 7},
			nil,
		},
		{
			"a loop",
			newImage(mib, 512).entry(0, 0, 5, 100, 900).entry(100, 0, 6, 1, 99).entry(100, 1, 5, 100, 100).entry(200, 1, 5, 100, 100),
			[]int{1, 5},
			[]string{"loops"},
		},
		{
			"a link behind the drive",
			newImage(mib, 512).entry(0, 0, 5, 100, 900).entry(100, 0, 6, 1, 99).entry(100, 1, 5, 0xFFFFFFFF, 100),
			[]int{1, 5},
			[]string{"leaves the drive"},
		},
		{"a record without signature", newImage(mib, 512).entry(0, 0, 5, 100, 900), []int{1}, []string{"not signed"}},
		{
			"two extended partitions",
			newImage(mib, 512).entry(0, 0, 5, 100, 900).entry(0, 1, 0x0F, 1000, 900).sign(100),
			[]int{1, 2},
			[]string{"more than one extended"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Read(bytes.NewReader(c.image.bytes), int64(len(c.image.bytes)), 512)
			if err != nil {
				t.Fatal(err)
			}
			var indices []int
			for _, e := range got.Entries {
				indices = append(indices, e.Index)
			}
			if !slices.Equal(indices, c.want) {
				t.Errorf("partitions %v, want %v", indices, c.want)
			}
			checkWarnings(t, got.Warnings, c.warnings)
		})
	}
}

func TestReadLongChain(t *testing.T) {
	m := newImage(mib, 512).entry(0, 0, 5, 10, 2000)
	for i := range 500 {
		m.entry(10+i, 0, 6, 600, 1).entry(10+i, 1, 5, uint32(i+1), 1)
	}
	got, err := Read(bytes.NewReader(m.bytes), mib, 512)
	if err != nil || len(got.Entries) > maxLogical {
		t.Fatalf("%d partitions, %v", len(got.Entries), err)
	}
	checkWarnings(t, got.Warnings, []string{"too long"})
}

func TestDetect(t *testing.T) {
	for _, c := range []struct {
		name   string
		image  *image
		sector int
		scheme string
	}{
		{"zeros", newImage(mib, 512), 512, "none"},
		{"MBR 512", newImage(4*mib, 512).entry(0, 0, 0x0C, 64, 128).fatBoot(64), 512, "mbr"},
		{"MBR 4096", newImage(4*mib, 4096).entry(0, 0, 0x0C, 64, 128).fatBoot(64), 4096, "mbr"},
		{"MBR 4096 of ext", newImage(4*mib, 4096).entry(0, 0, 0x83, 64, 128).extSuper(64), 4096, "mbr"},
		{"MBR 512 of ext, and FAT where 4096 would have it", newImage(4*mib, 512).entry(0, 0, 0x83, 64, 128).extSuper(64).fatBoot(512), 512, "mbr"},
		{"MBR of unformatted partitions", newImage(4*mib, 512).entry(0, 0, 0x0C, 64, 128), 512, "mbr"},
		{"GPT 512", bothGPTs(512), 512, "gpt"},
		{"GPT 4096", bothGPTs(4096), 4096, "gpt"},
		{"superfloppy", newImage(mib, 512).fatBoot(0), 512, "none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			table, sector, err := Detect(bytes.NewReader(c.image.bytes), int64(len(c.image.bytes)))
			if err != nil || sector != c.sector || table.Scheme != c.scheme {
				t.Errorf("got %s at %d, %v; want %s at %d", table.Scheme, sector, err, c.scheme, c.sector)
			}
		})
	}
}

func TestGPTHeaders(t *testing.T) {
	for _, sectorSize := range []int{512, 4096} {
		for _, c := range []struct {
			name            string
			change          func(m *image)
			primary, backup bool
		}{
			{"both", func(*image) {}, true, true},
			{"backup", func(m *image) { clear(m.bytes[sectorSize : 2*sectorSize]) }, false, true},
			{"primary", func(m *image) { clear(m.bytes[m.last()*sectorSize:]) }, true, false},
			{"none", func(m *image) { clear(m.bytes) }, false, false},
		} {
			m := bothGPTs(sectorSize)
			c.change(m)
			primary, backup, err := GPTHeaders(bytes.NewReader(m.bytes), int64(len(m.bytes)), sectorSize)
			if err != nil || primary != c.primary || backup != c.backup {
				t.Errorf("%d, %s: %v %v %v", sectorSize, c.name, primary, backup, err)
			}
		}
	}
	if p, b, err := GPTHeaders(bytes.NewReader(nil), 0, 512); p || b || err != nil {
		t.Errorf("empty: %v %v %v", p, b, err)
	}
}

func TestReadErrors(t *testing.T) {
	m := bothGPTs(512)
	if _, err := Read(testtool.Failing(bytes.NewReader(m.bytes), 0, 512), 4*mib, 512); !errors.Is(err, testtool.ErrMedium) {
		t.Errorf("first sector: %v", err)
	}
	got, err := Read(testtool.Failing(bytes.NewReader(m.bytes), 512, 1024), 4*mib, 512)
	if err != nil || len(got.Entries) != 1 {
		t.Errorf("second sector: %+v %v", got, err)
	}
	got, err = Read(testtool.Failing(bytes.NewReader(bothGPTs(512).entry(0, 0, 0x0C, 2048, 6144).bytes), 512, 1024), 4*mib, 512)
	if err != nil || len(got.Entries) != 1 {
		t.Fatalf("MBR: %+v %v", got, err)
	}
	checkWarnings(t, got.Warnings, []string{"cannot be read"})
	if _, _, err := GPTHeaders(testtool.Failing(bytes.NewReader(m.bytes), 512, 1024), 4*mib, 512); !errors.Is(err, testtool.ErrMedium) {
		t.Errorf("GPTHeaders: %v", err)
	}
	if _, err := Read(bytes.NewReader(m.bytes), 4*mib, 520); err == nil {
		t.Error("sectors of 520 bytes were accepted")
	}
}
