package session_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
)

// passed: after a PASS no byte of the old content can be reached, and outside the
// file system's own structures every byte is what the last pass wrote.
func (o *oracle) passed() {
	if o.Verdict != attest.Pass {
		return
	}
	o.pure("shown", o.shown)
	said := strings.Contains(strings.Join(o.Exclusions, "\n"), "may have answered in part")
	if lied := o.lies.SyncLies && said; !lied {
		o.pure("on the medium", o.stick.Peek(0, int(o.size)))
		if at := o.remains(o.stick.Peek(0, int(o.size))); at >= 0 {
			o.want(false, "old content is on the medium at byte %d", at)
		}
	}
	if at := o.remains(o.shown); at >= 0 {
		o.want(false, "old content is shown at byte %d", at)
	}
}

// remains is where old content stands in what was read, -1 for nowhere.
func (w *world) remains(got []byte) int {
	for i, old := range w.isOld {
		if old && bytes.Equal(got[i*cell:(i+1)*cell], w.old[i*cell:(i+1)*cell]) {
			return i * cell
		}
	}
	return -1
}

// alike reports whether the stick has less memory than it announces, and passed because
// all was overwritten alike, which is said. Its format then stands in other places too.
func (o *oracle) alike() bool {
	return o.lies.RealSize > 0 && strings.Contains(strings.Join(o.Exclusions, "\n"), "does not show that the drive has the room")
}

// pure wants the last pass everywhere but where the format is.
func (o *oracle) pure(where string, got []byte) {
	if o.alike() {
		return
	}
	meta, err := o.structures(got)
	if err != nil {
		o.want(false, "%s: %v", where, err)
	}
	if at := differs(got, o.passes[len(o.passes)-1], meta); at >= 0 {
		o.want(false, "%s at byte %d there is not what the last pass wrote", where, at)
	}
}

// differs is where two contents differ outside of some places, -1 for nowhere.
func differs(a, b []byte, except block.Extents) int {
	from := 0
	for _, e := range append(slices.Clone(except), block.Extent{Offset: int64(len(a))}) {
		to := int(e.Offset)
		if !bytes.Equal(a[from:to], b[from:to]) {
			for ; a[from] == b[from]; from++ {
			}
			return from
		}
		from = int(e.End())
	}
	return -1
}

// structures are where the partition table and the file system stand, by what is
// there: FAT12 or FAT16, since the stick is small.
func (o *oracle) structures(got []byte) (block.Extents, error) {
	f := o.Format
	if f == nil {
		return nil, nil
	}
	boot := got[f.StartBytes:]
	short := func(at int) int64 { return int64(binary.LittleEndian.Uint16(boot[at:])) }
	sectors := short(14) + int64(boot[16])*short(22) + (short(17)*32+short(11)-1)/max(1, short(11))
	meta := block.Extents{{Offset: 0, Length: int64(o.sector)}, {Offset: f.StartBytes, Length: sectors * short(11)}}
	if binary.LittleEndian.Uint16(got[510:]) != 0xAA55 || sectors < 3 || sectors > 200 {
		return nil, errors.New("there is no file system where one was made")
	}
	return meta, nil
}
