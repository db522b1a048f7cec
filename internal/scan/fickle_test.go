package scan

import (
	"context"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// fickle tells fewer entries with each walk, as a drive does that fails under way.
type fickle struct {
	fsys.FS
	entries []fsys.Entry
}

func (f *fickle) Label(context.Context) string { return "" }

func (f *fickle) Walk(_ context.Context, visit func(fsys.Entry) error) error {
	for _, e := range f.entries {
		if err := visit(e); err != nil {
			return err
		}
	}
	f.entries = f.entries[1:]
	return nil
}

// TestSecondWalk gives no file the name of another when a drive fails between the
// walk that tells where files lie and the one that tells their names.
func TestSecondWalk(t *testing.T) {
	file := func(path string, at int64) fsys.Entry {
		data := block.Extent{Offset: at, Length: 512}
		return fsys.Entry{Path: path, Size: 512, Record: data, Data: []block.Extent{data}}
	}
	x := catalog{
		set: builtinRuleset(), files: newFileIndex(), limits: limits{},
		volumes: []volume{{fs: &fickle{entries: []fsys.Entry{file("/a", 1024), file("/b", 2048)}}}},
	}
	if err := x.read(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	names, err := x.entriesOf(context.Background(), map[int32]bool{0: true, 1: true})
	if err != nil || len(names) != 0 {
		t.Errorf("%+v, %v", names, err)
	}
}
