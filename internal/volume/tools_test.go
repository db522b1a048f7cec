package volume

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/fat"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// judged are the drives that others' programs look at as a whole.
var judged = []drive{
	{2 * mib, 512},
	{6 * mib, 512},
	{16 * mib, 512},
	{34 * mib, 512},
	{65 * mib, 512},
	{8 * gib, 512},
	{31266816 * 512, 512},
	{257 * gib, 512},
	{300 * mib, 4096},
	{64 * gib, 4096},
}

func (d drive) String() string { return fmt.Sprintf("%d in %d", d.size, d.sector) }

// TestMtools has mtools list each volume, write a file to it, read it and delete
// it. Check must see the file, and that there was one.
func TestMtools(t *testing.T) {
	testtool.Need(t, "mdir", "mcopy", "mdel", "mlabel", "fsck.vfat")
	body := strings.Repeat("What was written must come back.\n", 5000)
	from := filepath.Join(t.TempDir(), "from")
	if err := os.WriteFile(from, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, d := range judged {
		t.Run(d.String(), func(t *testing.T) {
			dev, spec := formattedDrive(t, d.size, d.sector)
			path := image(t, dev, 0, d.size)
			at := path + "@@1M"
			if out := testtool.Run(t, "", "mlabel", "-s", "-i", at, "::"); !strings.Contains(out, "PANORAMA") {
				t.Errorf("mlabel says %q", out)
			}
			if out := testtool.Run(t, "", "mdir", "-i", at, "::"); !strings.Contains(out, "No files") || !strings.Contains(out, "1234-ABCD") {
				t.Errorf("mdir says %q", out)
			}
			testtool.Run(t, "", "mcopy", "-i", at, from, "::/a long name.txt")
			if out := testtool.Run(t, "", "mcopy", "-i", at, "::/a long name.txt", "-"); out != body {
				t.Error("another file came back")
			}
			checkFile(t, path, spec, true)
			testtool.Run(t, "", "mdel", "-i", at, "::/a long name.txt")
			checkFile(t, path, spec, false)
		})
	}
}

// checkFile demands that the volume in the image is sound and not empty.
func checkFile(t *testing.T, path string, spec Spec, live bool) {
	t.Helper()
	dev := fileReader(t, path, spec.SectorBytes)
	v, err := Check(dev)
	used := v.Clusters - v.FreeClusters
	if v.FileSystem == fat.FAT32 {
		used--
	}
	if err != nil || v.Entries != 3 || v.Empty() || live != (used > 0) {
		t.Errorf("%+v, %d clusters of files, %v", v, used, err)
	}
}

// readerFile is an image file for Check.
type readerFile struct {
	*os.File
	size   int64
	sector int
}

func (r readerFile) Size() int64     { return r.size }
func (r readerFile) SectorSize() int { return r.sector }
func (r readerFile) Alignment() int  { return 1 }

func fileReader(t *testing.T, path string, sector int) block.Reader {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return readerFile{f, st.Size(), sector}
}

// TestSleuthKit has mmls and fsstat look at each drive.
func TestSleuthKit(t *testing.T) {
	testtool.Need(t, "mmls", "fsstat")
	for _, d := range judged {
		t.Run(d.String(), func(t *testing.T) {
			dev, spec := formattedDrive(t, d.size, d.sector)
			v := checked(t, dev, spec)
			path := image(t, dev, 0, d.size)
			sector := fmt.Sprint(d.sector)
			start, count := spec.StartBytes/int64(d.sector), spec.PartitionBytes/int64(d.sector)
			line := fmt.Sprintf(`000:000   %010d   %010d   %010d   `, start, start+count-1, count)
			if out := testtool.Run(t, "", "mmls", "-b", sector, path); !strings.Contains(out, line) || strings.Count(out, "000:00") != 1 {
				t.Errorf("mmls says %s; want %s", out, line)
			}
			out := testtool.Run(t, "", "fsstat", "-b", sector, "-o", fmt.Sprint(start), path)
			for _, want := range []string{
				"File System Type: " + strings.ToUpper(v.FileSystem),
				"Volume ID: 0x1234abcd",
				"Volume Label (Boot Sector): PANORAMA",
				"Volume Label (Root Directory): PANORAMA",
				fmt.Sprintf("Sectors before file system: %d", start),
				fmt.Sprintf("Cluster Size: %d", v.ClusterBytes),
				fmt.Sprintf("Total Cluster Range: 2 - %d", v.Clusters+1),
			} {
				if !regexp.MustCompile(regexp.QuoteMeta(want) + `\s*\n`).MatchString(out) {
					t.Errorf("fsstat does not say %q:\n%s", want, out)
				}
			}
		})
	}
}

// TestKernel has Linux mount each volume over a loop device, and write to it.
func TestKernel(t *testing.T) {
	testtool.Need(t, "mount", "umount")
	testtool.NeedRoot(t)
	for _, d := range judged {
		dev, spec := formattedDrive(t, d.size, d.sector)
		path := image(t, dev, 0, d.size)
		mounted := t.TempDir()
		options := fmt.Sprintf("loop,offset=%d,sizelimit=%d", spec.StartBytes, spec.PartitionBytes)
		if out, err := testtool.Try(t, "mount", "-t", "vfat", "-o", options, path, mounted); err != nil {
			if strings.Contains(out, "loop device") || strings.Contains(out, "unknown filesystem") {
				t.Skip("NOT RUN: this kernel has no loop device or no vfat")
			}
			t.Fatalf("%v: mount: %s", d, out)
		}
		writeErr := os.WriteFile(filepath.Join(mounted, "a long name.txt"), make([]byte, 100_000), 0o600)
		list, readErr := os.ReadDir(mounted)
		testtool.Run(t, "", "umount", mounted)
		if writeErr != nil || readErr != nil || len(list) != 1 {
			t.Errorf("%v: %v, %v, %v", d, writeErr, list, readErr)
		}
		checkFile(t, path, spec, true)
	}
}

// TestImageFile formats an image through the device that the program uses for
// one, and checks it after opening it anew.
func TestImageFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(path, make([]byte, 34*mib+99), 0o600); err != nil {
		t.Fatal(err)
	}
	dev, err := block.OpenImage(path, block.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	spec := newSpec(t, dev.Size(), dev.SectorSize())
	if err := errors.Join(Make(context.Background(), dev, spec, nil), dev.Close()); err != nil {
		t.Fatal(err)
	}
	again, err := block.OpenImage(path, block.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	checked(t, again, spec)
}

// TestBlkid has libblkid, which tells Linux desktops what is on a drive, name the
// volume.
func TestBlkid(t *testing.T) {
	testtool.Need(t, "blkid")
	for _, d := range judged {
		dev, spec := formattedDrive(t, d.size, d.sector)
		path := image(t, dev, 0, d.size)
		out := testtool.Run(t, "", "blkid", "-p", "-o", "export", "-O", fmt.Sprint(spec.StartBytes), path)
		for _, want := range []string{"LABEL=PANORAMA", "LABEL_FATBOOT=PANORAMA", "UUID=1234-ABCD", "TYPE=vfat", "VERSION=" + strings.ToUpper(spec.FileSystem)} {
			if !strings.Contains(out+"\n", want+"\n") {
				t.Errorf("%v: blkid does not say %s: %s", d, want, out)
			}
		}
		if out := testtool.Run(t, "", "blkid", "-p", "-o", "export", path); !strings.Contains(out, "PTUUID=1badb002\nPTTYPE=dos") {
			t.Errorf("%v: blkid says of the drive: %s", d, out)
		}
	}
}

// TestOverUsedDrive formats a drive that others partitioned and filled, without
// overwriting it first. Nothing of the old volume shows.
func TestOverUsedDrive(t *testing.T) {
	testtool.Need(t, "mkfs.vfat", "mcopy", "fsck.vfat", "fls")
	path := filepath.Join(t.TempDir(), "old")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 64*mib); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, "", "mkfs.vfat", "-F", "32", "-n", "OLD", "--offset", "2048", path, "64512")
	secret := filepath.Join(t.TempDir(), "secret.txt")
	if err := os.WriteFile(secret, make([]byte, 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, "", "mcopy", "-i", path+"@@1M", secret, "::/secret.txt")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dev := blocktest.NewFake(64*mib, 512, blocktest.Faults{})
	aligned := block.Buffer(len(old))
	copy(aligned, old)
	if _, err := dev.WriteAt(aligned, 0); err != nil {
		t.Fatal(err)
	}
	spec := newSpec(t, 64*mib, 512)
	if err := Make(context.Background(), dev, spec, nil); err != nil {
		t.Fatal(err)
	}
	v := checked(t, dev, spec)
	fsck(t, image(t, dev, spec.StartBytes, spec.PartitionBytes), v)
	if out := testtool.Run(t, "", "fls", "-r", "-o", "2048", image(t, dev, 0, spec.DiskBytes)); strings.Contains(strings.ToLower(out), "secret") {
		t.Errorf("fls still lists the old file:\n%s", out)
	}
}
