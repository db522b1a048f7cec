//go:build unix

package drive_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/drive/drivetest"
)

// BenchmarkList lists a machine with 30 disks, 28 of them sticks that are mounted
// three times each.
func BenchmarkList(b *testing.B) {
	archive, err := txtar.ParseFile(filepath.Join(drivetest.Trees(b), "stick.txtar"))
	if err != nil {
		b.Fatal(err)
	}
	root := b.TempDir()
	if err := drivetest.Unpack(root, crowded(archive, 28)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		drives, err := drive.System{Root: root}.List()
		if err != nil || len(drives) != 30 {
			b.Fatalf("%d drives, %v", len(drives), err)
		}
	}
}

// crowded adds copies of the stick to the archive of its machine.
func crowded(archive *txtar.Archive, copies int) *txtar.Archive {
	files := archive.Files
	var mounts strings.Builder
	for i := range copies {
		node := fmt.Sprintf("sdx%c", 'a'+i)
		another := strings.NewReplacer("2-1", fmt.Sprintf("2-9.%d", i), "sdb", node, "8:16", fmt.Sprintf("65:%d", 16*i),
			"8:17", fmt.Sprintf("65:%d", 16*i+1), "4C53000123", fmt.Sprintf("4C530001%02d", i))
		for _, f := range archive.Files {
			if strings.Contains(f.Name, "/usb2/") {
				files = append(files, txtar.File{Name: another.Replace(f.Name), Data: []byte(another.Replace(string(f.Data)))})
			}
		}
		for k := range 3 {
			fmt.Fprintf(&mounts, "%d 29 65:%d / /media/ann/%d-%d rw - vfat /dev/%s1 rw\n", 300+3*i+k, 16*i+1, i, k, node)
		}
	}
	for i, f := range files {
		if f.Name == "proc/self/mountinfo" {
			files[i].Data = append(f.Data, mounts.String()...)
		}
	}
	return &txtar.Archive{Files: files}
}
