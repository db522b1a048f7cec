package ext

import (
	"strconv"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fsys"
)

// ownFile tells of a file of the file system's own.
func (w *walker) ownFile(own ownFile) error {
	if own.inode == 0 || w.named.Has(own.inode) {
		return nil
	}
	n, ok := w.inode(own.inode)
	record := w.recordOf(n)
	if lost := !ok || !n.filled(); lost && own.name == journalName && w.f.super.journal != nil {
		n, record = w.savedJournal(own.inode)
	} else if lost {
		w.f.notes.Add("inode %d, of the file system's own, is lost", own.inode)
		return nil
	}
	w.named.Add(own.inode)
	return w.file(&directory{}, fsys.Entry{Path: fsys.Orphans + own.name, Record: record, Journal: own.name == journalName}, n)
}

// savedJournal is the journal's inode as the superblock's copy has it, and where
// that stands.
func (w *walker) savedJournal(number uint32) (inode, block.Extent) {
	s := &w.f.super
	w.f.notes.Add("the journal's inode is lost; its copy in the superblock is used")
	at := int64(superOffset)
	if s.group > 0 {
		at = int64(s.groupStart(uint64(s.group))) * s.blockBytes
	}
	record := block.Extent{Offset: w.f.start + at + journalOffset, Length: journalBytes}
	n := inode{number: number, at: record.Offset, raw: make([]byte, s.inodeBytes), mode: modeRegular}
	copy(n.raw[mapOffset:], s.journal[:mapBytes])
	n.size = uint64(le32(s.journal, 64)) | uint64(le32(s.journal, 60))<<32
	if le16(s.journal, 0) == treeMagic {
		n.flags = flagExtents
	}
	return n, record
}

func (w *walker) recordOf(n inode) block.Extent {
	return block.Extent{Offset: n.at, Length: w.f.super.inodeBytes}
}

// nameless tells of the inodes that hold something and that no directory names.
func (w *walker) nameless() error {
	surveyed := false
	return w.inodes(func(n inode) error {
		lost := w.lost(n)
		if lost && !surveyed && n.flags&flagEAInode == 0 { // for below one that is lost there may be more
			surveyed = true
			if err := w.surveyLost(); err != nil {
				return err
			}
		}
		if w.named.Has(n.number) || w.told.Has(n.number) {
			return nil
		}
		to := fsys.Entry{Path: fsys.Orphans + "inode-" + strconv.FormatUint(uint64(n.number), 10), Record: w.recordOf(n)}
		if lost {
			return w.file(&directory{}, to, n)
		}
		if c := w.content(n, !w.inodeUsed(n.number)); len(c.data) == 0 {
			return nil
		}
		return w.remains(&directory{}, to, n)
	})
}

// lost reports whether an inode is in use, and no directory names it.
func (w *walker) lost(n inode) bool {
	return !n.gone() && !w.named.Has(n.number) && w.inodeUsed(n.number)
}

// surveyLost notes what the directories name that are in use and lost, so that
// only the topmost of them remain without a name.
func (w *walker) surveyLost() error {
	w.f.notes.Add("there are inodes in use that no directory names")
	return w.inodes(func(n inode) error {
		if !n.dir() || !w.lost(n) {
			return nil
		}
		return w.survey(&directory{inode: n, data: w.content(n, false).data})
	})
}
