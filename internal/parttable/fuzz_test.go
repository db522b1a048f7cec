package parttable

import (
	"bytes"
	"testing"
)

// tables are drives of 64 KiB with one table each, for the fuzzer to damage.
func tables() []*image {
	const size = 64 << 10
	gpt := func(sectorSize int) *image {
		m := newImage(size, sectorSize)
		last := m.last()
		return m.entry(0, 0, 0xEE, 1, uint32(last)).gpt(1, 2, [2]uint64{8, 9}).gpt(last, last-16384/sectorSize, [2]uint64{8, 9})
	}
	return []*image{
		newImage(size, 512).entry(0, 0, 5, 1, 90).entry(0, 2, 0x0C, 91, 9).
			entry(1, 0, 6, 1, 9).entry(1, 1, 5, 20, 20).entry(21, 0, 6, 1, 9).entry(21, 1, 5, 30, 20),
		newImage(size, 512).fatBoot(0),
		newImage(size, 4096).entry(0, 0, 0x0C, 2, 3),
		gpt(512),
		gpt(4096),
	}
}

// FuzzRead damages tables, three bytes of input for each byte changed: two of
// place and one of value. No table makes partitions that leave the drive, and
// the number of results does not grow with what is claimed.
func FuzzRead(f *testing.F) {
	for i := range tables() {
		f.Add(byte(i), []byte{1, 0xBE, 0})
	}
	f.Fuzz(func(t *testing.T, which byte, patches []byte) {
		list := tables()
		b := list[int(which)%len(list)].bytes
		for ; len(patches) >= 3; patches = patches[3:] {
			b[int(patches[0])<<8|int(patches[1])] = patches[2]
		}
		for _, sectorSize := range []int{512, 4096} {
			table, err := Read(bytes.NewReader(b), int64(len(b)), sectorSize)
			if err != nil {
				t.Fatal(err)
			}
			checkTable(t, table, int64(len(b)), int64(sectorSize))
		}
		if _, _, err := Detect(bytes.NewReader(b), int64(len(b))); err != nil {
			t.Fatal(err)
		}
	})
}

func checkTable(t *testing.T, table Table, size, sectorSize int64) {
	t.Helper()
	if len(table.Entries) > maxGPTEntries || len(table.Warnings) > maxWarnings+1 {
		t.Fatalf("%d entries, %d warnings", len(table.Entries), len(table.Warnings))
	}
	for _, e := range table.Entries {
		if e.Start <= 0 || e.Size <= 0 || e.End() > size || e.Start%sectorSize != 0 {
			t.Fatalf("partition %+v of a drive of %d bytes", e, size)
		}
	}
}
