package ext

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/fsys"
	"github.com/panoscrub/panoscrub/internal/fsys/fsystest"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// TestSuperRejects breaks one field at a time.
func TestSuperRejects(t *testing.T) {
	for _, c := range []struct {
		field  string
		damage func(b []byte)
	}{
		{"signature", func(b []byte) { b[56]++ }},
		{"block size", func(b []byte) { put32(b, 24, 7) }},
		{"block size", func(b []byte) { put32(b, 24, 0xFFFFFFFF) }},
		{"revision", func(b []byte) { put32(b, 76, 2) }},
		{"cluster size", func(b []byte) { put32(b, 100, roBigalloc); put32(b, 28, 0xFFFFFFFF) }},
		{"blocks per group", func(b []byte) { put32(b, 32, 0) }},
		{"blocks per group", func(b []byte) { put32(b, 32, 255) }},
		{"blocks per group", func(b []byte) { put32(b, 32, 8193) }},
		{"blocks per group", func(b []byte) { put32(b, 32, 8200) }},
		{"inodes per group", func(b []byte) { put32(b, 40, 0) }},
		{"inodes per group", func(b []byte) { put32(b, 40, 8193) }},
		{"inode size", func(b []byte) { put16(b, 88, 64) }},
		{"inode size", func(b []byte) { put16(b, 88, 192) }},
		{"inode size", func(b []byte) { put16(b, 88, 2048) }},
		{"descriptor size", func(b []byte) { put32(b, 96, incompat64Bit); put16(b, 254, 0) }},
		{"descriptor size", func(b []byte) { put32(b, 96, incompat64Bit); put16(b, 254, 48) }},
		{"number of blocks", func(b []byte) { put32(b, 4, 1) }},
		{"number of blocks", func(b []byte) { put32(b, 20, 2) }},
		{"number of blocks", func(b []byte) { put32(b, 96, incompat64Bit); put16(b, 254, 64); put32(b, 336, 1<<16) }},
		{"number of inodes", func(b []byte) { put32(b, 0, 1) }},
	} {
		v := newVolume(t)
		c.damage(v.super())
		_, err := Open(bytes.NewReader(v.bytes), 0, int64(len(v.bytes)))
		if !errors.Is(err, ErrNotExt) || !errors.Is(err, fsys.ErrOther) || !strings.Contains(err.Error(), c.field) {
			t.Errorf("%s: %v", c.field, err)
		}
	}
	for _, size := range []int64{0, 1, 1024, 2047, 2048} {
		if _, err := Open(bytes.NewReader(newVolume(t).bytes), 0, size); !errors.Is(err, ErrNotExt) {
			t.Errorf("in %d bytes: %v", size, err)
		}
	}
}

// TestRandomIsNotExt reads random bytes that bear the signature.
func TestRandomIsNotExt(t *testing.T) {
	rng, b := rand.NewChaCha8([32]byte{1}), make([]byte, superBytes)
	for range 100_000 {
		_, _ = rng.Read(b) // never fails
		put16(b, 56, 0xEF53)
		if s, err := parseSuper(b); err == nil {
			t.Errorf("random bytes pass for a superblock: %+v", s)
		}
	}
}

// TestFeatures has what a file system may say of itself.
func TestFeatures(t *testing.T) {
	for _, c := range []struct {
		compat, incompat, ro uint32
		kind, warns          string
	}{
		{0, incompatFiletype, 0, "ext2", ""},
		{0, incompatFiletype | incompatMetaBG, 7, "ext2", ""},
		{compatJournal, incompatFiletype, 7, "ext3", "of the file system's own, is lost"},
		{0, incompatFiletype | 0x40, 0, "ext4", ""},
		{0, incompatFiletype, 0x8, "ext4", ""},
		{0, incompatFiletype | incompatRecover, 0, "ext2", "never applied"},
		{0, incompatFiletype | incompatCompression, 0, "ext4", "compressed"},
		{0, incompatFiletype | 1<<30, 0, "ext4", "features that are not known here (0x40000000)"},
	} {
		v := newVolume(t).file(12, 5, 30)
		v.dir(2, 2, rootBlock, name{12, 1, "a", nil})
		put32(v.super(), 92, c.compat)
		put32(v.super(), 96, c.incompat)
		put32(v.super(), 100, c.ro)
		put32(v.super(), 224, 8)
		f, entries := v.walk()
		warnings := strings.Join(f.Warnings(), "\n")
		if f.Type() != c.kind || f.Label(context.Background()) != "BUILT" || len(entries) != 1 ||
			!strings.Contains(warnings, c.warns) || c.warns == "" && warnings != "" {
			t.Errorf("%+v: %s with %d entries, warnings %q", c, f.Type(), len(entries), warnings)
		}
	}
	v := newVolume(t)
	put32(v.super(), 96, incompatJournalDev)
	if _, err := Open(bytes.NewReader(v.bytes), 0, int64(len(v.bytes))); err == nil || errors.Is(err, fsys.ErrOther) {
		t.Errorf("a journal alone: %v", err)
	}
}

// TestClaims has a superblock that promises more than there is.
func TestClaims(t *testing.T) {
	v := newVolume(t)
	put32(v.super(), 0, 0xFFFFFFFF)
	put32(v.super(), 4, 0xFFFFFFFF)
	f, _ := v.walk()
	if got := fmt.Sprint(f.Warnings()); !strings.Contains(got, "claims 4294967295 blocks, but there are 256") ||
		!strings.Contains(got, "claims 4294967295 inodes, but there is room for 1024") {
		t.Errorf("warnings %s", got)
	}
}

// TestBackups takes the superblock and the descriptors away that stand at the
// start, as a new file system there does.
func TestBackups(t *testing.T) {
	for _, c := range []struct {
		options string
		mib     int64
		group   uint32
		wipe    int // blocks of backups to take away too
	}{
		{"-t ext2 -b 1024", 20, 1, 0},
		{"-t ext4 -b 1024", 40, 1, 0},
		{"-t ext4 -b 1024", 40, 3, 8193},
		{"-t ext4 -b 2048 -O meta_bg,^resize_inode", 80, 1, 0},
		{"-t ext4 -b 4096", 300, 1, 0},
	} {
		t.Run(fmt.Sprintf("%s, group %d", c.options, c.group), func(t *testing.T) {
			m := usual(t).format(c.mib<<20, c.options+" -N 4096")
			image := m.bytes()
			_, before := walked(t, image)
			clear(image[:4096]) // boot sector, superblock and with 1 KiB the descriptors
			if c.wipe > 0 {
				clear(image[c.wipe*1024:][:1024])
			}
			f, after := walked(t, image)
			if f.super.group != c.group || !f.FromBackup() || len(before) != len(after) || !strings.Contains(fmt.Sprint(f.Warnings()), "backup") {
				t.Errorf("group %d: %d entries of %d, warnings %q", f.super.group, len(after), len(before), f.Warnings())
			}
			for path, want := range m.files {
				if e := after[path]; !bytes.Equal(fsystest.ReadAll(image, e), want) {
					t.Errorf("%q: %s", path, mark(e))
				}
			}
		})
	}
}

// TestDescriptors damages one block of descriptors at a time.
func TestDescriptors(t *testing.T) {
	for options, at := range map[string]int64{
		"-t ext4 -b 1024 -N 4096":                          2 * 1024,
		"-t ext4 -b 4096 -N 4096 -g 2048":                  4096,
		"-t ext4 -b 1024 -N 4096 -O meta_bg,^resize_inode": 2 * 1024,
		"-t ext4 -b 1024 -N 4096 -O bigalloc -C 4096":      2 * 1024,
	} {
		m := usual(t).format(100<<20, options)
		image := m.bytes()
		_, before := walked(t, image)
		for _, damage := range []func(b []byte){
			func(b []byte) { clear(b) },
			func(b []byte) { put32(b, 0, 0xFFFFFFFF) }, // the block bitmap
			func(b []byte) { put32(b, 4, 0xFFFFFFFF) },
			func(b []byte) { put32(b, 8, 0xFFFFFFFF) },
		} {
			image := bytes.Clone(image)
			damage(image[at : at+1024])
			f, after := walked(t, image)
			if len(before) != len(after) || !strings.Contains(fmt.Sprint(f.Warnings()), "a descriptor of block groups is damaged; its backup is used") {
				t.Errorf("%s: %d entries of %d, warnings %q", options, len(after), len(before), f.Warnings())
			}
		}
	}
}

// TestLostStart has another file system written over the first megabytes: what
// lies behind them is told by inodes, and below the directories that are left.
func TestLostStart(t *testing.T) {
	f := newTree(t)
	for i := range 300 {
		f.add(fmt.Sprintf("/d%d/sub/file", i), noise(fmt.Sprint(i), 3000))
	}
	m := f.format(64<<20, "-t ext4 -b 1024 -N 4096 -O ^flex_bg")

	image := m.bytes()
	_, before := walked(t, image)
	clear(image[:6<<20])
	fs, found := walked(t, image)
	journal := fsys.Orphans + "journal"
	if was := before[journal]; len(was.Data) == 0 || !slices.Equal(was.Data, found[journal].Data) || was.Size != found[journal].Size {
		t.Errorf("the journal was %+v, and is %+v", was, found[journal])
	}
	for path, e := range found {
		if e.Journal != (path == journal) || before[path].Journal != e.Journal {
			t.Errorf("%s is the journal: %v, %v", path, before[path].Journal, e.Journal)
		}
	}
	if w := fmt.Sprint(fs.Warnings()); !strings.Contains(w, "the root directory is lost") || !strings.Contains(w, "the journal's inode is lost; its copy") {
		t.Errorf("warnings %q", fs.Warnings())
	}
	kept := 0
	for path, e := range found {
		if strings.HasSuffix(path, "/sub/file") && strings.HasPrefix(path, fsys.Orphans+"inode-") && !e.Deleted && len(e.Data) > 0 {
			kept++
		}
	}
	if kept == 0 {
		t.Errorf("nothing is left of %d entries", len(found))
	}
}

// TestFormatters reads what mke2fs writes with all kinds of options.
func TestFormatters(t *testing.T) {
	for _, options := range []string{
		"-t ext2 -r 0 -b 1024 -I 128", "-t ext2 -b 1024 -I 128", "-t ext2 -b 4096 -I 1024", "-t ext3 -b 1024 -g 256", "-t ext4 -b 1024 -I 512",
		"-t ext4 -b 16384", "-t ext4 -b 32768 -O 64bit", "-t ext4 -O bigalloc -C 65536", "-t ext4 -O orphan_file", "-t ext4 -O ea_inode,casefold",
		"-t ext4 -O sparse_super2 -E num_backup_sb=2", "-t ext4 -O ^flex_bg,^resize_inode,meta_bg,64bit", "-t ext4 -b 1024 -O ^flex_bg,^resize_inode,meta_bg,64bit", "-t ext4 -O dir_nlink,huge_file,^dir_index",
	} {
		m := usual(t).format(200<<20, options)
		r, err := os.Open(m.path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		f, err := Open(r, 0, 200<<20)
		if err != nil {
			t.Fatalf("%s: %v", options, err)
		}
		files := 0
		for _, e := range fsystest.Walk(t, f, 0, 200<<20) {
			if _, ok := m.files[e.Path]; ok && !e.Incomplete && e.Size == int64(len(m.files[e.Path])) {
				files++
			}
		}
		if files != len(m.files) || len(f.Warnings()) > 0 {
			t.Errorf("%s: %d files of %d, warnings %q", options, files, len(m.files), f.Warnings())
		}
	}
}

// TestPublicImages reads images that others made to test such programs.
func TestPublicImages(t *testing.T) {
	for _, c := range []struct {
		name  string
		kind  string
		paths []string // what must be told
		warns string
	}{
		{"f_baddir.img", "ext2", []string{"/lost+found", "/test/root", "/test/badino", "/foo\uFFFDbar", "/zero"}, "inode 123456: a name leads to it"},
		{"f_badinode.img", "ext2", []string{"/timings", "/block_dev", "/test-symlink"}, "inode 16: not all of its content"},
		{
			"d_inline_dump.img", "ext4",
			[]string{"/file", "/link", "/dir/xxxxxxxxxxxxxxxxxxxx", "/dir/zzzzzzzzzzzzzzzzzzzz", "/shortfile", "/shortlink", "/longdir", "/shortdir"},
			"",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			image, err := os.ReadFile(testtool.PublicImage(t, c.name))
			if err != nil {
				t.Fatal(err)
			}
			f, found := walked(t, image)
			for _, path := range c.paths {
				if _, ok := found[path]; !ok {
					t.Errorf("%q is not told", path)
				}
			}
			if f.Type() != c.kind || !strings.Contains(fmt.Sprint(f.Warnings()), c.warns) || c.warns == "" && len(f.Warnings()) > 0 {
				t.Errorf("%s, warnings %q", f.Type(), f.Warnings())
			}
		})
	}
}
