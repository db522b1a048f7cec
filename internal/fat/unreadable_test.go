package fat

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// TestUnreadable has bad sectors in each structure. What cannot be read is
// reported, and is not taken for empty.
func TestUnreadable(t *testing.T) {
	build := func() *volume {
		v := newVolume(t, shape{kind: FAT16})
		for i := range 32 {
			v.put(0, i, entry(fmt.Sprintf("F%d", i), 0, uint32(300+i), 1)).chain(uint32(300 + i))
		}
		return v
	}
	open := func(v *volume, from, to int64) *FS {
		return openBytes(t, testtool.Failing(bytes.NewReader(v.bytes), from, to), int64(len(v.bytes)))
	}
	t.Run("one copy of the table", func(t *testing.T) {
		v := build()
		f := open(v, v.boot.TableOffset+512, v.boot.TableOffset+1024)
		if f.ClusterFree(300) || !f.ClusterFree(299) {
			t.Error("the other copy was not used")
		}
		if got := f.Unreadable(); !slices.Equal(got, block.Extents{{Offset: v.boot.TableOffset + 512, Length: 512}}) {
			t.Errorf("unreadable %v", got)
		}
	})
	t.Run("the only copy of the table", func(t *testing.T) {
		v := newVolume(t, shape{kind: FAT16, copies: 1})
		v.put(0, 0, entry("F", 0, 300, 600)).chain(300, 301)
		f := open(v, v.boot.TableOffset+512, v.boot.TableOffset+1024)
		if f.ClusterFree(299) || f.ClusterFree(300) || !f.ClusterFree(600) {
			t.Error("an entry that cannot be read counts as free")
		}
		if got := marks(walk(t, f)); !slices.Equal(got, []string{"/F incomplete"}) {
			t.Errorf("entries %q", got)
		}
	})
	t.Run("a directory", func(t *testing.T) {
		v := build()
		f := open(v, v.boot.RootOffset, v.boot.RootOffset+512)
		if got := walk(t, f); len(got) != 16 || got[0].Path != "/F16" {
			t.Errorf("entries %q", marks(got))
		}
		if len(f.Warnings()) != 1 || f.Unreadable().Bytes() != 512 {
			t.Errorf("warnings %q, unreadable %v", f.Warnings(), f.Unreadable())
		}
	})
	t.Run("everything", func(t *testing.T) {
		v := build()
		if _, err := Open(testtool.Failing(bytes.NewReader(v.bytes), 0, 1<<40), 0, int64(len(v.bytes))); !errors.Is(err, testtool.ErrMedium) {
			t.Errorf("error %v", err)
		}
	})
}
