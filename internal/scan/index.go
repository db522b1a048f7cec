package scan

import (
	"cmp"
	"io"
	"slices"
	"sort"

	"github.com/panoscrub/panoscrub/internal/block"
)

// fileIndex tells which file owns a byte of the drive. It knows files by the
// order in which they were added, and keeps no names: a drive may hold millions
// of files, and few of them matter.
type fileIndex struct {
	spans []span // those of a file stand together, in its order
	files []fileSpans
	// Numbers of spans by their offset. Live files do not share bytes, unless
	// the file system is damaged; deleted ones may.
	live, deleted []int32
	full          bool
}

// span is a run of bytes of a file. Position counts from the start of the file.
type span struct {
	offset, length, pos int64
	file                int32
}

type fileSpans struct {
	first, count int32
	deleted      bool
}

// maxSpans bounds the index to some 13 MB. Drives for provisioning are far from
// holding as many pieces of files.
const maxSpans = 1 << 18

// newFileIndex takes all the memory at once, of which the system hands out what
// is used: growing step by step would leave twice as much behind.
func newFileIndex() fileIndex {
	return fileIndex{spans: make([]span, 0, maxSpans), files: make([]fileSpans, 0, maxSpans)}
}

// add appends a file with data, and returns its number. Once a file has found no
// room it returns noFile, for that one and for all that follow.
func (x *fileIndex) add(extents []block.Extent, deleted bool) int32 {
	if x.full || len(x.spans)+len(extents) > maxSpans {
		x.full = true
		return noFile
	}
	number := int32(len(x.files))
	x.files = append(x.files, fileSpans{int32(len(x.spans)), int32(len(extents)), deleted})
	var pos int64
	for _, e := range extents {
		x.spans = append(x.spans, span{e.Offset, e.Length, pos, number})
		pos += e.Length
	}
	return number
}

// build sorts the index; find answers only afterwards.
func (x *fileIndex) build() {
	deleted := 0
	for _, f := range x.files {
		if f.deleted {
			deleted += int(f.count)
		}
	}
	x.live, x.deleted = make([]int32, 0, len(x.spans)-deleted), make([]int32, 0, deleted)
	for i, s := range x.spans {
		if x.files[s.file].deleted {
			x.deleted = append(x.deleted, int32(i))
		} else {
			x.live = append(x.live, int32(i))
		}
	}
	for _, order := range [][]int32{x.live, x.deleted} {
		slices.SortFunc(order, func(a, b int32) int {
			return cmp.Or(cmp.Compare(x.spans[a].offset, x.spans[b].offset), cmp.Compare(a, b))
		})
	}
}

// find returns the span that holds the byte at off: that of a live file if there
// is one, else that of the deleted file that starts nearest before it.
func (x *fileIndex) find(off int64) (span, bool) {
	for _, order := range [][]int32{x.live, x.deleted} {
		if s, ok := x.findIn(order, off); ok {
			return s, true
		}
	}
	return span{}, false
}

// maxOverlap is how many spans that start before a byte are tried. Only deleted
// files that were one after the other in the same clusters make it count.
const maxOverlap = 64

func (x *fileIndex) findIn(order []int32, off int64) (span, bool) {
	after := sort.Search(len(order), func(i int) bool { return x.spans[order[i]].offset > off })
	for i := after - 1; i >= 0 && i >= after-maxOverlap; i-- {
		if s := x.spans[order[i]]; off < s.offset+s.length {
			return s, true
		}
	}
	return span{}, false
}

// position is where in a file the byte at off is, 0 when it is not in it.
func (x *fileIndex) position(file int32, off int64) int64 {
	if s, ok := x.find(off); ok && s.file == file {
		return s.pos + off - s.offset
	}
	return 0
}

// extents is where the bytes of what was seen lie.
func (x *fileIndex) extents(s sighting) (list block.Extents) {
	if s.file == noFile || s.pos == s.offset { // the bytes side by side
		return block.Extents{{Offset: s.offset, Length: s.length}}
	}
	spans := x.of(s.file)
	for i := (stream{spans: spans}).at(s.pos); i < len(spans) && spans[i].pos < s.pos+s.length; i++ {
		in := spans[i]
		start, end := max(in.pos, s.pos), min(in.pos+in.length, s.pos+s.length)
		list.Add(block.Extent{Offset: in.offset + start - in.pos, Length: end - start})
	}
	return list
}

// of returns the spans of one file.
func (x *fileIndex) of(file int32) []span {
	f := x.files[file]
	return x.spans[f.first : f.first+f.count]
}

// begins reports whether the file with the given number begins at offset off.
func (x *fileIndex) begins(file int32, off int64) bool {
	return int(file) < len(x.files) && x.of(file)[0].offset == off
}

// size is how many bytes of a file are on the drive.
func (x *fileIndex) size(file int32) int64 { return stream{spans: x.of(file)}.size() }

// view reads a file as one.
func (x *fileIndex) view(drive io.ReaderAt, file int32) *view {
	s := stream{drive, x.of(file)}
	return &view{file: file, r: s, size: s.size(), locate: s.locate}
}
