package scan

import (
	"encoding/binary"
	"io"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/panoscrub/panoscrub/internal/fsys"
)

// bins puts together what the bins of Windows and of Linux desktops keep in two
// files: what was thrown away, under another name, and where it was before.
type bins struct {
	drive io.ReaderAt
	notes map[string]string // where a thing was, by the path of the thing in the bin
	kept  map[string]entry  // the things, by their path
}

// maxBinned bounds what is remembered of the bins of one volume.
const maxBinned = 4096

func newBins(drive io.ReaderAt) bins {
	return bins{drive: drive, notes: map[string]string{}, kept: map[string]entry{}}
}

// Names in the bins: $I and $R and six characters, with the extension of the old
// name ("Recycle Bin" since Windows Vista); info/NAME.trashinfo and files/NAME
// (freedesktop.org Trash specification 1.0).
var (
	windowsBin = regexp.MustCompile(`(?i)^(/\$RECYCLE\.BIN/[^/]+/)\$([IR])([^/]+)$`)
	linuxBin   = regexp.MustCompile(`^(/\.Trash(?:-\d+|/\d+)/)(?:(info)/([^/]+)\.trashinfo|(files)/([^/]+))$`)
)

func (b *bins) take(e fsys.Entry, file int32) {
	if e.Dir || len(b.kept) > maxBinned || len(b.notes) > maxBinned || !strings.HasPrefix(e.Path, "/$") && !strings.HasPrefix(e.Path, "/.T") {
		return
	}
	if m := windowsBin.FindStringSubmatch(e.Path); m != nil {
		thing := m[1] + "$R" + m[3]
		if m[2] == "R" || m[2] == "r" {
			b.kept[thing] = entryOf(e, file)
		} else if was := windowsNote(b.read(e)); was != "" {
			b.notes[thing] = was
		}
		return
	}
	if m := linuxBin.FindStringSubmatch(e.Path); m != nil && m[2] != "" {
		if was := linuxNote(b.read(e)); was != "" {
			b.notes[m[1]+"files/"+m[3]] = was
		}
	} else if m != nil {
		b.kept[e.Path] = entryOf(e, file)
	}
}

// maxNote is how much of a note is read: Windows has paths of 260 characters.
const maxNote = 4096

// read returns the start of a file's content.
func (b *bins) read(e fsys.Entry) []byte {
	if e.Content != nil {
		return e.Content(maxNote)
	}
	left := int64(maxNote)
	var content []byte
	for _, x := range e.Data {
		piece := make([]byte, min(x.Length, left))
		if n, _ := b.drive.ReadAt(piece, x.Offset); n < len(piece) {
			return content
		}
		content = append(content, piece...)
		left -= int64(len(piece))
	}
	return content
}

// windowsNote returns the path in a $I file: version, size and time in 24 bytes;
// then, in version 2, the number of characters, and the path in UTF-16.
func windowsNote(b []byte) string {
	if len(b) < 28 {
		return ""
	}
	text := b[24:]
	if binary.LittleEndian.Uint64(b) == 2 {
		text = text[4:]
	}
	var units []uint16
	for ; len(text) >= 2; text = text[2:] {
		unit := binary.LittleEndian.Uint16(text)
		if unit == 0 {
			break
		}
		units = append(units, unit)
	}
	return strings.ReplaceAll(string(utf16.Decode(units)), `\`, "/")
}

// linuxNote returns the path in a .trashinfo file.
func linuxNote(b []byte) string {
	for line := range strings.Lines(string(b)) {
		if coded, ok := strings.CutPrefix(strings.TrimSpace(line), "Path="); ok {
			if was, err := url.PathUnescape(coded); err == nil {
				return was
			}
		}
	}
	return ""
}

// pairs returns the things whose note tells another name than they have now, the
// one in front in the bin's own order first.
func (b *bins) pairs() (list []entry) {
	for _, thing := range slices.Sorted(maps.Keys(b.kept)) {
		e := b.kept[thing]
		was, ok := b.notes[thing]
		if !ok || path.Base(was) == path.Base(thing) {
			continue
		}
		e.original = "/" + path.Base(was)
		list = append(list, e)
	}
	return list
}
