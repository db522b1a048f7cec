package scan_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func (dir folder) plant(t *testing.T, name, place string) {
	t.Helper()
	drive := dir.open(t)
	size, err := drive.Seek(0, io.SeekEnd)
	if err != nil {
		t.Fatal(err)
	}
	content := dir.read(t, name)
	at := dir.place(t, drive, size, place)
	if at < 0 || at+int64(len(content)) > size {
		t.Fatalf("%s does not fit at %d", name, at)
	}
	if _, err := drive.WriteAt(content, at); err != nil {
		t.Fatal(err)
	}
}

func (dir folder) place(t *testing.T, drive *os.File, size int64, place string) int64 {
	t.Helper()
	name, number, behind := strings.Cut(place, "+")
	if !behind {
		number = place
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case behind:
		content := dir.read(t, name)
		places, err := placesOf(drive, content)
		if err != nil || len(places) != 1 {
			t.Fatalf("%s is on the drive %d times, not once: %v", name, len(places), err)
		}
		return places[0] + int64(len(content)) + n
	case n < 0:
		return size + n
	}
	return n
}

// placesOf is where the content stands on a drive, which may be larger than what
// fits in memory.
func placesOf(drive io.ReaderAt, content []byte) (places []int64, err error) {
	const step = 4 << 20
	buf := make([]byte, step+len(content)-1) // what starts within the step ends within this
	for off := int64(0); ; off += step {
		n, err := drive.ReadAt(buf, off)
		for at := 0; ; at++ {
			i := bytes.Index(buf[at:n], content)
			if i < 0 {
				break
			}
			at += i
			places = append(places, off+int64(at))
		}
		if errors.Is(err, io.EOF) {
			return places, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// open opens the drive until the test ends.
func (dir folder) open(t *testing.T) *os.File {
	t.Helper()
	drive, err := os.OpenFile(dir.drive(), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drive.Close(); err != nil {
			t.Error(err)
		}
	})
	return drive
}

func (dir folder) read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(string(dir), name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}
