package ntfs

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"unicode/utf16"

	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/fsys/fsystest"
)

// The shape of the volumes that tests build: clusters of 512 bytes, records of
// 1 KiB, index blocks of 1 KiB.
const (
	tCluster  = 512
	tRecord   = 1024
	tClusters = 1024 // 512 KiB
	tBitmap   = 16   // clusters where things begin
	tMFT      = 32
	tMirror   = 512
	tData     = 300 // and what is behind it is free for files
	tRecords  = 64
)

// volume is a small file system in memory, built byte by byte so that it can be
// wrong in any way.
type volume struct{ bytes []byte }

// rec is one record to be written.
type rec struct {
	sequence uint16
	flags    uint16
	base     ref
	attrs    [][]byte
}

// newVolume has the system's records that a walk needs, each in use, and nothing
// else.
func newVolume() *volume {
	v := &volume{bytes: make([]byte, tClusters*tCluster)}
	boot := v.bytes[:512]
	copy(boot[3:], "NTFS    ")
	put16(boot, 11, tCluster)
	boot[13] = 1
	put64(boot, 40, tClusters-1)
	put64(boot, 48, tMFT)
	put64(boot, 56, tMirror)
	boot[64], boot[68] = 0xF6, 0xF6 // 2^10
	copy(boot[510:], "\x55\xAA")
	copy(v.bytes[len(v.bytes)-512:], boot)

	v.file(0, "$MFT", outside(attrData, "", tRecords*tRecord, runs(tMFT, tRecords*tRecord/tCluster)))
	copy(v.bytes[tMirror*tCluster:], v.recordBytes(0))
	v.file(3, "$Volume", inside(attrVolumeName, "", utf16le("BUILT")))
	v.put(5, rec{5, flagInUse | flagDirectory, ref{}, [][]byte{fileName(ref{5, 5}, ".", 3)}})
	v.file(6, "$Bitmap", outside(attrData, "", tClusters/8, runs(tBitmap, 1)))
	v.allocate(0, tData)
	v.allocate(tMirror, 8)
	return v
}

// file writes a record in use of a file in the root directory.
func (v *volume) file(n int64, name string, attrs ...[]byte) *volume {
	return v.put(n, rec{1, flagInUse, ref{}, slices.Concat([][]byte{fileName(ref{5, 5}, name, 3)}, attrs)})
}

// deleted writes a record of a deleted file in the root directory.
func (v *volume) deleted(n int64, name string, attrs ...[]byte) *volume {
	return v.put(n, rec{2, 0, ref{}, slices.Concat([][]byte{fileName(ref{5, 5}, name, 3)}, attrs)})
}

// dir writes a record in use of a directory.
func (v *volume) dir(n int64, parent ref, name string, attrs ...[]byte) *volume {
	return v.put(n, rec{1, flagInUse | flagDirectory, ref{}, slices.Concat([][]byte{fileName(parent, name, 3)}, attrs)})
}

func (v *volume) recordBytes(n int64) []byte {
	return v.bytes[tMFT*tCluster+n*tRecord:][:tRecord]
}

// put writes record n.
func (v *volume) put(n int64, r rec) *volume {
	b := v.recordBytes(n)
	clear(b)
	copy(b, "FILE")
	put16(b, 16, int(r.sequence))
	put16(b, 20, 56)
	put16(b, 22, int(r.flags))
	put32(b, 28, tRecord)
	putRef(b, 32, r.base)
	at := 56
	for _, a := range r.attrs {
		at += copy(b[at:], a)
	}
	put32(b, at, attrEnd)
	put32(b, 24, at+8)
	protect(b, 48)
	return v
}

// protect gives b an update sequence at the offset at.
func protect(b []byte, at int) {
	put16(b, 4, at)
	put16(b, 6, len(b)/stride+1)
	put16(b, at, 0x7A7A)
	for i := 1; i <= len(b)/stride; i++ {
		copy(b[at+2*i:at+2*i+2], b[i*stride-2:])
		put16(b, i*stride-2, 0x7A7A)
	}
}

// allocate marks clusters as in use.
func (v *volume) allocate(cluster, n int) *volume {
	for c := cluster; c < cluster+n; c++ {
		v.bytes[tBitmap*tCluster+c/8] |= 1 << (c % 8)
	}
	return v
}

// fill writes content from a cluster on, and allocates what it takes.
func (v *volume) fill(cluster int, content []byte) *volume {
	copy(v.bytes[cluster*tCluster:], content)
	return v.allocate(cluster, (len(content)+tCluster-1)/tCluster)
}

func (v *volume) open(t testing.TB) *FS {
	t.Helper()
	f, err := Open(bytes.NewReader(v.bytes), 0, int64(len(v.bytes)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// walk returns the entries but for those that each built volume has.
func (v *volume) walk(t testing.TB) (entries []fsys.Entry, warnings []string) {
	t.Helper()
	f := v.open(t)
	entries = slices.DeleteFunc(fsystest.Walk(t, f, 0, int64(len(v.bytes))), func(e fsys.Entry) bool {
		return slices.Contains([]string{"/$MFT", "/$Volume", "/$Bitmap", "/."}, e.Path)
	})
	return entries, f.Warnings()
}

// inside is a resident attribute.
func inside(kind uint32, name string, value []byte) []byte {
	b := header(kind, name, residentHeader)
	put32(b, 16, len(value))
	put16(b, 20, len(b))
	return sized(append(b, value...))
}

// outside is one that is not resident.
func outside(kind uint32, name string, size int64, runs []byte) []byte {
	return part(kind, name, 0, size, runs)
}

// part is a part of one, from a virtual cluster on.
func part(kind uint32, name string, lowest, size int64, runs []byte) []byte {
	b := header(kind, name, nonResidentHeader)
	b[8] = 1
	put64(b, 16, lowest)
	put16(b, 32, len(b))
	put64(b, 48, size)
	put64(b, 56, size)
	return sized(append(b, runs...))
}

// packed makes an attribute a compressed one with units of 2^unit clusters.
func packed(a []byte, unit byte) []byte {
	put16(a, 12, 1)
	a[34] = unit
	return a
}

func header(kind uint32, name string, length int) []byte {
	b := make([]byte, length)
	put32(b, 0, int(kind))
	b[9] = byte(len(utf16le(name)) / 2)
	put16(b, 10, length)
	b = append(b, utf16le(name)...)
	return append(b, make([]byte, -len(b)&7)...)
}

func sized(b []byte) []byte {
	b = append(b, make([]byte, -len(b)&7)...)
	put32(b, 4, len(b))
	return b
}

// fileName is a $FILE_NAME attribute.
func fileName(parent ref, name string, space byte) []byte {
	return inside(attrFileName, "", nameValue(parent, name, space))
}

func nameValue(parent ref, name string, space byte) []byte {
	b := make([]byte, nameHeader)
	putRef(b, 0, parent)
	b[64], b[65] = byte(len(utf16le(name))/2), space
	return append(b, utf16le(name)...)
}

// runs is a run list of pairs: where, or [hole], and how many clusters.
func runs(pairs ...int) (b []byte) {
	lcn := 0
	for i := 0; i < len(pairs); i += 2 {
		var count, place [4]byte
		binary.LittleEndian.PutUint32(count[:], uint32(pairs[i+1]))
		if pairs[i] == hole {
			b = append(append(b, 0x04), count[:]...)
			continue
		}
		binary.LittleEndian.PutUint32(place[:], uint32(int32(pairs[i]-lcn)))
		lcn = pairs[i]
		b = append(append(append(b, 0x44), count[:]...), place[:]...)
	}
	return append(b, 0)
}

// listEntry is one entry of an attribute list.
func listEntry(kind uint32, lowest int64, r ref) []byte {
	b := make([]byte, 32)
	put32(b, 0, int(kind))
	put16(b, 4, 32)
	b[7] = 26
	put64(b, 8, lowest)
	putRef(b, 16, r)
	return b
}

// indexBlock is an index block whose entries in use are the first ones.
func indexBlock(inUse int, entries ...[]byte) []byte {
	b := make([]byte, 1024)
	copy(b, "INDX")
	put32(b, indexHeader, 40)
	at := indexHeader + 40
	for i, e := range entries {
		if i == inUse {
			put32(b, indexHeader+4, at-indexHeader)
		}
		at += copy(b[at:], e)
	}
	if inUse == len(entries) {
		put32(b, indexHeader+4, at-indexHeader)
	}
	put32(b, indexHeader+8, len(b)-indexHeader)
	protect(b, 40)
	return b
}

// indexEntry is an entry of a directory for the record of.
func indexEntry(of, parent ref, name string) []byte {
	key := nameValue(parent, name, 3)
	b := make([]byte, entryHeader, 200)
	putRef(b, 0, of)
	put16(b, 10, len(key))
	b = append(b, key...)
	b = append(b, make([]byte, -len(b)&7)...)
	put16(b, 8, len(b))
	return b
}

func utf16le(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func putRef(b []byte, at int, r ref) { put64(b, at, r.number|int64(r.sequence)<<48) }
func put16(b []byte, at, n int)      { binary.LittleEndian.PutUint16(b[at:], uint16(n)) }
func put32(b []byte, at, n int)      { binary.LittleEndian.PutUint32(b[at:], uint32(n)) }
func put64(b []byte, at int, n int64) {
	binary.LittleEndian.PutUint64(b[at:], uint64(n))
}
