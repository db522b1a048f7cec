package ext

import (
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/fsys/fsystest"
)

func ownPath(path string) bool { return strings.HasPrefix(path, fsys.Orphans) }

// TestSuite runs the suite that all readers of file systems share.
func TestSuite(t *testing.T) {
	for _, c := range []struct {
		kind, options string
		mib           int64
	}{
		{"ext2", "-t ext2 -b 1024 -N 64", 3},
		{"ext2", "-t ext2 -b 4096 -N 64 -O ^filetype,^sparse_super,^resize_inode", 3},
		{"ext3", "-t ext3 -b 1024 -N 64", 4},
		{"ext3", "-t ext3 -b 2048 -N 64", 8},
		{"ext4", "-t ext4 -b 1024 -N 64", 4},
		{"ext4", "-t ext4 -b 4096 -N 64 -O ^has_journal", 3},
		{"ext4", "-t ext4 -b 1024 -N 64 -O ^has_journal,inline_data -I 256", 3},
		{"ext4", "-t ext4 -b 1024 -N 64 -O ^has_journal,^extents,^64bit,meta_bg,^resize_inode", 20},
		{"ext4", "-t ext4 -b 1024 -N 64 -O bigalloc -C 4096", 8},
		{"ext4", "-t ext4 -b 1024 -N 64 -O encrypt,casefold,verity,ea_inode,large_dir,mmp,quota,project", 8},
		{"ext4", "-t ext4 -b 65536 -N 64 -O ^has_journal,^metadata_csum,uninit_bg", 8},
	} {
		t.Run(c.options, func(t *testing.T) {
			m := usual(t).format(c.mib<<20, c.options)
			fsystest.Sample{Image: m.bytes(), Open: opener, Type: c.kind, Label: "PLANTED", Files: m.files, Own: ownPath}.Run(t)
		})
	}
}
