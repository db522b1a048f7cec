package scan_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/soypat/fat"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

// blocks is a drive as another library's device.
type blocks struct{ *os.File }

const blockSize = 512

func (b blocks) ReadBlocks(dst []byte, at int64) (int, error) { return b.ReadAt(dst, at*blockSize) }
func (b blocks) WriteBlocks(p []byte, at int64) (int, error)  { return b.WriteAt(p, at*blockSize) }
func (b blocks) EraseBlocks(at, n int64) error {
	_, err := b.WriteAt(make([]byte, n*blockSize), at*blockSize)
	return err
}

// exfat works on the exFAT file system that the whole drive is, by a library of
// other people: no tool that does is everywhere.
func (dir folder) exfat(t *testing.T, args []string) {
	t.Helper()
	var fs fat.FS
	err := fs.Mount(blocks{dir.open(t)}, blockSize, fat.ModeRW)
	if err != nil {
		t.Fatal(err)
	}
	switch args[0] {
	case "mkdir":
		err = fs.Mkdir(args[1])
	case "rm":
		err = fs.Remove(args[1])
	case "put":
		err = putExFAT(&fs, dir.read(t, args[1]), args[2], args[3:])
	default:
		err = fmt.Errorf("no such step")
	}
	if err != nil {
		t.Fatalf("exfat %q: %v", args, err)
	}
}

// putExFAT writes a file's content to a place in a new file; what lies before that
// is what the clusters held.
func putExFAT(fs *fat.FS, content []byte, path string, place []string) error {
	fs.Configure(fat.FSConfig{NoZeroFilling: true})
	var f fat.File
	if err := fs.OpenFile(&f, path, fat.ModeCreateNew|fat.ModeWrite); err != nil {
		return err
	}
	if len(place) > 0 {
		at, err := strconv.ParseInt(place[0], 10, 64)
		if err != nil {
			return err
		}
		if _, err := f.Seek(at, io.SeekStart); err != nil {
			return err
		}
	}
	if _, err := f.Write(content); err != nil {
		return err
	}
	return f.Close()
}

// mounted runs what is to be done while a program has the drive mounted as the
// folder m. The program ends when the drive is unmounted, and has written all then.
func (dir folder) mounted(t *testing.T, program []string, do func()) {
	t.Helper()
	testtool.NeedRoot(t)
	testtool.Need(t, program[0], "umount")
	m := filepath.Join(string(dir), "m")
	if err := os.Mkdir(m, 0o700); err != nil {
		t.Fatal(err)
	}
	empty, err := os.Stat(m)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program[0], append(program[1:], "drive", "m")...) // a whole path may have a comma, which parts options
	cmd.Dir = string(dir)
	ended, err := started(cmd)
	if err != nil {
		t.Fatal(err)
	}
	for root := empty; os.SameFile(root, empty); {
		select {
		case err := <-ended:
			t.Skipf("NOT RUN: %q mounts nothing here: %v", program, err)
		case <-time.After(10 * time.Millisecond):
		}
		if root, err = os.Stat(m); err != nil {
			t.Fatal(err)
		}
	}
	defer func() {
		if out, err := testtool.Try(t, "umount", m); err != nil {
			t.Errorf("umount: %v: %s; kill: %v", err, out, cmd.Process.Kill())
		}
		if err := <-ended; err != nil {
			t.Errorf("%q: %v", program, err)
		}
	}()
	do()
}

// started starts a program, and tells when it has ended.
func started(cmd *exec.Cmd) (ended <-chan error, err error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	return done, nil
}
