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

// slotsInDirectory is as many as the format allows.
const slotsInDirectory = 65536

// Crowded is a FAT32 file system, whose free space is random bytes, with that
// many deleted entries in directories as large as the format allows. Each entry
// has a long name of two slots.
func Crowded(t testing.TB, size int64, entries int) []byte {
	t.Helper()
	testtool.Need(t, "mkfs.vfat")
	path := testtool.Image(t, size)
	testtool.Run(t, "", "mkfs.vfat", "-F", "32", "-s", "8", "--invariant", path)
	drive, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	boot, err := fat.ParseBoot(drive[:512], 0)
	if err != nil {
		t.Fatal(err)
	}
	v := crowd{drive, boot}
	free := v.cluster(3)
	copy(free, Random(1, len(free)))
	length := slotsInDirectory * slotBytes / boot.ClusterBytes
	for d := 0; entries > 0; d++ {
		first := 3 + d*length
		slot(v.cluster(2)[d*slotBytes:], fmt.Sprintf("DIR%08d", d), fat.AttrDirectory, first, 0)
		v.chain(first, length)
		entries -= v.directory(first, entries)
	}
	return drive
}

type crowd struct {
	drive []byte
	boot  fat.Boot
}

const slotBytes = 32

func (v crowd) cluster(c int) []byte {
	return v.drive[v.boot.DataOffset+int64(c-2)*int64(v.boot.ClusterBytes):]
}

// chain links the clusters from first on in both tables.
func (v crowd) chain(first, length int) {
	for c := first; c < first+length; c++ {
		next := uint32(c + 1)
		if next == uint32(first+length) {
			next = 0x0FFFFFFF
		}
		for table := range int64(v.boot.Copies) {
			binary.LittleEndian.PutUint32(v.drive[v.boot.TableOffset+table*v.boot.TableBytes+int64(c)*4:], next)
		}
	}
}

// directory fills a directory with up to most deleted entries, and returns their
// number.
func (v crowd) directory(first, most int) (entries int) {
	b := v.cluster(first)[:slotsInDirectory*slotBytes]
	clear(b)
	slot(b, ".          ", fat.AttrDirectory, first, 0)
	slot(b[slotBytes:], "..         ", fat.AttrDirectory, 0, 0)
	for b = b[2*slotBytes:]; len(b) >= 3*slotBytes && entries < most; b = b[3*slotBytes:] {
		entries++
		deleted(b, fmt.Sprintf("A%07dTXT", entries), 100_000+entries%1000)
	}
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
