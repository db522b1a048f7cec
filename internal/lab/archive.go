package lab

import (
	"bufio"
	"fmt"
	"io"
)

// File types of a [archive] member, as in st_mode.
const (
	typeFolder = 0o040000
	typeFile   = 0o100000
	setuid     = 0o4000
)

// archive writes the kind of archive that the kernel unpacks into its first root
// file system: cpio, "newc", as the kernel's buffer-format.rst describes it.
type archive struct {
	w   *bufio.Writer
	ino int // of the member that was written last
}

func newArchive(w io.Writer) *archive { return &archive{w: bufio.NewWriterSize(w, 1<<20)} }

// folder adds a folder. Those above it must have been added.
func (a *archive) folder(name string) error { return a.member(name, typeFolder|0o755, nil) }

// file adds a file that everybody may read and run, with whose rights is for mode
// to say.
func (a *archive) file(name string, mode int, data []byte) error {
	return a.member(name, typeFile|0o755|mode, data)
}

// member adds one: a header of thirteen numbers in hex, the name, and the
// content, the last two filled up to whole words.
func (a *archive) member(name string, mode int, data []byte) error {
	a.ino++
	header := "070701"
	for _, field := range []int{a.ino, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0} {
		header += fmt.Sprintf("%08X", field)
	}
	header += name + "\x00"
	// The errors of a bufio.Writer stay with it.
	_, _ = a.w.WriteString(header + filling(len(header)))
	_, _ = a.w.Write(data)
	_, err := a.w.WriteString(filling(len(data)))
	return err
}

// close adds the member that ends an archive.
func (a *archive) close() error {
	if err := a.member("TRAILER!!!", 0, nil); err != nil {
		return err
	}
	return a.w.Flush()
}

func filling(n int) string { return "\x00\x00\x00"[:-n&3] }
