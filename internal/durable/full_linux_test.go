package durable

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// smallDisk mounts a file system of the given kind and size.
func smallDisk(t *testing.T, kind string, megabytes string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: only root can mount a small disk to fill")
	}
	at := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(at, 0o700); err != nil {
		t.Fatal(err)
	}
	args := []string{"-t", "tmpfs", "-o", "size=" + megabytes + "M", "tmpfs", at}
	if kind == "ext4" {
		image := at + ".img"
		mkfs, err := exec.LookPath("mkfs.ext4")
		if err != nil {
			t.Skip("NOT RUN: mkfs.ext4 is not installed")
		}
		if out, err := exec.CommandContext(t.Context(), mkfs, "-q", "-m", "0", image, megabytes+"M").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		args = []string{"-o", "loop", image, at}
	}
	if out, err := exec.CommandContext(t.Context(), "mount", args...).CombinedOutput(); err != nil {
		t.Skipf("NOT RUN: no %s can be mounted here: %v: %s", kind, err, bytes.TrimSpace(out))
	}
	t.Cleanup(func() {
		if err := unix.Unmount(at, 0); err != nil {
			t.Errorf("unmounting: %v", err)
		}
	})
	return at
}

// fill writes a file until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, chunk := range []int{1 << 20, 4096, 1} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, chunk))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
}

// TestDiskTooFullToBegin: without space for the end of a run, none is begun.
func TestDiskTooFullToBegin(t *testing.T) {
	state, err := Dir(filepath.Join(smallDisk(t, "tmpfs", "4"), "state"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := CreateJournal(state, testID); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v", err)
	}
	wantFiles(t, filepath.Join(state, Journals), ".lock")
}

// TestFirstEntryNeedsRoomForTheRest: a first entry so large that its record would
// not fit is refused, and leaves nothing.
func TestFirstEntryNeedsRoomForTheRest(t *testing.T) {
	state, err := Dir(filepath.Join(smallDisk(t, "tmpfs", "16"), "state"))
	if err != nil {
		t.Fatal(err)
	}
	j := newJournal(t, state)
	defer j.Remove()
	if err := j.Append("note", strings.Repeat("x", 4<<20)); !errors.Is(err, syscall.ENOSPC) || j.end != 0 {
		t.Errorf("%v, end %d", err, j.end)
	}
	if info, err := j.file.Stat(); err != nil || info.Size() != 0 {
		t.Errorf("%v, %v", info, err)
	}
}

// TestDiskFullDuringARun: what is reserved can be written when nothing else can.
// The record cannot, leaves nothing, and can be stored later from the journal.
func TestDiskFullDuringARun(t *testing.T) {
	for _, kind := range []string{"tmpfs", "ext4"} {
		t.Run(kind, func(t *testing.T) {
			disk := smallDisk(t, kind, "32")
			state, err := Dir(filepath.Join(disk, "state"))
			if err != nil {
				t.Fatal(err)
			}
			j := newJournal(t, state)
			appendEntry(t, j, 0)
			fill(t, filepath.Join(disk, "filler"))
			record, entries := filepath.Join(state, Records, "record"), 1
			large := strings.Repeat("x", 100_000)
			if err := WriteFile(record, []byte(large), 0o600); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("the disk was not full: %v", err)
			}
			wantFiles(t, filepath.Join(state, Records))
			for j.end+120_000 < reserved {
				if err := j.Append("note", large); err != nil {
					t.Fatalf("at %d of %d reserved bytes: %v", j.end, reserved, err)
				}
				entries++
			}
			for err = nil; err == nil && entries < 1000; entries++ {
				err = j.Append("note", large)
			}
			if entries--; !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("beyond what was reserved: %v", err)
			}
			// There is room again, and the journal goes on where it was.
			if err := os.Remove(filepath.Join(disk, "filler")); err != nil {
				t.Fatal(err)
			}
			unix.Sync() // ext4 gives freed blocks back with its next commit
			appendEntry(t, j, 1)
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			orphan := takeOne(t, state)
			if len(orphan.Entries) != entries+1 {
				t.Errorf("%d entries, want %d", len(orphan.Entries), entries+1)
			}
			if err := errors.Join(WriteFile(record, []byte(large), 0o600), orphan.Remove()); err != nil {
				t.Error(err)
			}
			wantFiles(t, filepath.Join(state, Records), "record")
		})
	}
}

// TestDirThatCannotBeWritten: a state folder that is there, with all that belongs
// into it, is of no use when nothing can be added.
func TestDirThatCannotBeWritten(t *testing.T) {
	state, want := newState(t), error(syscall.EACCES)
	protect, undo := func() error { return os.Chmod(state, 0o500) }, func() error { return os.Chmod(state, 0o700) }
	if os.Geteuid() == 0 { // whom modes do not stop
		state, want = smallDisk(t, "tmpfs", "1"), syscall.EROFS
		protect = func() error { return unix.Mount("", state, "", unix.MS_REMOUNT|unix.MS_RDONLY, "") }
		undo = func() error { return nil }
	}
	if _, err := Dir(state); err != nil {
		t.Fatal(err)
	}
	if err := protect(); err != nil {
		t.Fatal(err)
	}
	if _, err := Dir(state); !errors.Is(err, ErrStateDir) || !errors.Is(err, want) {
		t.Errorf("%v, want %v", err, want)
	}
	if err := undo(); err != nil {
		t.Error(err)
	}
}

// TestReserved: the space is there from the beginning, and the file is empty.
func TestReserved(t *testing.T) {
	j := newJournal(t, newState(t))
	defer j.Remove()
	var stat unix.Stat_t
	if err := unix.Fstat(int(j.file.Fd()), &stat); err != nil {
		t.Fatal(err)
	}
	if stat.Blocks*512 < reserved || stat.Size != 0 {
		t.Errorf("%d bytes are allocated for a file of %d", stat.Blocks*512, stat.Size)
	}
}
