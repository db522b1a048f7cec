// Package scantest makes drives that are hard on a scan.
package scantest

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fat"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// Random is size bytes that are the same for the same seed.
func Random(seed byte, size int) []byte {
	b := make([]byte, size)
	if _, err := rand.NewChaCha8([32]byte{seed}).Read(b); err != nil {
		panic(err) // it has none
	}
	return b
}

// Headers is a drive with the start of a private key in each sector, and a body
// behind it that is none.
func Headers(size int) []byte {
	body := base64.StdEncoding.EncodeToString(Random(2, 340))
	return every(512, size, []byte("-----BEGIN RSA PRIVATE KEY-----\n"+body))
}

// Members is a drive with the given number of ZIP archives, of one small member
// each, compressed or stored, in random bytes.
func Members(size, number int, method uint16) []byte {
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	content := Random(3, 100)
	m, err := w.CreateHeader(&zip.FileHeader{Name: "k", Method: method})
	if err == nil {
		_, err = m.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // a buffer takes everything
	}
	return every(size/number, size, archive.Bytes())
}

// every is random bytes with unit at the start of each step.
func every(step, size int, unit []byte) []byte {
	b := Random(1, size)
	for at := 0; at+len(unit) <= size; at += step {
		copy(b[at:], unit)
	}
	return b
}

// unitBytes is how much of a drive is made; the rest repeats it.
const unitBytes = 8 << 20

// Fill writes a drive of size bytes that repeats unit.
func Fill(t testing.TB, path string, size int64, unit []byte) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for at := int64(0); at < size; at += int64(len(unit)) {
		if _, err := f.Write(unit[:min(int64(len(unit)), size-at)]); err != nil {
			t.Fatal(err)
		}
	}
}

// slotsInDirectory is as many as the format allows.
const slotsInDirectory = 65536

// Crowded writes a FAT32 file system, whose free space is random bytes, with that
// many deleted entries in directories as large as the format allows. Each entry
// has a long name of two slots.
func Crowded(t testing.TB, path string, size int64, entries int) {
	t.Helper()
	testtool.Need(t, "mkfs.vfat")
	Fill(t, path, size, Random(1, unitBytes))
	testtool.Run(t, "", "mkfs.vfat", "-F", "32", "-s", "8", "--invariant", path)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	v := crowd{t: t, f: f}
	if v.boot, err = fat.ParseBoot(v.read(0, 512), 0); err != nil {
		t.Fatal(err)
	}
	length := slotsInDirectory * slotBytes / v.boot.ClusterBytes
	root := make([]byte, v.boot.ClusterBytes)
	for d := 0; entries > 0; d++ {
		first := 3 + d*length
		slot(root[d*slotBytes:], fmt.Sprintf("DIR%08d", d), fat.AttrDirectory, first, 0)
		v.chain(first, length)
		entries -= v.directory(first, entries)
	}
	v.write(root, v.cluster(2))
}

type crowd struct {
	t    testing.TB
	f    *os.File
	boot fat.Boot
}

const slotBytes = 32

func (v crowd) read(at int64, n int) []byte {
	v.t.Helper()
	b := make([]byte, n)
	if _, err := v.f.ReadAt(b, at); err != nil {
		v.t.Fatal(err)
	}
	return b
}

func (v crowd) write(b []byte, at int64) {
	v.t.Helper()
	if _, err := v.f.WriteAt(b, at); err != nil {
		v.t.Fatal(err)
	}
}

// cluster is where cluster c lies.
func (v crowd) cluster(c int) int64 {
	return v.boot.DataOffset + int64(c-2)*int64(v.boot.ClusterBytes)
}

// chain links the clusters from first on in both tables.
func (v crowd) chain(first, length int) {
	var links []byte
	for c := first + 1; c < first+length; c++ {
		links = binary.LittleEndian.AppendUint32(links, uint32(c))
	}
	links = binary.LittleEndian.AppendUint32(links, 0x0FFFFFFF)
	for table := range int64(v.boot.Copies) {
		v.write(links, v.boot.TableOffset+table*v.boot.TableBytes+int64(first)*4)
	}
}

// directory fills a directory with up to most deleted entries, and returns their
// number.
func (v crowd) directory(first, most int) (entries int) {
	all := make([]byte, slotsInDirectory*slotBytes)
	b := all
	slot(b, ".          ", fat.AttrDirectory, first, 0)
	slot(b[slotBytes:], "..         ", fat.AttrDirectory, 0, 0)
	for b = b[2*slotBytes:]; len(b) >= 3*slotBytes && entries < most; b = b[3*slotBytes:] {
		entries++
		deleted(b, fmt.Sprintf("A%07dTXT", entries), 100_000+entries%1000)
	}
	v.write(all, v.cluster(first))
	return entries
}

// deleted writes a long name in two slots, and the entry that it is of.
func deleted(b []byte, short string, first int) {
	sum := byte(0)
	for i := range short {
		sum = sum>>1 | sum<<7
		sum += short[i]
	}
	for n := range 2 {
		long := b[n*slotBytes:][:slotBytes]
		copy(long, "\xE5a\x00b\x00c\x00d\x00e\x00\x0F\x00 f\x00g\x00h\x00i\x00j\x00k\x00\x00\x00l\x00m\x00")
		long[13] = sum
	}
	slot(b[2*slotBytes:], "\xE5"+short[1:], fat.AttrArchive, first, 3000)
}

func slot(b []byte, name string, attr byte, first, size int) {
	copy(b[:11], name)
	b[11] = attr
	binary.LittleEndian.PutUint16(b[20:], uint16(first>>16))
	binary.LittleEndian.PutUint16(b[26:], uint16(first))
	binary.LittleEndian.PutUint32(b[28:], uint32(size))
}
